/** When to look again, and when to try again. Pure but for the dice; sends nothing. */
import { UnstuckError } from "./errors.js";

const DEFAULT_HINT_SECONDS = 2;
const LONGEST_HINT_SECONDS = 60;
const FIRST_BACKOFF_SECONDS = 1;
const LONGEST_BACKOFF_SECONDS = 30;

/** Return in how many seconds to look again: the server's hint, up to a tenth later, so that a crowd spreads out. */
export function lookAfter(hintSeconds: number | undefined): number {
  const hint = Math.min(Math.max(hintSeconds ?? DEFAULT_HINT_SECONDS, 0.1), LONGEST_HINT_SECONDS);
  return hint * (1 + Math.random() / 10);
}

/**
 * Return how many seconds to wait after the `failures`th failure in a row, from 1: at random up to 1, 2, 4 ... 30 s, at
 * least half of it; never sooner than the server asked for.
 */
export function backoff(failures: number, error?: unknown): number {
  const ceiling = Math.min(FIRST_BACKOFF_SECONDS * 2 ** (failures - 1), LONGEST_BACKOFF_SECONDS);
  const seconds = (ceiling * (1 + Math.random())) / 2;
  const asked = error instanceof UnstuckError ? (error.retryAfterSeconds ?? 0) : 0;
  return asked > 0 ? asked + seconds / 10 : seconds;
}

/** Whether a call that failed so may be sent again as it was. */
export function mayRepeat(error: unknown): boolean {
  return error instanceof UnstuckError && error.retryable;
}

/** Whether a create is sent again without asking the user: not when a limit of theirs refused it. */
export function mayRepeatCreate(error: unknown): boolean {
  return mayRepeat(error) && !(error instanceof UnstuckError && isLimit(error.code));
}

function isLimit(code: string): boolean {
  return code === "rate_limited" || code === "too_many_running" || code === "daily_spend_reached";
}

/** Wait; end at once, with the signal's reason, when it is aborted. */
export function pause(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
