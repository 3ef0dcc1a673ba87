/**
 * How a client learns that a generation changed. Callers see `ChangeSource` alone, so that a channel that pushes can take
 * the place of polling without a change to them.
 */
import { invalid } from "./answers.js";
import type { Client, Look } from "./client.js";
import { lookAfter, lookAfterEnd } from "./pacing.js";
import { hasEnded } from "./statuses.js";
import type { Generation, GenerationDetail } from "./types.js";

/** One state of a generation as it was learned, and when the next may be expected. */
export interface Snapshot {
  readonly generation: GenerationDetail;
  /** Names this state to the server; absent when it was not learned from a look. */
  readonly etag: string | undefined;
  /** When the look was answered, by this machine's clock, in milliseconds. */
  readonly seenAt: number;
  /** Seconds from then until the next look; undefined when nothing more is to come. */
  readonly lookAfterSeconds: number | undefined;
  /** Whether it came unasked: then it has no output, and `lookAfterSeconds` is when a look would rescue it. */
  readonly isPushed?: true;
}

/** What a worker has been given so far of one step's answer: provisional, stored nowhere, and to be shown as text alone. */
export interface PartialOutput {
  readonly generation_id: string;
  readonly attempt: number;
  readonly step: string;
  /** Rises within one `attempt` and `step`. */
  readonly number: number;
  /** The fields of the step's result that can be read. The last text or item may stop anywhere. */
  readonly output: Readonly<Record<string, unknown>>;
  /** How many characters or items are left out at the start of the named field; absent where it is whole. */
  readonly offset?: Readonly<Record<string, number>>;
}

/** Gets what is shown of a generation's text now; undefined once that is over. */
export type OnPartial = (partial: PartialOutput | undefined) => void;

export interface ChangeSource {
  /** Ask for the state now. Never returns one older than `known`. */
  look(generationId: string, known: Snapshot | undefined, signal?: AbortSignal): Promise<Snapshot>;
  /** Seconds after `snapshot` at which to look of one's own accord; undefined: not at all. */
  lookAfter(snapshot: Snapshot): number | undefined;
  /** Call `onChange` with each state that comes unasked, until the function returned is called. Polling has none. */
  subscribe?(generationId: string, onChange: (snapshot: Snapshot) => void, onPartial?: OnPartial): () => void;
  /** The same for every generation of the user. One that has ended may come without its output: then it is `isPushed`. */
  subscribeAll?(onChange: (snapshot: Snapshot) => void): () => void;
  /** Whether changes are pushed right now. */
  isLive?(): boolean;
  /** Call `listener` when `isLive` has changed, until the function returned is called. */
  onLive?(listener: () => void): () => void;
  /** Take note of what another call has answered: what a push should have brought before shows that none come. */
  learned?(generations: readonly Generation[]): void;
  /** End all that is under way, for good. */
  close?(): void;
}

/** Return the newer of two states: by version, at the same version by heartbeat; `next` when they are the same. */
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
  /** Look that often at least, for who shows progress to a person: it costs requests and nothing else. */
  atMostSeconds?: number;
}

/** The source that asks again and again, as often as the server's hint says. */
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
      // An older answer says nothing but that the server was reached: the state stays, and is looked at again.
      return { ...known, seenAt: next.seenAt, lookAfterSeconds: after(look) };
    },
    lookAfter: (snapshot) => snapshot.lookAfterSeconds,
  };
}
