/** Reads a feed's pages from the server: the newest again, down to the known entries, or one more older page. */
import type { Client } from "./client.js";
import { UnstuckError } from "./errors.js";
import { asListed, type FeedReading, type FeedState, matches } from "./feed.js";
import { following } from "./pages.js";
import { hasEnded } from "./statuses.js";
import type { FeedFilter, ListedGeneration } from "./types.js";

type Reader = Pick<Client, "listGenerations" | "getGeneration">;

export interface ReadOptions {
  filter: FeedFilter;
  pageSize: number;
  signal?: AbortSignal | undefined;
}

const LOWEST_ID = "";
const HIGHEST_ID = "~";

/** A page is short although the list continues if the service has read hundreds of items for it, and few matched. */
const MOST_SHORT_PAGES_AT_FIRST = 4;
/** For this long, nobody can make more generations than the service reads for one such page. */
const SURE_FOR_MS = 10 * 60_000;

/**
 * Read the newest page, and further until known entries are reached. If a filter excludes most entries, it does not
 * read the whole history.
 */
export async function readNewest(
  client: Reader,
  options: ReadOptions,
  known: FeedState | undefined,
): Promise<FeedReading> {
  const newestKnown = known?.generations[0]?.generation_id;
  const found: ListedGeneration[] = [];
  let cursor: string | undefined;
  let shortPages = 0;
  let reached = false;
  for (;;) {
    const page = await readPage(client, options, cursor);
    found.push(...page.generations);
    cursor = page.next_cursor ?? undefined;
    const last = found.at(-1)?.generation_id;
    reached = cursor === undefined || (newestKnown !== undefined && last !== undefined && last <= newestKnown);
    if (isShort(page.generations.length, options)) shortPages += 1;
    const isEnough = newestKnown === undefined && found.length > 0;
    if (reached || isEnough || shortPages >= (known === undefined ? MOST_SHORT_PAGES_AT_FIRST : 1)) break;
  }
  const coveredTo = cursor === undefined ? LOWEST_ID : (found.at(-1)?.generation_id ?? HIGHEST_ID);
  const ids = new Set(found.map((seen) => seen.generation_id));
  const looked = await lookAtMissing(client, options, known, ids, coveredTo);
  const caughtUp = known !== undefined && (reached || (shortPages > 0 && Date.now() - known.readAt < SURE_FOR_MS));
  return {
    generations: [...found, ...looked.generations],
    older: cursor ?? null,
    coveredTo,
    gone: looked.gone,
    readAt: Date.now(),
    fresh: true,
    caughtUp,
  };
}

/** With outputs, a page may be short because they are large: then only an empty page means that few matched. */
function isShort(length: number, { filter, pageSize }: ReadOptions): boolean {
  return length < (filter.fields === undefined ? pageSize : 1);
}

/**
 * Read one more page. If it is empty but the list continues, because a filter excludes most entries, read the next one.
 */
export async function readOlder(
  client: Reader,
  options: ReadOptions,
  cursor: string,
): Promise<{ generations: ListedGeneration[]; next_cursor: string | null }> {
  const found: ListedGeneration[] = [];
  let next: string | null = cursor;
  while (next !== null && found.length === 0) {
    const page = await readPage(client, options, next);
    found.push(...page.generations);
    next = following(page, next) ?? null;
  }
  return { generations: found, next_cursor: next };
}

function readPage(client: Reader, { filter, pageSize, signal }: ReadOptions, cursor: string | undefined) {
  return client.listGenerations({ ...filter, limit: pageSize, cursor, signal });
}

/**
 * Find out why a reading lacks entries that it should have: dismissed in another tab, or no longer matching the filter.
 */
async function lookAtMissing(
  client: Reader,
  { filter, signal }: ReadOptions,
  known: FeedState | undefined,
  found: ReadonlySet<string>,
  coveredTo: string,
): Promise<{ generations: ListedGeneration[]; gone: string[] }> {
  const missing = (known?.generations ?? []).filter(
    (held) => held.generation_id >= coveredTo && !found.has(held.generation_id) && mayBeHere(filter, held),
  );
  const looked = await Promise.all(missing.map((held) => lookAt(client, filter, held.generation_id, signal)));
  const there = looked.filter((seen) => seen !== undefined && seen.dismissed_at === undefined) as ListedGeneration[];
  const kept = new Set(there.map((seen) => seen.generation_id));
  return { generations: there, gone: missing.map((held) => held.generation_id).filter((id) => !kept.has(id)) };
}

/** Whether the server would list the known state: if it no longer matches the filter, its absence is explained. */
function mayBeHere(filter: FeedFilter, held: ListedGeneration): boolean {
  return matches(filter, held) || !hasEnded(held);
}

async function lookAt(
  client: Reader,
  filter: FeedFilter,
  id: string,
  signal: AbortSignal | undefined,
): Promise<ListedGeneration | undefined> {
  try {
    return asListed(await client.getGeneration(id, { signal }), filter);
  } catch (error) {
    if (error instanceof UnstuckError && error.code === "not_found") return undefined;
    throw error;
  }
}
