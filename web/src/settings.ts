// What every screen can use besides its data: the configuration, the user and the sign-out.

import { createContext, useContext } from "react";
import type { Config } from "./config";
import type { Local } from "./local";

export interface SettingsValue {
  config: Config;
  local: Local | null;
  user: string;
  /** Forgets what the user has typed, too. */
  signOut: () => void;
  /** For whose token is refused: what was typed is there when they are back. */
  signInAgain: () => void;
}

const Context = createContext<SettingsValue | null>(null);

export const Settings = Context.Provider;

export function useSettings(): SettingsValue {
  const settings = useContext(Context);
  if (settings === null) throw new Error("there are no settings around this component");
  return settings;
}
