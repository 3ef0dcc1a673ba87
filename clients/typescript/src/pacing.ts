/** When to poll again, and when to retry. Pure, except for jitter. Sends nothing. */
import { UnstuckError } from "./errors.js";
import type { Generation } from "./types.js";

type Ended = Pick<Generation, "status" | "started_at" | "finished_at">;

const DEFAULT_HINT_SECONDS = 2;
const SHORTEST_HINT_SECONDS = 0.1;
const LONGEST_HINT_SECONDS = 60;
const FIRST_BACKOFF_SECONDS = 1;
const LONGEST_BACKOFF_SECONDS = 30;
const LATEST_BILL_SECONDS = 60;
/** A server may ask for a day; this client waits a minute at most. */
const LONGEST_PAUSE_SECONDS = 60;
/** A timer longer than 2^31 ms fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Return in how many seconds to look again: the server's hint, or up to a tenth sooner, so that many clients spread
 * out.
 */
export function lookAfter(hintSeconds: number | undefined): number {
  const hint = Math.min(Math.max(hintSeconds ?? DEFAULT_HINT_SECONDS, SHORTEST_HINT_SECONDS), LONGEST_HINT_SECONDS);
  return hint * (1 - Math.random() / 10);
}

/**
 * Return in how many seconds to look again at a generation that was ended under a worker. The charge of its last call
 * may come up to a minute after the end. Undefined if nothing more will come. `now` is the server's time in
 * milliseconds.
 */
export function lookAfterEnd(ended: Ended, now: number): number | undefined {
  if (ended.status !== "canceled" || ended.started_at === undefined || ended.finished_at === undefined)
    return undefined;
  const seconds = Math.max(0, (now - Date.parse(ended.finished_at)) / 1000);
  return seconds < LATEST_BILL_SECONDS ? Math.max(DEFAULT_HINT_SECONDS, seconds) : undefined;
}

/**
 * Return how many seconds to wait after the `failures`th failure in a row, counted from 1. It is random between half
 * and all of 1, 2, 4 ... 30 s. A server's longer pause applies, up to a minute.
 */
export function backoff(failures: number, error?: unknown): number {
  const ceiling = Math.min(FIRST_BACKOFF_SECONDS * 2 ** (failures - 1), LONGEST_BACKOFF_SECONDS);
  const seconds = (ceiling * (1 + Math.random())) / 2;
  const asked = error instanceof UnstuckError ? error.retryAfterSeconds : undefined;
  return asked === undefined ? seconds : Math.max(seconds, Math.min(asked, LONGEST_PAUSE_SECONDS) + seconds / 10);
}

/** Whether a call that failed with this error may be sent again unchanged. */
export function mayRepeat(error: unknown): boolean {
  return error instanceof UnstuckError && error.retryable;
}

/** Whether a create is resent without asking the user: not if one of the user's limits refused it. */
export function mayRepeatCreate(error: unknown): boolean {
  return mayRepeat(error) && !(error instanceof UnstuckError && isLimit(error.code));
}

/**
 * Whether looks continue after a look that failed with this error. Only the service's own refusal ends them: a token is
 * renewed, a gateway or a portal in between goes away, and the generation still exists.
 */
export function mayLookAgain(error: unknown): boolean {
  return error instanceof UnstuckError && (error.retryable || error.code.startsWith("http_"));
}

function isLimit(code: string): boolean {
  return code === "rate_limited" || code === "too_many_running" || code.endsWith("_spend_reached");
}

/** Return a timer's length in milliseconds, within what timers can hold. */
export function timerMs(seconds: number): number {
  return Math.min(seconds * 1000, LONGEST_TIMER_MS);
}

/** Wait. When the signal is aborted, end at once with its reason. */
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
    }, timerMs(seconds));
    signal?.addEventListener("abort", stop, { once: true });
  });
}
