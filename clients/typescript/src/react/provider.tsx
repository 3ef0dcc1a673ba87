/** Puts a client within the hooks' reach. The QueryClient is the application's own and must be around it. */
import { createContext, type ReactElement, type ReactNode, useContext } from "react";
import type { Client } from "../client.js";

const ClientContext = createContext<Client | undefined>(undefined);

export interface UnstuckProviderProps {
  /** Made once, outside of rendering: one for each signed-in user. */
  client: Client;
  children?: ReactNode;
}

/** Must be within a QueryClientProvider. Clear the QueryClient when another user signs in. */
export function UnstuckProvider({ client, children }: UnstuckProviderProps): ReactElement {
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>;
}

/** The client of the UnstuckProvider around this. */
export function useUnstuck(): Client {
  const client = useContext(ClientContext);
  if (client === undefined) throw new Error("UnstuckProvider is missing around this component");
  return client;
}
