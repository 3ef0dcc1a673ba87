// Everything that all screens can use besides their data: the configuration, the user and the sign-out.

import { createContext, useContext } from "react";
import type { Config } from "./config";
import type { Local } from "./local";

export interface SettingsValue {
  config: Config;
  local: Local | null;
  user: string;
  /** Also forgets the user's input. */
  signOut: () => void;
  /** For a refused token: keeps the input for when the user returns. */
  signInAgain: () => void;
}

const Context = createContext<SettingsValue | null>(null);

export const Settings = Context.Provider;

export function useSettings(): SettingsValue {
  const settings = useContext(Context);
  if (settings === null) throw new Error("there are no settings around this component");
  return settings;
}
