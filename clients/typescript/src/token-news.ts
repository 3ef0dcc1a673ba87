/** Notices a new token after a refused one, so that waiting calls need not wait any longer. */

const FIRST_GAP_MS = 2_000;
const LONGEST_GAP_MS = 30_000;

export class TokenNews {
  readonly #ask: (() => Promise<string>) | undefined;
  readonly #listeners = new Set<() => void>();
  /** The token that was refused last, "" if there was none; undefined while the last one was accepted. */
  #refused: string | undefined;
  /** How many new tokens have come without one being accepted. */
  #inVain = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `ask` gets the present token; absent if it never changes. */
  constructor(ask: (() => Promise<string>) | undefined) {
    this.#ask = ask;
  }

  /** Call `listener` when a new token has come after a refused one, until the returned function is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#wait();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  /** Record the outcome of a call with this token. */
  used(token: string, refused: boolean): void {
    if (refused) {
      this.#refused = token;
      this.#wait();
    } else if (this.#refused !== undefined && this.#refused !== token) {
      this.#inVain = 0;
      this.#tell();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Ask for the token now and then while somebody waits for one. Each call asks for it anyway, and it costs little. */
  #wait(): void {
    if (this.#ask === undefined || this.#timer !== undefined) return;
    if (this.#refused === undefined || this.#listeners.size === 0) return;
    const gap = Math.min(FIRST_GAP_MS * 2 ** this.#inVain, LONGEST_GAP_MS);
    this.#timer = setTimeout(async () => {
      const token = await this.#ask?.().catch(() => undefined);
      this.#timer = undefined;
      if (token === undefined || token === this.#refused) return this.#wait();
      this.#inVain += 1;
      this.#tell();
    }, gap);
  }

  #tell(): void {
    this.#refused = undefined;
    for (const listener of [...this.#listeners]) listener();
  }
}
