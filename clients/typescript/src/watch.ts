/** Follows one generation to its end over a change source. Outlasts errors; never shows an older state than before. */
import { newer, type OnPartial, type Snapshot } from "./changes.js";
import type { Client, CreateOptions, Submitted } from "./client.js";
import { UnstuckError } from "./errors.js";
import { randomId } from "./ids.js";
import { backoff, mayLookAgain, mayRepeat, mayRepeatCreate, pause } from "./pacing.js";
import { hasEnded } from "./statuses.js";
import type { CreateRequest, GenerationDetail } from "./types.js";

const MOST_SENDS = 6;
/** For how long a refused token, or answers that are none of the API's, are taken for something that passes. */
const LONGEST_REFUSAL_MS = 120_000;

export interface WaitOptions {
  /** Ends the waiting, not the generation: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called with each new state, the last included. */
  onChange?: (generation: GenerationDetail) => void;
  /** Called with what can be read of the text while it is written, where that is pushed, and with undefined once it is over. */
  onPartial?: OnPartial;
  /** Called with each failed look that will be repeated. */
  onError?: (error: unknown) => void;
}

/**
 * Wait until a generation has ended, whichever way, and return it. Looks again as the server's hint says, and after
 * an error that may pass with a growing, random delay, at once when a new token comes. What the service itself decided
 * is thrown; a token that stays refused, or answers that are none of the API's, after two minutes.
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

/** Whether to look again: as long as no answer comes, and for two minutes where what came may pass. */
function goesOn(client: Pick<Client, "mayRenew">, error: unknown, failingMs: number): boolean {
  if (!(error instanceof UnstuckError) || !mayLookAgain(error)) return false;
  const isRefused = isOfToken(error);
  if (isRefused && !client.mayRenew) return false;
  return failingMs < LONGEST_REFUSAL_MS || (mayRepeat(error) && !isRefused && error.code !== "invalid_answer");
}

/** Whether another token may do better. */
function isOfToken(error: unknown): boolean {
  if (!(error instanceof UnstuckError)) return false;
  return error.status === 401 || error.status === 403 || error.code === "token_unavailable";
}

/** Create, with one Idempotency-Key however often it is sent, and wait for the end. */
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

/** Holds what came unasked until somebody takes it. */
class Mailbox {
  #came: Snapshot | undefined;
  #wake: (() => void) | undefined;

  put(snapshot: Snapshot): void {
    this.#came = newer(this.#came, snapshot);
    this.wake();
  }

  /** End the wait that is under way, if one is. */
  wake(): void {
    this.#wake?.();
  }

  /** Return what came, at once or within `seconds`; undefined when nothing did. */
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
      // Woken by what came, or by the caller's signal, which is thrown below.
    } finally {
      this.#wake = undefined;
      signal?.removeEventListener("abort", stop);
    }
    signal?.throwIfAborted();
  }
}
