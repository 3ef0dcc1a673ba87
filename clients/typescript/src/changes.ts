/**
 * How a client learns that a generation changed. Callers only see `ChangeSource`, so pushing can replace polling
 * without a change to them.
 */
import { invalid } from "./answers.js";
import type { Client, Look } from "./client.js";
import { lookAfter, lookAfterEnd } from "./pacing.js";
import { hasEnded } from "./statuses.js";
import type { Generation, GenerationDetail } from "./types.js";

/** One known state of a generation, and when to expect the next. */
export interface Snapshot {
  readonly generation: GenerationDetail;
  /** Names this state to the server; absent if it did not come from a look. */
  readonly etag: string | undefined;
  /** When the look was answered, in milliseconds by this machine's clock. */
  readonly seenAt: number;
  /** Seconds from then until the next look; undefined if no further change is expected. */
  readonly lookAfterSeconds: number | undefined;
  /** Whether it was pushed: then it has no output, and `lookAfterSeconds` is when a look would rescue it. */
  readonly isPushed?: true;
}

/**
 * The text of one step's answer that a worker has received so far. Provisional and never stored: show it as plain text
 * only.
 */
export interface PartialOutput {
  readonly generation_id: string;
  readonly attempt: number;
  readonly step: string;
  /** Rises within one `attempt` and `step`. */
  readonly number: number;
  /** The readable fields of the step's result. The last text or item may stop anywhere. */
  readonly output: Readonly<Record<string, unknown>>;
  /** How many characters or items are missing at the start of the named field; absent if it is whole. */
  readonly offset?: Readonly<Record<string, number>>;
}

/** Receives the visible text of a generation; undefined once there is none. */
export type OnPartial = (partial: PartialOutput | undefined) => void;

export interface ChangeSource {
  /** Read the state now. Never returns one older than `known`. */
  look(generationId: string, known: Snapshot | undefined, signal?: AbortSignal): Promise<Snapshot>;
  /** Seconds after `snapshot` at which to look without a push; undefined: never. */
  lookAfter(snapshot: Snapshot): number | undefined;
  /** Call `onChange` with each pushed state, until the returned function is called. Polling pushes none. */
  subscribe?(generationId: string, onChange: (snapshot: Snapshot) => void, onPartial?: OnPartial): () => void;
  /** The same for all generations of the user. An ended one may come without its output: then it is `isPushed`. */
  subscribeAll?(onChange: (snapshot: Snapshot) => void): () => void;
  /** Whether changes are pushed right now. */
  isLive?(): boolean;
  /** Call `listener` when `isLive` has changed, until the returned function is called. */
  onLive?(listener: () => void): () => void;
  /** Record another call's answer: if a push should have brought it before, pushes do not arrive. */
  learned?(generations: readonly Generation[]): void;
  /** End everything that is running, for good. */
  close?(): void;
}

/** Return the newer of two states: by version, then by heartbeat; `next` if they are equal. */
export function newer(known: Snapshot | undefined, next: Snapshot): Snapshot {
  if (known === undefined) return next;
  return isOlder(next.generation, known.generation) ? known : next;
}

/** Whether `one` is an older state than `other` of the same generation. */
export function isOlder(
  one: Pick<GenerationDetail, "version" | "heartbeat_at">,
  other: Pick<GenerationDetail, "version" | "heartbeat_at">,
): boolean {
  if (one.version !== other.version) return one.version < other.version;
  return (one.heartbeat_at ?? "") < (other.heartbeat_at ?? ""); // ISO 8601 in UTC sorts as text
}

export interface PollingOptions {
  /** The longest pause between looks while a person watches progress. It costs requests and changes nothing else. */
  atMostSeconds?: number;
}

/** The source that polls, as often as the server's hint says. */
export function polling(client: Pick<Client, "lookAt" | "now">, options: PollingOptions = {}): ChangeSource {
  const { atMostSeconds = Number.POSITIVE_INFINITY } = options;
  const after = (look: Look): number => Math.min(lookAfter(look.lookAfterSeconds), atMostSeconds);
  const untilBilled = (known: Snapshot | undefined, ended: GenerationDetail): number | undefined => {
    const before = known?.generation;
    const isBilled = before !== undefined && hasEnded(before) && before.usage.calls !== ended.usage.calls;
    return isBilled ? undefined : lookAfterEnd(ended, client.now());
  };
  return {
    async look(generationId, known, signal) {
      const look = await client.lookAt(generationId, { etag: known?.etag, signal });
      const generation = look.generation ?? known?.generation;
      if (generation === undefined) throw invalid();
      const next: Snapshot = {
        generation,
        etag: look.etag,
        seenAt: Date.now(),
        lookAfterSeconds: hasEnded(generation) ? untilBilled(known, generation) : after(look),
      };
      if (known === undefined || !isOlder(generation, known.generation)) return next;
      // An older answer proves only that the server responds: keep the state, and look again.
      return { ...known, seenAt: next.seenAt, lookAfterSeconds: after(look) };
    },
    lookAfter: (snapshot) => snapshot.lookAfterSeconds,
  };
}
