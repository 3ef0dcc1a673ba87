/** One generation's state in the QueryClient. Whoever learns of one puts it here, and no older one ever takes its place. */
import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { newer, type Snapshot } from "../changes.js";
import type { Client } from "../client.js";
import type { UnstuckError } from "../errors.js";
import { type FeedState, withGeneration } from "../feed.js";
import { backoff, mayRepeat } from "../pacing.js";
import { type FeedFilter, type Generation, type GenerationDetail, hasEnded } from "../types.js";
import { keys } from "./keys.js";

/** For how long what has ended is not asked for again when it is shown anew; pictures' URLs live longer than that. */
const ENDED_FRESH_MS = 60_000;
const SHORTEST_INTERVAL_MS = 100;
const SOON_SECONDS = 0.1;

/** How a generation is queried: by the server's hint while it is open, in a tab that is seen, and never after its end. */
export function generationQuery(client: Client, queries: QueryClient, id: string) {
  const queryKey = keys.generation(id);
  return queryOptions<Snapshot, UnstuckError, Snapshot, typeof queryKey>({
    queryKey,
    queryFn: async ({ signal }) => {
      const seen = await client.changes.look(id, queries.getQueryData<Snapshot>(queryKey), signal);
      tellFeeds(queries, seen.generation);
      return seen;
    },
    // Sees every write to the cache, so that an answer which was overtaken while it was under way is dropped, too.
    structuralSharing: (known, next) => newer(known as Snapshot | undefined, next as Snapshot),
    refetchInterval: (query) => {
      const { data, status, fetchStatus } = query.state;
      const seconds = data === undefined ? undefined : client.changes.lookAfter(data);
      if (data === undefined || seconds === undefined || status === "error") return false;
      return remaining(fetchStatus === "idle" ? data.seenAt : Date.now(), seconds);
    },
    refetchIntervalInBackground: false,
    staleTime: (query) => (query.state.data && hasEnded(query.state.data.generation) ? ENDED_FRESH_MS : 0),
    retry: (_failures, error) => mayRepeat(error),
    retryDelay: (failures, error) => backoff(failures + 1, error) * 1000,
  });
}

/**
 * Return how many milliseconds of `seconds` since `since` are left. The timer begins anew with each write to the cache, so a
 * fixed length would never run out where writes come more often.
 */
export function remaining(since: number, seconds: number): number {
  return Math.max(since + seconds * 1000 - Date.now(), SHORTEST_INTERVAL_MS);
}

/** Put in what came unasked. */
export function receive(queries: QueryClient, next: Snapshot): void {
  tellFeeds(queries, next.generation);
  const id = next.generation.generation_id;
  queries.setQueryData<Snapshot>(keys.generation(id), (known) => newer(known, next));
}

/** Put in what another call answered about a generation, unless something newer is known. */
export function learn(queries: QueryClient, seen: Generation): void {
  tellFeeds(queries, seen);
  queries.setQueryData<Snapshot>(keys.generation(seen.generation_id), (known) => {
    if (known === undefined) return undefined;
    const { output } = known.generation;
    const whole = hasEnded(seen) && (seen.status !== "succeeded" || output !== undefined);
    return newer(known, {
      generation: output === undefined ? seen : { ...seen, output },
      etag: undefined,
      seenAt: Date.now(),
      lookAfterSeconds: whole ? undefined : SOON_SECONDS,
    });
  });
}

function tellFeeds(queries: QueryClient, seen: GenerationDetail): void {
  const { output: _output, poll_after_seconds: _hint, stale: _stale, ...head } = seen;
  for (const [queryKey, feed] of queries.getQueriesData<FeedState>({ queryKey: keys.feeds })) {
    const filter = queryKey[2] as FeedFilter;
    if (feed === undefined || withGeneration(feed, filter, head) === feed) continue;
    queries.setQueryData<FeedState>(queryKey, (known) => known && withGeneration(known, filter, head));
  }
}
