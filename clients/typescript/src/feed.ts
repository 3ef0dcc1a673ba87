/** The state of a feed that is read in parts: pure merging. Entries neither vanish nor double while pages shift. */
import { isOlder } from "./changes.js";
import { hasEnded } from "./statuses.js";
import type { FeedFilter, Generation, GenerationDetail, ListedGeneration } from "./types.js";

export interface FeedState {
  /** Newest first: ids are UUIDv7, and the server sorts by them. */
  readonly generations: readonly ListedGeneration[];
  /** Where older entries continue; null: there are none. */
  readonly older: string | null;
  /** Ids from this one on were in the last reading of the newest page. */
  readonly coveredTo: string;
  /** Dismissed or deleted: a late answer does not bring them back. */
  readonly gone: readonly string[];
  /** When the newest page was last read, in milliseconds. */
  readonly readAt: number;
}

/** A reading of the newest page, before it is merged into the known entries. */
export interface FeedReading extends FeedState {
  readonly fresh: true;
  /** Whether it reaches down to the known entries, so that nothing is missing in between. */
  readonly caughtUp: boolean;
}

/** Merge a reading into the known entries. An entry that this reading lacks stays: it is only further down. */
export function merged(known: FeedState | undefined, read: FeedReading): FeedState {
  const { generations, older, coveredTo, gone, readAt, caughtUp } = read;
  if (known === undefined) return { generations: ordered(generations, gone), older, coveredTo, gone, readAt };
  const allGone = gone.length === 0 ? known.gone : [...new Set([...known.gone, ...gone])];
  return {
    generations: ordered([...known.generations, ...generations], allGone),
    // The first reading shows where older ones begin; later readings move that only if they leave a gap.
    older: caughtUp ? known.older : older,
    coveredTo,
    gone: allGone,
    readAt,
  };
}

/** Add the page that begins at `cursor`, unless it was already added. */
export function withOlder(
  known: FeedState,
  cursor: string,
  page: { generations: ListedGeneration[]; next_cursor: string | null },
): FeedState {
  const generations = ordered([...known.generations, ...page.generations], known.gone);
  return { ...known, generations, older: known.older === cursor ? page.next_cursor : known.older };
}

/** Put in a generation's state from elsewhere, if the filter includes it and the feed reaches that far down. */
export function withGeneration(known: FeedState, filter: FeedFilter, seen: ListedGeneration): FeedState {
  const held = known.generations.find((other) => other.generation_id === seen.generation_id);
  if (seen.dismissed_at !== undefined) return held === undefined ? known : without(known, seen.generation_id);
  if (!isShownBy(filter, seen)) return known; // the feed reads it itself, with its output
  if (held === undefined && !(matches(filter, seen) && reaches(known, seen.generation_id))) return known;
  if (held !== undefined && !isOlder(held, seen)) return known;
  return { ...known, generations: ordered([...known.generations, seen], known.gone) };
}

/** Remove one for good. */
export function without(known: FeedState, id: string): FeedState {
  const gone = known.gone.includes(id) ? known.gone : [...known.gone, id];
  return { ...known, gone, generations: known.generations.filter((other) => other.generation_id !== id) };
}

/** Undo `without`: put back one that still exists. */
export function withAgain(known: FeedState, generation: ListedGeneration | undefined, id: string): FeedState {
  const gone = known.gone.filter((other) => other !== id);
  const added = generation === undefined ? [] : [generation];
  return { ...known, gone, generations: ordered([...known.generations, ...added], gone) };
}

/** Whether a list with this filter shows the generation. */
export function matches(filter: FeedFilter, seen: Pick<Generation, "session_id" | "status" | "kind">): boolean {
  return (
    (filter.session_id === undefined || filter.session_id === seen.session_id) &&
    (filter.status === undefined || filter.status === seen.status) &&
    (filter.kind === undefined || filter.kind === seen.kind)
  );
}

/**
 * Whether the generation has everything that a list with this filter shows: the output too, if the list shows outputs.
 */
export function isShownBy(filter: FeedFilter, seen: ListedGeneration): boolean {
  return filter.fields === undefined || seen.status !== "succeeded" || "output" in seen || "output_omitted" in seen;
}

/** Return a generation that was read alone as a list with this filter shows it. */
export function asListed(seen: GenerationDetail, filter: FeedFilter): ListedGeneration {
  const { output, reviews, poll_after_seconds: _hint, stale: _stale, ...head } = seen;
  if (filter.fields === undefined || output === undefined) return head;
  return { ...head, output, ...(reviews !== undefined && { reviews }) };
}

/** Return the ids of the open generations that readings of the newest page do not cover. */
export function openBelow(known: FeedState | undefined): string[] {
  if (known === undefined) return [];
  return known.generations
    .filter((seen) => seen.generation_id < known.coveredTo && !hasEnded(seen))
    .map((seen) => seen.generation_id);
}

function reaches(known: FeedState, id: string): boolean {
  const oldest = known.generations.at(-1);
  return known.older === null || (oldest !== undefined && id > oldest.generation_id);
}

function ordered(generations: readonly ListedGeneration[], gone: readonly string[]): ListedGeneration[] {
  const byId = new Map<string, ListedGeneration>();
  for (const seen of generations) {
    const held = byId.get(seen.generation_id);
    if (held === undefined || !isOlder(seen, held)) byId.set(seen.generation_id, withLinksOf(held, seen));
  }
  for (const id of gone) byId.delete(id);
  return [...byId.values()].sort((one, other) => (one.generation_id < other.generation_id ? 1 : -1));
}

/**
 * Keep the links of visible pictures while at least half of a new link's lifetime remains. To a browser, a new link is
 * a new picture, which it would fetch with every reading.
 */
function withLinksOf(held: ListedGeneration | undefined, seen: ListedGeneration): ListedGeneration {
  if (held?.version !== seen.version || held.output === undefined) return seen;
  return goodFor(held) * 2 > goodFor(seen) ? { ...seen, output: held.output } : seen;
}

/** Return for how many milliseconds the links of its pictures are valid, whatever its kind; NaN if it has none. */
function goodFor({ output }: ListedGeneration): number {
  const images = (output as { images?: unknown }).images;
  const ends = Array.isArray(images) ? images.map((image) => Date.parse(image?.url && image.expires_at)) : [];
  return ends.length ? Math.min(...ends) - Date.now() : Number.NaN;
}
