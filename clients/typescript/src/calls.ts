/**
 * Makes the requests that the OpenAPI document names, with its types, and reads whole answers. Handles no token and
 * checks nothing.
 */
import type { paths } from "./schema.js";

export type Verb = "get" | "post" | "patch" | "delete";
type Part<Whole, Name extends PropertyKey> = Name extends keyof Whole ? NonNullable<Whole[Name]> : never;
type Json<Whole> = Part<Part<Whole, "content">, "application/json">;
type Operation<P extends keyof paths, V extends Verb> = Part<paths[P], V>;
type Parameters<P extends keyof paths, V extends Verb> = Part<Operation<P, V>, "parameters">;

/** The parts of a call other than its path, as in the document. */
export interface Asked<P extends keyof paths, V extends Verb> {
  path?: Part<Parameters<P, V>, "path">;
  query?: Part<Parameters<P, V>, "query">;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: Json<Part<Operation<P, V>, "requestBody">>;
  signal?: AbortSignal | undefined;
}

/** An unchecked answer. `data` is its JSON, undefined if it is empty, and a text if it is not JSON. */
export interface Answer<Data> {
  response: Response;
  data: Data;
}

export type DataOf<P extends keyof paths, V extends Verb> = Json<Part<Part<Operation<P, V>, "responses">, 200 | 202>>;

/** Send one request with `send`, and read its answer, whatever its status. */
export async function call<P extends keyof paths, V extends Verb>(
  send: (request: Request) => Promise<Response>,
  baseUrl: string,
  verb: V,
  path: P,
  { path: names, query, headers, body, signal }: Asked<P, V>,
): Promise<Answer<DataOf<P, V>>> {
  const place = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(names?.[name as never])));
  const asked = Object.entries(query ?? {})
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join("&");
  const type = body === undefined ? undefined : { "content-type": "application/json" };
  const request = new Request(baseUrl + place + (asked && `?${asked}`), {
    method: verb.toUpperCase(),
    headers: { ...type, ...headers },
    body: JSON.stringify(body) ?? null,
    signal: signal ?? null,
  });
  const response = await send(request);
  return { response, data: (response.status === 204 ? undefined : read(await response.text())) as DataOf<P, V> };
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
