/** Provides a client to the hooks. The application's own QueryClientProvider must be around it. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactElement, type ReactNode, useContext, useEffect, useMemo, useRef } from "react";
import type { Client } from "../client.js";
import { UnstuckError } from "../errors.js";
import { type OnEnded, watchEnds } from "./endings.js";
import { keys } from "./keys.js";
import { waitsForToken } from "./looking.js";

interface Provided {
  client: Client;
  /** Ends the submits that were made below this provider when it unmounts. */
  submitSignal: () => AbortSignal;
}

const ClientContext = createContext<Provided | undefined>(undefined);

export interface UnstuckProviderProps {
  /** Create it once, outside rendering: one for each signed-in user. */
  client: Client;
  /**
   * Called once for each generation whose end is seen: for all kinds, or by kind. Usage and cards refresh
   * automatically.
   */
  onEnded?: OnEnded | undefined;
  children?: ReactNode;
}

/** Must be within a QueryClientProvider. Give it a `key` and a QueryClient for each user: docs/clients.md shows how. */
export function UnstuckProvider({ client, onEnded, children }: UnstuckProviderProps): ReactElement {
  const queries = useQueryClient();
  const submits = useRef<AbortController>(undefined);
  const heard = useRef(onEnded);
  const provided = useMemo(() => {
    const submitSignal = (): AbortSignal => {
      submits.current ??= new AbortController();
      return submits.current.signal;
    };
    return { client, submitSignal };
  }, [client]);
  useEffect(() => {
    heard.current = onEnded;
  }, [onEnded]);
  useEffect(() => watchEnds(queries, () => heard.current), [queries]);
  useEffect(() => {
    const again = (): void =>
      void queries.refetchQueries({ queryKey: keys.all, type: "active", predicate: waitsForToken });
    again(); // a value that the previous client could not read
    const unsubscribe = client.onToken(again);
    return () => {
      unsubscribe();
      submits.current?.abort(
        new UnstuckError({ code: "closed", message: "It was not resent, because its page was closed." }),
      );
      submits.current = undefined;
    };
  }, [queries, client]);
  return <ClientContext.Provider value={provided}>{children}</ClientContext.Provider>;
}

/** The client of the surrounding UnstuckProvider. */
export function useUnstuck(): Client {
  return useProvided().client;
}

export function useProvided(): Provided {
  const provided = useContext(ClientContext);
  if (provided === undefined) throw new Error("UnstuckProvider is missing around this component");
  return provided;
}
