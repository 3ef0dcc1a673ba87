/** The running API that the environment of these tests names; `tests/e2e/test_typescript_client.py` sets it. */
import { readFileSync } from "node:fs";
import { type Client, type ClientOptions, createClient } from "../../src/index.js";

export const URL = given("UNSTUCK_URL");
export const TOKEN = given("UNSTUCK_TOKEN");
/** Another user's. */
export const OTHER_TOKEN = given("UNSTUCK_OTHER_TOKEN");
export const EXPIRED_TOKEN = given("UNSTUCK_EXPIRED_TOKEN");

const TEXT = readFileSync(new globalThis.URL("../../../../examples/biology.txt", import.meta.url), "utf8");

export function connect(options: Partial<ClientOptions> = {}): Client {
  return createClient({ baseUrl: URL, token: TOKEN, ...options });
}

/** A text with a unique mark: the model server distinguishes conversations by their text. */
export function ownText(): string {
  return `${TEXT}\n(Copy ${crypto.randomUUID()}.)`;
}

/** A label that no other test uses. */
export function ownSession(): string {
  return `ts-${crypto.randomUUID()}`;
}

/** The client's fetch, which records each request and the status of its answer. */
export function listening(): { fetch: (request: Request) => Promise<Response>; statuses: number[]; paths: string[] } {
  const statuses: number[] = [];
  const paths: string[] = [];
  const listen = async (request: Request): Promise<Response> => {
    const answer = await fetch(request);
    statuses.push(answer.status);
    paths.push(new globalThis.URL(request.url).pathname);
    return answer;
  };
  return { fetch: listen, statuses, paths };
}

function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing: run tests/e2e/test_typescript_client.py`);
  return value;
}
