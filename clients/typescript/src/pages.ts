/** Reads lists page by page. A page may be short or empty without being the last: only a null cursor is the end. */
import { invalid } from "./answers.js";
import type { Client } from "./client.js";
import type { Card, FeedFilter, ListedGeneration } from "./types.js";

export interface IterateOptions {
  /** How many to read at a time: 1 to 100, with outputs 1 to 25. */
  pageSize?: number;
  signal?: AbortSignal;
}

export async function* iterateFeed(
  client: Pick<Client, "listGenerations">,
  { pageSize, ...options }: FeedFilter & IterateOptions,
): AsyncGenerator<ListedGeneration, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await client.listGenerations({ ...options, limit: pageSize, cursor });
    yield* page.generations;
    cursor = following(page, cursor);
  } while (cursor !== undefined);
}

export async function* iterateCards(
  client: Pick<Client, "listCards">,
  { pageSize, ...options }: { session_id?: string } & IterateOptions,
): AsyncGenerator<Card, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await client.listCards({ ...options, limit: pageSize, cursor });
    yield* page.cards;
    cursor = following(page, cursor);
  } while (cursor !== undefined);
}

/** Return the next page's cursor. Throw if a page leads to itself: a proxy may drop the query, and would never end. */
export function following(page: { next_cursor: string | null }, cursor: string | undefined): string | undefined {
  if (page.next_cursor !== null && page.next_cursor === cursor) throw invalid();
  return page.next_cursor ?? undefined;
}
