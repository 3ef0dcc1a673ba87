/** Reads a feed's pages from the server: the newest again, down to what is known, or one more of the older ones. */
import type { Client } from "./client.js";
import { UnstuckError } from "./errors.js";
import { asListed, type FeedReading, type FeedState, matches } from "./feed.js";
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

/** A page that is short though the list goes on: the service has read hundreds to make it, and found few that fit. */
const MOST_SHORT_PAGES_AT_FIRST = 4;
/** For this long nobody makes more than the service reads for one such page. */
const SURE_FOR_MS = 10 * 60_000;

/** Read the newest page, and on until what is known is reached; not the whole history where a filter leaves most out. */
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

/** With outputs a page may be short because those are large: then only an empty one says that little was found. */
function isShort(length: number, { filter, pageSize }: ReadOptions): boolean {
  return length < (filter.fields === undefined ? pageSize : 1);
}

/** Read one more page. It may be empty and the list go on, where a filter leaves most out: then the next one is read. */
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
    next = page.next_cursor;
  }
  return { generations: found, next_cursor: next };
}

function readPage(client: Reader, { filter, pageSize, signal }: ReadOptions, cursor: string | undefined) {
  return client.listGenerations({ ...filter, limit: pageSize, cursor, signal });
}

/** Find out what became of those that a reading should have shown: dismissed in another tab, or fallen out of the filter. */
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

/** Whether the server would list it as we know it: one that left the filter is missing for a reason that is known. */
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
