// Reads config.json, which stands beside the page and says where its service is. Nothing else is configured.

export interface Config {
  apiUrl: string;
  /** Where faults and tokens for any user are to be had: on a local stack alone. */
  faultsUrl: string | null;
}

/** Throws an Error that says what is wrong with the file. */
export async function loadConfig(): Promise<Config> {
  const answer = await fetch("./config.json", { cache: "no-store" });
  if (!answer.ok) throw new Error(`config.json is not there (HTTP ${answer.status}).`);
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
