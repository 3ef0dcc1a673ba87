// Reads config.json, which is next to the page and has the service's address. Nothing else is configured.

export interface Config {
  apiUrl: string;
  /** The address of faults and of tokens for any user. Only on a local stack. */
  faultsUrl: string | null;
}

/** Throws an Error that says what is wrong with the file. */
export async function loadConfig(): Promise<Config> {
  const answer = await fetch("./config.json", { cache: "no-store" });
  if (!answer.ok) throw new Error(`config.json is missing (HTTP ${answer.status}).`);
  return readConfig(await answer.json());
}

export function readConfig(found: unknown): Config {
  const given = asRecord(found);
  if (typeof given.apiUrl !== "string") throw new Error("config.json has no apiUrl.");
  const local = asRecord(given.local);
  return {
    apiUrl: given.apiUrl,
    faultsUrl: typeof local.faults === "string" ? local.faults : null,
  };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
