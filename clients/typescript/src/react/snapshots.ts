/**
 * One generation's state in the QueryClient. Every reader puts its state here, and an older one never replaces a newer
 * one.
 */
import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { isOlder, newer, type Snapshot } from "../changes.js";
import type { Client } from "../client.js";
import type { UnstuckError } from "../errors.js";
import { asListed, type FeedState, isShownBy, withGeneration } from "../feed.js";
import { lookAfterEnd } from "../pacing.js";
import { hasEnded } from "../statuses.js";
import type { FeedFilter, GenerationDetail, ListedGeneration } from "../types.js";
import { keys } from "./keys.js";
import { looking, remaining } from "./looking.js";

/** For how long an ended generation is not read again when it is shown again; pictures' URLs stay valid longer. */
const ENDED_FRESH_MS = 60_000;
const SOON_SECONDS = 0.1;

/** How a generation is queried: by the server's hint while it is open, in a visible tab, and never after its end. */
export function generationQuery(client: Client, queries: QueryClient, id: string) {
  const queryKey = keys.generation(id);
  return queryOptions<Snapshot, UnstuckError, Snapshot, typeof queryKey>({
    queryKey,
    queryFn: async ({ signal }) => {
      const seen = await client.changes.look(id, queries.getQueryData<Snapshot>(queryKey), signal);
      tellFeeds(queries, seen.generation);
      return seen;
    },
    // Sees every write to the cache, so it also drops a late answer that a newer one has overtaken.
    structuralSharing: (known, next) => newer(known as Snapshot | undefined, next as Snapshot),
    staleTime: (query) => (query.state.data && hasEnded(query.state.data.generation) ? ENDED_FRESH_MS : 0),
    ...looking(({ state }) => {
      const seen = state.data as Snapshot | undefined;
      const seconds = seen && client.changes.lookAfter(seen);
      return seconds && remaining(state.fetchStatus === "idle" ? seen.seenAt : Date.now(), seconds);
    }),
  });
}

/** Put in a pushed state. */
export function receive(queries: QueryClient, next: Snapshot): void {
  tellFeeds(queries, next.generation);
  const id = next.generation.generation_id;
  queries.setQueryData<Snapshot>(keys.generation(id), (known) => newer(known, next));
}

/**
 * Put in a pushed state of any generation. An ended one without its output goes only into the feeds. Hooks that show
 * more of it read it, as do feeds that show outputs.
 */
export function hear(client: Client, queries: QueryClient, next: Snapshot): void {
  const { generation } = next;
  const queryKey = keys.generation(generation.generation_id);
  const known = queries.getQueryData<Snapshot>(queryKey)?.generation;
  if (!next.isPushed || !hasEnded(generation)) {
    if (known === undefined) tellFeeds(queries, generation);
    else receive(queries, next);
    return;
  }
  tellFeeds(queries, generation);
  if (known !== undefined && isOlder(known, generation)) void queries.invalidateQueries({ queryKey, exact: true });
  else if (known === undefined && isShownWithOutput(queries, generation))
    void queries.prefetchQuery(generationQuery(client, queries, generation.generation_id));
}

/** Whether a feed that shows outputs has it, and waits for its output. */
function isShownWithOutput(queries: QueryClient, seen: GenerationDetail): boolean {
  return queries
    .getQueriesData<FeedState>({ queryKey: keys.feeds })
    .some(
      ([queryKey, feed]) =>
        !isShownBy(queryKey[2] as FeedFilter, seen) &&
        feed?.generations.some((held) => held.generation_id === seen.generation_id && isOlder(held, seen)),
    );
}

/** Put in another call's answer about a generation, unless a newer one is known. */
export function learn(client: Client, queries: QueryClient, listed: ListedGeneration): void {
  const { output_omitted: _omitted, ...seen } = listed;
  tellFeeds(queries, listed);
  queries.setQueryData<Snapshot>(keys.generation(seen.generation_id), (known) => {
    if (known === undefined || !isOlder(known.generation, seen)) return known;
    const { output, reviews } = seen.output === undefined ? known.generation : seen;
    const whole = hasEnded(seen) && (seen.status !== "succeeded" || output !== undefined);
    return newer(known, {
      generation: output === undefined ? seen : { ...seen, output, ...(reviews !== undefined && { reviews }) },
      etag: undefined,
      seenAt: Date.now(),
      lookAfterSeconds: whole ? lookAfterEnd(seen, client.now()) : SOON_SECONDS,
    });
  });
}

/** Show this state of a generation in all feeds that have it. */
export function tellFeeds(queries: QueryClient, seen: GenerationDetail | ListedGeneration): void {
  for (const [queryKey, feed] of queries.getQueriesData<FeedState>({ queryKey: keys.feeds })) {
    const filter = queryKey[2] as FeedFilter;
    const head = asListed(seen, filter);
    if (feed === undefined || withGeneration(feed, filter, head) === feed) continue;
    queries.setQueryData<FeedState>(queryKey, (known) => known && withGeneration(known, filter, head));
  }
}

/** Return the newest known state of a generation: the list's, or a newer one that was read alone. */
export function bestOf(queries: QueryClient, filter: FeedFilter, listed: ListedGeneration): ListedGeneration {
  const known = queries.getQueryData<Snapshot>(keys.generation(listed.generation_id))?.generation;
  if (known === undefined || !isOlder(listed, known)) return listed;
  const newer = asListed(known, filter);
  return isShownBy(filter, newer) ? newer : listed;
}
