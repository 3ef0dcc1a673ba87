/** Sends a request with the caller's token, within a time limit, and once more with a new token after a 401. */
import { UnstuckError } from "./errors.js";

/** A token, or what gets one; it is told `renew: true` when the last one was refused, and should then get another. */
export type TokenSource = string | ((asked: { renew: boolean }) => string | Promise<string>);

export type Fetch = (request: Request) => Promise<Response>;

export interface TransportOptions {
  token?: TokenSource | undefined;
  fetch?: Fetch | undefined;
  timeoutSeconds?: number | undefined;
}

const DEFAULT_TIMEOUT_SECONDS = 35; // API Gateway itself gives up after 30.

/** Where a client's requests pass through. */
export class Transport {
  readonly #token: TokenSource | undefined;
  readonly #fetch: Fetch;
  readonly #timeoutSeconds: number;
  #serverAheadMs: number | undefined;

  constructor(options: TransportOptions) {
    this.#token = options.token;
    this.#fetch = options.fetch ?? ((request) => globalThis.fetch(request));
    this.#timeoutSeconds = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  }

  /** Now by the server's clock, in milliseconds, as well as its last answer's Date tells; else by this machine's. */
  now(): number {
    return Date.now() + (this.#serverAheadMs ?? 0);
  }

  /** Send, and return the answer whatever its status. Throws UnstuckError, or the signal's reason when aborted. */
  readonly send = async (request: Request): Promise<Response> => {
    const again = typeof this.#token === "function" ? request.clone() : undefined;
    const answer = await this.#once(request, false);
    if (answer.status !== 401 || again === undefined) return answer;
    await answer.body?.cancel();
    return this.#once(again, true);
  };

  /** The same without a token, for what takes none. */
  readonly sendBare = (request: Request): Promise<Response> => this.#timed(request);

  async #once(request: Request, renew: boolean): Promise<Response> {
    const token = await this.#tokenFor(renew);
    if (token !== undefined) request.headers.set("authorization", `Bearer ${token}`);
    return this.#timed(request);
  }

  async #timed(request: Request): Promise<Response> {
    const limit = new AbortController();
    const outer = request.signal;
    const stop = (): void => limit.abort(outer.reason);
    if (outer.aborted) stop();
    outer.addEventListener("abort", stop);
    const timer = setTimeout(
      () => limit.abort(new UnstuckError({ code: "timeout", message: "No answer in time." })),
      this.#timeoutSeconds * 1000,
    );
    try {
      // Whether or not what was given as `fetch` heeds the signal.
      return await Promise.race([
        this.#exchange(new Request(request, { signal: limit.signal })),
        rejection(limit.signal),
      ]);
    } catch (cause) {
      if (limit.signal.aborted) throw limit.signal.reason;
      throw new UnstuckError({ code: "network_error", message: "No answer from the server.", cause });
    } finally {
      clearTimeout(timer);
      outer.removeEventListener("abort", stop);
    }
  }

  /** Fetch, and read the whole body, so that the time limit covers it. */
  async #exchange(request: Request): Promise<Response> {
    const answer = await this.#fetch(request);
    const { status, statusText, headers } = answer;
    const body = bodiless(status) ? null : await answer.arrayBuffer();
    this.#learnTime(headers);
    return new Response(body, { status, statusText, headers });
  }

  async #tokenFor(renew: boolean): Promise<string | undefined> {
    if (typeof this.#token !== "function") return this.#token;
    try {
      return await this.#token({ renew });
    } catch (cause) {
      throw new UnstuckError({ code: "token_unavailable", message: "No token could be had.", cause });
    }
  }

  #learnTime(headers: Headers): void {
    const said = Date.parse(headers.get("date") ?? "");
    // What may be kept may come from the browser's cache, and its Date is of then.
    if (Number.isNaN(said) || !/\bno-store\b/.test(headers.get("cache-control") ?? "")) return;
    const ahead = said + 500 - Date.now(); // cut off to whole seconds
    // Below that it is the cutting off and the way here, and no clock that is wrong.
    this.#serverAheadMs = Math.abs(ahead) < 2000 ? 0 : ahead;
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function bodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
