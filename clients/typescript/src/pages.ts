/** Reads lists page by page. A page may be short or empty without being the last: only a null cursor is the end. */
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
    cursor = page.next_cursor ?? undefined;
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
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}
