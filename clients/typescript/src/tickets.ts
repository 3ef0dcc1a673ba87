/**
 * Asks for tickets to live connections: one at a time, with backoff, and never again if the deployment has none. Opens
 * nothing.
 */
import type { Client } from "./client.js";
import { UnstuckError } from "./errors.js";
import { backoff, pause } from "./pacing.js";
import type { LiveTicket } from "./types.js";

export interface Ticket extends LiveTicket {
  /** The user it belongs to: compare it with `Tickets.user`. */
  readonly user: number;
}

export class Tickets {
  readonly #client: Pick<Client, "openLive" | "onToken">;
  #failures = 0;
  #notBefore = 0;
  /** Whether the service has said how long to stay away. */
  #isAsked = false;
  /** Counts the users whose tokens the client has had, one after the other. */
  user = 0;
  /** Called when the token belongs to another user. */
  onUser: (() => void) | undefined;
  /** Whether no more tickets are requested: the deployment has none, or the client is closed. */
  isOver = false;

  constructor(client: Pick<Client, "openLive" | "onUser" | "onToken">) {
    this.#client = client;
    client.onUser(() => {
      this.user += 1;
      this.onUser?.();
    });
  }

  /** Return the next ticket, however long that takes. Undefined once `signal` is aborted, or if none will ever come. */
  async next(signal: AbortSignal): Promise<Ticket | undefined> {
    while (!this.isOver && !signal.aborted) {
      try {
        await this.#pause(signal);
        const { user } = this;
        return { ...(await this.#client.openLive({ signal })), user };
      } catch (error) {
        if (isFinal(error)) this.isOver = true;
        else if (!signal.aborted) this.failed(error);
      }
    }
    return undefined;
  }

  /** Record that a ticket was refused, or that its connection failed: the next request waits longer. */
  failed(error?: unknown): void {
    this.#failures += 1;
    this.#notBefore = Date.now() + backoff(this.#failures, error) * 1000;
    this.#isAsked = error instanceof UnstuckError && error.retryAfterSeconds !== undefined;
  }

  /** Record that a connection did its work. */
  worked(): void {
    this.#failures = 0;
    this.#notBefore = 0;
  }

  /** Wait until it is time. A new token or a returning network ends the wait, unless the service has set it. */
  async #pause(signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    const stop = (): void => waiting.abort();
    const until = { signal: waiting.signal };
    signal.addEventListener("abort", stop, until);
    if (!this.#isAsked) globalThis.addEventListener?.("online", stop, until);
    const unsubscribe = this.#client.onToken(() => this.#isAsked || stop());
    const seconds = (this.#notBefore - Date.now()) / 1000;
    if (seconds > 0) await pause(seconds, waiting.signal).catch(() => undefined);
    unsubscribe();
    stop();
    signal.throwIfAborted();
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof UnstuckError && (error.status === 404 || error.code === "closed");
}
