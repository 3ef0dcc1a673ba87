/** Sends a request with the caller's token, within a time limit, and once more with a new token where that was refused. */
import { UnstuckError } from "./errors.js";
import { timerMs } from "./pacing.js";
import { TokenNews } from "./token-news.js";
import { hasExpired, isSameUser, type Owner, subjectOf, type TokenSource, usable } from "./tokens.js";

export type Fetch = (request: Request) => Promise<Response>;

export interface TransportOptions {
  token?: TokenSource | undefined;
  fetch?: Fetch | undefined;
  /** How long one try may take, its token included; 35 if absent. */
  timeoutSeconds?: number | undefined;
}

const DEFAULT_TIMEOUT_SECONDS = 35; // API Gateway itself gives up after 30.

/** What one try came to; `refused` says that another token may do better. */
interface Tried {
  end: () => Response;
  refused: boolean;
}

/** Where a client's requests pass through. */
export class Transport {
  readonly #token: TokenSource | undefined;
  readonly #fetch: Fetch;
  readonly #timeoutSeconds: number;
  readonly #closed = new AbortController();
  /** Says when a new token has come after one was refused. */
  readonly news: TokenNews;
  #serverAheadMs: number | undefined;
  #subject: string | undefined;
  /** Called when a token is given that is of another user than the one before. */
  readonly onUser = new Set<() => void>();

  constructor(options: TransportOptions) {
    this.#token = options.token;
    this.#fetch = options.fetch ?? ((request) => globalThis.fetch(request));
    this.#timeoutSeconds = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
    const ask = (): Promise<string> => this.#timed(undefined, (signal) => this.#tokenFor(false, signal));
    this.news = new TokenNews(typeof this.#token === "function" ? ask : undefined);
  }

  /** End every call that is under way, and refuse others from now on, with the code `closed`. */
  close(): void {
    this.news.close();
    this.#closed.abort(new UnstuckError({ code: "closed", message: "The client is closed." }));
  }

  /** Now by the server's clock, in milliseconds, as well as its last answer's Date tells; else by this machine's. */
  now(): number {
    return Date.now() + (this.#serverAheadMs ?? 0);
  }

  /**
   * Send, and return the answer whatever its status. Throws UnstuckError, or the signal's reason when aborted. Of a call that is
   * repeated with the same owner, no try goes out with a token of another user than the first one's.
   */
  readonly send = async (request: Request, owner: Owner): Promise<Response> => {
    const again = typeof this.#token === "function" ? request.clone() : undefined;
    const first = await this.#try(request, false, owner);
    const last = again !== undefined && first.refused ? await this.#try(again, true, owner) : first;
    return last.end();
  };

  /** The same without a token, for what takes none. */
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
      // A browser cannot see a gateway's 401, which has no CORS headers: to it that is no answer at all.
      const refused = code === "network_error" && token !== undefined && hasExpired(token, this.now());
      if (refused && token !== undefined) this.news.used(token, true);
      const end = (): never => {
        throw error;
      };
      return { end, refused };
    }
  }

  /** Do something that heeds a signal within the time limit; it ends then, whether it does or not. */
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
    // What may be kept may come from the browser's cache, and its Date is of then.
    if (Number.isNaN(said) || !/\bno-store\b/.test(headers.get("cache-control") ?? "")) return;
    const ahead = said + 500 - Date.now(); // cut off to whole seconds
    // Below that it is the cutting off and the way here, and no clock that is wrong.
    this.#serverAheadMs = Math.abs(ahead) < 2000 ? 0 : ahead;
  }
}

/** Bind a call to the user of its first try; throw when this try would be another's. */
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
