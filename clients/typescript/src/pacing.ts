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
/** A server may ask for a day; a minute is as long as this client stays silent. */
const LONGEST_PAUSE_SECONDS = 60;
/** A timer that is set for longer than 2^31 ms ends at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Return in how many seconds to look again: the server's hint, up to a tenth sooner, so that a crowd spreads out. */
export function lookAfter(hintSeconds: number | undefined): number {
  const hint = Math.min(Math.max(hintSeconds ?? DEFAULT_HINT_SECONDS, SHORTEST_HINT_SECONDS), LONGEST_HINT_SECONDS);
  return hint * (1 - Math.random() / 10);
}

/**
 * Return in how many seconds to look once more at what was ended under a worker: the bill of its last call comes after the
 * end, within a minute if at all. Undefined where nothing more is to come. `now` is in milliseconds by the server's clock.
 */
export function lookAfterEnd(ended: Ended, now: number): number | undefined {
  if (ended.status !== "canceled" || ended.started_at === undefined || ended.finished_at === undefined)
    return undefined;
  const seconds = Math.max(0, (now - Date.parse(ended.finished_at)) / 1000);
  return seconds < LATEST_BILL_SECONDS ? Math.max(DEFAULT_HINT_SECONDS, seconds) : undefined;
}

/**
 * Return how many seconds to wait after the `failures`th failure in a row, from 1: at random up to 1, 2, 4 ... 30 s, at
 * least half of it; not sooner than the server asked for, but a minute at most.
 */
export function backoff(failures: number, error?: unknown): number {
  const ceiling = Math.min(FIRST_BACKOFF_SECONDS * 2 ** (failures - 1), LONGEST_BACKOFF_SECONDS);
  const seconds = (ceiling * (1 + Math.random())) / 2;
  const asked = error instanceof UnstuckError ? error.retryAfterSeconds : undefined;
  return asked === undefined ? seconds : Math.max(seconds, Math.min(asked, LONGEST_PAUSE_SECONDS) + seconds / 10);
}

/** Whether a call that failed so may be sent again as it was. */
export function mayRepeat(error: unknown): boolean {
  return error instanceof UnstuckError && error.retryable;
}

/** Whether a create is sent again without asking the user: not when a limit of theirs refused it. */
export function mayRepeatCreate(error: unknown): boolean {
  return mayRepeat(error) && !(error instanceof UnstuckError && isLimit(error.code));
}

/**
 * Whether looking goes on after a look that failed so. Only the service's own word ends it: a token is renewed, a gateway
 * or a portal in between goes away, and the generation is still there.
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
    }, timerMs(seconds));
    signal?.addEventListener("abort", stop, { once: true });
  });
}
