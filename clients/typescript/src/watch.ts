/** Follows one generation to its end over a change source. Outlasts errors; never shows an older state than before. */
import { newer, type OnPartial, type Snapshot } from "./changes.js";
import type { Client, CreateOptions, Submitted } from "./client.js";
import { UnstuckError } from "./errors.js";
import { randomId } from "./ids.js";
import { backoff, mayLookAgain, mayRepeat, mayRepeatCreate, pause } from "./pacing.js";
import { hasEnded } from "./statuses.js";
import type { CreateRequest, GenerationDetail } from "./types.js";

const MOST_SENDS = 6;
/** For how long a refused token, or an answer that is not this API's, counts as transient. */
const LONGEST_REFUSAL_MS = 120_000;

export interface WaitOptions {
  /** Ends the wait, not the generation: the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called with each new state, including the last. */
  onChange?: (generation: GenerationDetail) => void;
  /** Called with the readable text while the model writes, if that is pushed, and with undefined once it ends. */
  onPartial?: OnPartial;
  /** Called with each failed look that will be retried. */
  onError?: (error: unknown) => void;
}

/**
 * Wait until a generation has ended in any way, and return it. Looks again as the server's hint says. After a transient
 * error it backs off with jitter, or looks at once when a new token comes. Throws the service's own refusals at once.
 * Throws refused tokens and answers that are not this API's after two minutes.
 */
export async function waitFor(
  client: Pick<Client, "changes" | "onToken" | "mayRenew">,
  id: string,
  options: WaitOptions & { firstLookAfterSeconds?: number | undefined } = {},
): Promise<GenerationDetail> {
  const { signal, onChange, onPartial, onError, firstLookAfterSeconds } = options;
  const mailbox = new Mailbox();
  const unsubscribe = client.changes.subscribe?.(id, (snapshot) => mailbox.put(snapshot), onPartial);
  const unsubscribeToken = client.onToken(() => mailbox.wake());
  try {
    let known: Snapshot | undefined;
    let failures = 0;
    let failingSince = 0;
    let delay = firstLookAfterSeconds ?? 0;
    for (;;) {
      const came = await mailbox.take(delay, signal);
      const before = known;
      try {
        known = newer(before, came ?? (await client.changes.look(id, before, signal)));
        failures = 0;
      } catch (error) {
        if (failures === 0) failingSince = Date.now();
        if (signal?.aborted || !goesOn(client, error, Date.now() - failingSince)) throw error;
        onError?.(error);
        failures += 1;
        delay = backoff(failures, error);
        continue;
      }
      if (known.generation !== before?.generation) onChange?.(known.generation);
      if (hasEnded(known.generation)) return known.generation;
      delay = client.changes.lookAfter(known) ?? Number.POSITIVE_INFINITY;
    }
  } finally {
    unsubscribe?.();
    unsubscribeToken();
  }
}

/** Whether to look again: while no answer comes, and for two minutes if the answer may be transient. */
function goesOn(client: Pick<Client, "mayRenew">, error: unknown, failingMs: number): boolean {
  if (!(error instanceof UnstuckError) || !mayLookAgain(error)) return false;
  const isRefused = isOfToken(error);
  if (isRefused && !client.mayRenew) return false;
  return failingMs < LONGEST_REFUSAL_MS || (mayRepeat(error) && !isRefused && error.code !== "invalid_answer");
}

/** Whether another token may succeed. */
function isOfToken(error: unknown): boolean {
  if (!(error instanceof UnstuckError)) return false;
  return error.status === 401 || error.status === 403 || error.code === "token_unavailable";
}

/** Create, with one Idempotency-Key for all retries, and wait for the end. */
export async function createAndWait(
  client: Pick<Client, "changes" | "onToken" | "mayRenew" | "createGeneration">,
  request: CreateRequest,
  options: CreateOptions & WaitOptions = {},
): Promise<GenerationDetail> {
  const { idempotencyKey = randomId(), ...wait } = options;
  const made = await createPatiently(client, request, { ...wait, idempotencyKey });
  return waitFor(client, made.generation_id, { ...wait, firstLookAfterSeconds: made.lookAfterSeconds });
}

async function createPatiently(
  client: Pick<Client, "createGeneration" | "mayRenew">,
  request: CreateRequest,
  { idempotencyKey, signal, onError, owner = {} }: CreateOptions & WaitOptions,
): Promise<Submitted> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await client.createGeneration(request, { idempotencyKey, signal, owner });
    } catch (error) {
      const isLast = failures === MOST_SENDS || (!client.mayRenew && isOfToken(error));
      if (signal?.aborted || !mayRepeatCreate(error) || isLast) throw error;
      onError?.(error);
      await pause(backoff(failures, error), signal);
    }
  }
}

/** Holds a pushed state until somebody takes it. */
class Mailbox {
  #came: Snapshot | undefined;
  #wake: (() => void) | undefined;

  put(snapshot: Snapshot): void {
    this.#came = newer(this.#came, snapshot);
    this.wake();
  }

  /** End the running wait, if there is one. */
  wake(): void {
    this.#wake?.();
  }

  /** Return the pushed state, at once or within `seconds`; undefined if none came. */
  async take(seconds: number, signal?: AbortSignal): Promise<Snapshot | undefined> {
    signal?.throwIfAborted();
    if (this.#came === undefined && seconds > 0) await this.#wait(seconds, signal);
    const came = this.#came;
    this.#came = undefined;
    return came;
  }

  async #wait(seconds: number, signal?: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = (): void => over.abort();
    signal?.addEventListener("abort", stop, { once: true });
    this.#wake = stop;
    try {
      if (Number.isFinite(seconds)) await pause(seconds, over.signal);
      else await new Promise<void>((resolve) => over.signal.addEventListener("abort", () => resolve()));
    } catch {
      // Woken by a push, or by the caller's signal, which is thrown below.
    } finally {
      this.#wake = undefined;
      signal?.removeEventListener("abort", stop);
    }
    signal?.throwIfAborted();
  }
}
