/**
 * Sends a request with the caller's token, within a time limit, and retries it once with a new token after a refusal.
 */
import { UnstuckError } from "./errors.js";
import { timerMs } from "./pacing.js";
import { TokenNews } from "./token-news.js";
import { hasExpired, isSameUser, type Owner, subjectOf, type TokenSource, usable } from "./tokens.js";

export type Fetch = (request: Request) => Promise<Response>;

export interface TransportOptions {
  token?: TokenSource | undefined;
  fetch?: Fetch | undefined;
  /** How long one try may take, including its token; 35 if absent. */
  timeoutSeconds?: number | undefined;
}

const DEFAULT_TIMEOUT_SECONDS = 35; // API Gateway itself gives up after 30.

/** The outcome of one try; `refused` means that another token may succeed. */
interface Tried {
  end: () => Response;
  refused: boolean;
}

/** All of a client's requests go through this. */
export class Transport {
  readonly #token: TokenSource | undefined;
  readonly #fetch: Fetch;
  readonly #timeoutSeconds: number;
  readonly #closed = new AbortController();
  /** Reports when a new token has come after a refused one. */
  readonly news: TokenNews;
  #serverAheadMs: number | undefined;
  #subject: string | undefined;
  /** Called when the token belongs to another user than the previous one. */
  readonly onUser = new Set<() => void>();

  constructor(options: TransportOptions) {
    this.#token = options.token;
    this.#fetch = options.fetch ?? ((request) => globalThis.fetch(request));
    this.#timeoutSeconds = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
    const ask = (): Promise<string> => this.#timed(undefined, (signal) => this.#tokenFor(false, signal));
    this.news = new TokenNews(typeof this.#token === "function" ? ask : undefined);
  }

  /** End all running calls, and refuse all later ones, with the code `closed`. */
  close(): void {
    this.news.close();
    this.#closed.abort(new UnstuckError({ code: "closed", message: "The client is closed." }));
  }

  /** The server's time now, in milliseconds: estimated from its last answer's Date, otherwise this machine's clock. */
  now(): number {
    return Date.now() + (this.#serverAheadMs ?? 0);
  }

  /**
   * Send, and return the answer whatever its status. Throws UnstuckError, or the signal's reason when aborted. All
   * tries with the same owner use tokens of the same user as the first one.
   */
  readonly send = async (request: Request, owner: Owner): Promise<Response> => {
    const again = typeof this.#token === "function" ? request.clone() : undefined;
    const first = await this.#try(request, false, owner);
    const last = again !== undefined && first.refused ? await this.#try(again, true, owner) : first;
    return last.end();
  };

  /** The same without a token, for calls that take none. */
  readonly sendBare = (request: Request): Promise<Response> =>
    this.#timed(request.signal, (signal) => this.#exchange(request, signal));

  async #try(request: Request, renew: boolean, owner: Owner): Promise<Tried> {
    let token: string | undefined;
    try {
      const answer = await this.#timed(request.signal, async (signal) => {
        if (this.#token === undefined) return this.#exchange(request, signal);
        token = await this.#tokenFor(renew, signal);
        claim(owner, token, renew);
        request.headers.set("authorization", `Bearer ${token}`);
        return this.#exchange(request, signal);
      });
      const refused = answer.status === 401 || answer.status === 403;
      if (token !== undefined) this.news.used(token, refused);
      return { end: () => answer, refused };
    } catch (error) {
      const code = error instanceof UnstuckError ? error.code : undefined;
      if (code === "token_unavailable") this.news.used("", true);
      // A gateway's 401 has no CORS headers, so a browser hides it: it looks like no answer at all.
      const refused = code === "network_error" && token !== undefined && hasExpired(token, this.now());
      if (refused && token !== undefined) this.news.used(token, true);
      const end = (): never => {
        throw error;
      };
      return { end, refused };
    }
  }

  /** Run something that takes a signal within the time limit. Ends then, even if that ignores the signal. */
  async #timed<Result>(
    outer: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const limit = new AbortController();
    const outers = [outer, this.#closed.signal].filter((signal) => signal !== undefined);
    const stop = (): void => limit.abort(outers.find((signal) => signal.aborted)?.reason);
    const late = (): void => limit.abort(new UnstuckError({ code: "timeout", message: "No answer in time." }));
    const timer = setTimeout(late, timerMs(this.#timeoutSeconds));
    for (const signal of outers) signal.addEventListener("abort", stop);
    if (outers.some((signal) => signal.aborted)) stop();
    try {
      limit.signal.throwIfAborted();
      return await Promise.race([work(limit.signal), rejection(limit.signal)]);
    } catch (error) {
      if (limit.signal.aborted) throw limit.signal.reason;
      throw error;
    } finally {
      clearTimeout(timer);
      for (const signal of outers) signal.removeEventListener("abort", stop);
    }
  }

  /** Fetch, and read the whole body, so that the time limit covers it. */
  async #exchange(request: Request, signal: AbortSignal): Promise<Response> {
    try {
      const answer = await this.#fetch(new Request(request, { signal }));
      const { status, statusText, headers } = answer;
      const body = bodiless(status) ? null : await answer.arrayBuffer();
      this.#learnTime(headers);
      return new Response(body, { status, statusText, headers });
    } catch (cause) {
      throw new UnstuckError({ code: "network_error", message: "No answer from the server.", cause });
    }
  }

  async #tokenFor(renew: boolean, signal: AbortSignal): Promise<string> {
    let given: unknown;
    try {
      given = typeof this.#token === "function" ? await this.#token({ renew, signal }) : this.#token;
    } catch (cause) {
      throw new UnstuckError({ code: "token_unavailable", message: "No token could be had.", cause });
    }
    const token = usable(given);
    if (token !== undefined) {
      this.#notice(subjectOf(token), renew);
      return token;
    }
    const message = "There is no token, or none that a header can hold: is the user signed in?";
    throw new UnstuckError({ code: "token_unavailable", message });
  }

  #notice(subject: string, renewed: boolean): void {
    const before = this.#subject;
    this.#subject = subject;
    if (before === undefined || isSameUser(before, subject, renewed)) return;
    for (const listener of [...this.onUser]) listener();
  }

  #learnTime(headers: Headers): void {
    const said = Date.parse(headers.get("date") ?? "");
    // A cacheable answer may come from the browser's cache with an old Date.
    if (Number.isNaN(said) || !/\bno-store\b/.test(headers.get("cache-control") ?? "")) return;
    const ahead = said + 500 - Date.now(); // truncated to whole seconds
    // A smaller difference comes from the truncation and the way here, not from a wrong clock.
    this.#serverAheadMs = Math.abs(ahead) < 2000 ? 0 : ahead;
  }
}

/** Bind a call to the user of its first try; throw if this try would be another user's. */
function claim(owner: Owner, token: string, renewed: boolean): void {
  const subject = subjectOf(token);
  if (owner.subject === undefined || isSameUser(owner.subject, subject, renewed)) owner.subject = subject;
  if (owner.subject === subject) return;
  const message = "The call was not retried, because another user has signed in since. Resend it as the original user.";
  throw new UnstuckError({ code: "another_user", message });
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function bodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
