/**
 * Forwards the page's calls to Unstuck with the token of the user's server-side session. For any framework whose routes
 * take a standard Request and return a Response. Copy this file into your app; it has no dependency.
 */

/** Get the signed-in user's access token, or null without a session. `renew`: the last one was refused. */
export type TokenOfSession = (asked: { renew: boolean }) => Promise<string | null>;

export interface ProxyOptions {
  /** The API's address, without `/v1`: the stack's output `ApiUrl`. */
  api: string;
  /** Where the route is in your app, such as `/api/unstuck`. */
  mount: string;
}

export type Proxy = (request: Request, tokenOf: TokenOfSession) => Promise<Response>;

// Lists of allowed headers rather than forbidden ones. Above all, neither the cookie nor another header of the page
// passes.
const ASKED = ["content-type", "idempotency-key", "if-none-match"];
const ANSWERED = ["content-type", "etag", "retry-after", "ratelimit", "ratelimit-policy", "idempotency-replayed"];
const METHODS = ["GET", "POST", "PATCH", "DELETE"];
const PATH = /^\/v1(\/[A-Za-z0-9_.-]+)+$/;
const MOST_BYTES = 256 * 1024; // the API takes no more
const TIMEOUT_MS = 32_000; // API Gateway answers within 30 s

export function createProxy({ api, mount }: ProxyOptions): Proxy {
  const base = api.replace(/\/+$/, "");
  return async (request, tokenOf) => {
    const { pathname, search } = new URL(request.url);
    const path = pathname.startsWith(`${mount}/`) ? pathname.slice(mount.length) : "";
    if (!PATH.test(path) || path.includes("/..") || path.includes("/./")) return refusal(404, "Not Found");
    if (!METHODS.includes(request.method)) return refusal(405, "Method Not Allowed");
    // The browser adds the session's cookie to any page's calls: only let the app's own page change something.
    if (request.method !== "GET" && !fromOwnPage(request)) return refusal(403, "Forbidden");
    const body = await bodyOf(request);
    if (body === undefined) return refusal(413, "Request Too Long");

    const send = async (renew: boolean): Promise<Response | null> => {
      const token = await tokenOf({ renew });
      if (!token) return null;
      const headers = new Headers({ authorization: `Bearer ${token}` });
      copy(request.headers, headers, ASKED);
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      return fetch(base + path + search, { method: request.method, headers, body, signal, redirect: "manual" });
    };
    try {
      let answer = await send(false);
      // A refused token means that nothing was done: send the same call again with a new one.
      if (answer && refusedToken(answer)) answer = (await send(true)) ?? answer;
      return answer ? await passedOn(answer, mount) : refusal(401, "Unauthorized");
    } catch (error) {
      const late = error instanceof Error && error.name === "TimeoutError";
      return late ? refusal(504, "No answer in time") : refusal(502, "No answer");
    }
  };
}

/**
 * Browsers set Sec-Fetch-Site, and no page can change it. Those before 2023 send Origin with calls that may change
 * something.
 */
function fromOwnPage({ headers, url }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  return site ? site === "same-origin" : headers.get("origin") === new URL(url).origin;
}

/** The body, null if there is none, undefined if it is too long. Read whole, because it may be sent twice. */
async function bodyOf(request: Request): Promise<Blob | null | undefined> {
  if (request.method === "GET" || !request.body) return null;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = request.body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    length += read.value.byteLength;
    if (length > MOST_BYTES) return void reader.cancel().catch(() => undefined);
    parts.push(read.value);
  }
  return new Blob(parts);
}

/** API Gateway refuses a token with 401 or 403 in its own form; a function of Unstuck with 401 and a problem. */
function refusedToken({ status, headers }: Response): boolean {
  const problem = headers.get("content-type")?.startsWith("application/problem+json") ?? false;
  return status === 401 || (status === 403 && !problem);
}

async function passedOn(answer: Response, mount: string): Promise<Response> {
  // No cache in front of the app may keep one user's answer for another.
  const headers = new Headers({ "cache-control": "private, no-store", vary: "cookie" });
  copy(answer.headers, headers, ANSWERED);
  const location = answer.headers.get("location");
  if (location?.startsWith("/")) headers.set("location", mount + location);
  const empty = answer.status === 204 || answer.status === 304;
  return new Response(empty ? null : await answer.arrayBuffer(), { status: answer.status, headers });
}

function copy(from: Headers, to: Headers, names: string[]): void {
  for (const name of names) {
    const value = from.get(name);
    if (value !== null) to.set(name, value);
  }
}

/** An answer in API Gateway's form, which the clients know. */
function refusal(status: number, message: string): Response {
  return Response.json({ message }, { status, headers: { "cache-control": "no-store" } });
}
