/** The live feed: the known entries, merged with recent submits, under keys that do not change. */
import {
  focusManager,
  type QueryClient,
  type UseQueryResult,
  useMutation,
  useQueries,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef } from "react";
import type { Client } from "../client.js";
import type { UnstuckError } from "../errors.js";
import { type FeedReading, type FeedState, matches, merged, openBelow, withOlder } from "../feed.js";
import { madeAt } from "../ids.js";
import { readNewest, readOlder } from "../reading.js";
import { hasEnded } from "../statuses.js";
import type { CreateRequest, FeedFilter, Generation, ListedGeneration } from "../types.js";
import { keys } from "./keys.js";
import { useLive } from "./live.js";
import { looking, remaining, type Standing, useStanding } from "./looking.js";
import { useUnstuck } from "./provider.js";
import { repeating } from "./repeating.js";
import { type Sent, useSent } from "./sent.js";
import { bestOf, generationQuery, hear, learn } from "./snapshots.js";

export interface UseGenerationFeedOptions extends FeedFilter {
  /** How many to read at a time, 1 to 100; 20 if absent. With `fields` 1 to 25, and 10. */
  pageSize?: number;
}

export interface FeedEntry {
  /** Stays the same from the click to the end. Use it as React's key. */
  key: string;
  /** `sending` and `refused` have no generation yet; `accepted` has one once it was read. */
  state: "sending" | "refused" | "accepted";
  /** With `fields: "output"`, it has its output, or `output_omitted`: then `useGeneration` has it. */
  generation: ListedGeneration | undefined;
  generationId: string | undefined;
  kind: string;
  session_id: string | undefined;
  createdAt: Date;
  /** The request, if this page submitted it. */
  request: CreateRequest | undefined;
  /** Why it was refused: useCreateGeneration's `resend` and `discard` take the entry's key. */
  error: UnstuckError | undefined;
}

export interface UseGenerationFeedResult extends Standing {
  /** Newest first. An entry keeps its place until it is dismissed, discarded or expired. */
  entries: FeedEntry[];
  isFetching: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  /** Whether changes are pushed right now. Polling continues underneath. */
  live: boolean;
  /** Read one more page of older ones. Does nothing while a page loads, or at the end. */
  fetchNextPage: () => void;
  refetch: () => Promise<unknown>;
}

const NO_ENTRY_OPEN_SECONDS = 20;
const ENTRY_OPEN_SECONDS = 2;
/** While changes are pushed. */
const LIVE_SECONDS = 300;
const LIVE_PENDING_SECONDS = 10;

export function useGenerationFeed(options: UseGenerationFeedOptions = {}): UseGenerationFeedResult {
  const { session_id, status, kind, fields, pageSize = fields === undefined ? 20 : 10 } = options;
  const client = useUnstuck();
  const queries = useQueryClient();
  const filter = useMemo(() => filterOf({ session_id, status, kind, fields }), [session_id, status, kind, fields]);
  const query = useFeedQuery(client, queries, filter, pageSize);
  const feed = query.data;
  const live = usePushes(client, queries, query);
  useQueries({
    queries: openBelow(feed).map((id) => generationQuery(client, queries, id)),
    combine: () => undefined, // they pass on to the feed what they learn
  });
  const older = useMutation<void, UnstuckError, string>({
    ...repeating(),
    mutationFn: async (cursor) => {
      const page = await readOlder(client, { filter, pageSize }, cursor);
      share(client, queries, page.generations);
      queries.setQueryData<FeedState>(keys.feed(filter), (known) => known && withOlder(known, cursor, page));
    },
  });
  const sent = useSent();
  const standing = useStanding(queries, keys.feed(filter), query);
  const entries = useMemo(() => entriesOf(feed, filter, sent), [feed, filter, sent]);
  const { mutate: readMore, isPending: isFetchingNextPage } = older;
  const cursor = feed?.older ?? null;
  const asked = useRef<string>(undefined); // isPending is only known at the next render
  const fetchNextPage = useCallback(() => {
    if (cursor === null || asked.current === cursor) return;
    asked.current = cursor;
    readMore(cursor, {
      onSettled: () => {
        asked.current = undefined;
      },
    });
  }, [cursor, readMore]);
  return {
    entries,
    ...standing,
    isFetching: query.isFetching,
    error: standing.error ?? older.error,
    hasNextPage: cursor !== null,
    isFetchingNextPage,
    live,
    fetchNextPage,
    refetch: query.refetch,
  };
}

function useFeedQuery(client: Client, queries: QueryClient, filter: FeedFilter, pageSize: number) {
  const queryKey = keys.feed(filter);
  return useQuery<FeedState, UnstuckError>({
    queryKey,
    queryFn: async ({ signal }) => {
      const known = queries.getQueryData<FeedState>(queryKey);
      const read = await readNewest(client, { filter, pageSize, signal }, known);
      client.changes.learned?.(read.generations);
      share(client, queries, read.generations);
      return { ...read, generations: read.generations.map((listed) => bestOf(queries, filter, listed)) };
    },
    // A reading is merged at the moment when it is stored, so no write in between is lost.
    structuralSharing: (known, next) => (isReading(next) ? merged(known as FeedState | undefined, next) : next),
    ...looking(({ state }) => {
      const feed = state.data as FeedState | undefined;
      return feed && remaining(state.fetchStatus === "idle" ? feed.readAt : Date.now(), paceOf(client, feed));
    }),
  });
}

/** Everything else that shows one of these generations gets the state that the list has. */
function share(client: Client, queries: QueryClient, listed: readonly ListedGeneration[]): void {
  for (const seen of listed) learn(client, queries, seen);
}

/**
 * Take in pushed changes. When pushing starts or stops, read the feed again: nothing pushes the changes that happened
 * in between.
 */
function usePushes(client: Client, queries: QueryClient, { refetch, isFetching }: UseQueryResult): boolean {
  useEffect(() => client.changes.subscribeAll?.((next) => hear(client, queries, next)), [client, queries]);
  const isLive = useLive(client);
  const wasLive = useRef(isLive);
  useEffect(() => {
    if (wasLive.current === isLive) return;
    wasLive.current = isLive;
    if (!focusManager.isFocused()) return;
    // A running read began earlier and may finish: it may be the first.
    if (isFetching) void refetch({ cancelRefetch: false }).then(() => refetch());
    else void refetch();
  }, [isLive, refetch, isFetching]);
  return isLive;
}

/** Return in how many seconds to read the newest page again: set by the entries on it that may end first. */
function paceOf(client: Client, feed: FeedState): number {
  const isLive = client.changes.isLive?.() ?? false;
  const open = feed.generations.filter((seen) => seen.generation_id >= feed.coveredTo && !hasEnded(seen));
  const after = (generation: ListedGeneration): number => {
    const patience = isLive && generation.status === "pending" ? untilStart(client, generation) : ENTRY_OPEN_SECONDS;
    const lookAfterSeconds = Math.max(patience, waits(client, generation));
    const seen = { generation, etag: undefined, seenAt: feed.readAt, lookAfterSeconds };
    return client.changes.lookAfter(seen) ?? lookAfterSeconds;
  };
  return Math.min(isLive ? LIVE_SECONDS : NO_ENTRY_OPEN_SECONDS, ...open.map(after));
}

/** In how many seconds to look at one whose start would be pushed: when its message counts as lost, ten at most. */
function untilStart(client: Client, { next_at: next }: Generation): number {
  const seconds = next === undefined ? 0 : (Date.parse(next) - client.now()) / 1000;
  return Math.min(Math.max(seconds, ENTRY_OPEN_SECONDS), LIVE_PENDING_SECONDS);
}

/** How many more seconds an open one only waits for its next attempt; 0 if it may end at any moment. */
function waits(client: Client, { state, next_at: next }: Generation): number {
  if (next === undefined || (state !== "waiting_to_retry" && state !== "waiting_for_provider")) return 0;
  return (Date.parse(next) - client.now()) / 1000;
}

function entriesOf(feed: FeedState | undefined, filter: FeedFilter, sent: readonly Sent[]): FeedEntry[] {
  const generations = feed?.generations ?? [];
  const ours = pair(generations, sent);
  const shown = generations.map((generation) => {
    const entry = ours.get(generation.generation_id);
    return { rank: entry?.rank ?? madeAt(generation.generation_id), entry: entryOf(generation, entry) };
  });
  const paired = new Set(ours.values());
  const gone = new Set(feed?.gone);
  const waiting = sent
    .filter((entry) => !paired.has(entry) && !gone.has(entry.generationId ?? "") && matches(filter, headOf(entry)))
    .map((entry) => ({ rank: entry.rank, entry: entryOf(undefined, entry) }));
  // Sorting is stable: entries of the same millisecond stay in the order of their ids.
  return [...waiting, ...shown].sort((one, other) => other.rank - one.rank).map(({ entry }) => entry);
}

/** Find the generation of each submit: by its id once known, before that by its client_id. */
function pair(generations: readonly ListedGeneration[], sent: readonly Sent[]): Map<string, Sent> {
  const byId = new Map(
    sent.flatMap((entry) => (entry.generationId === undefined ? [] : [[entry.generationId, entry]])),
  );
  const byClientId = new Map(
    sent.filter((entry) => entry.generationId === undefined).map((entry) => [entry.clientId, entry]),
  );
  const found = new Map<string, Sent>();
  for (const { generation_id: id, client_id: clientId } of generations) {
    const entry = byId.get(id) ?? byClientId.get(clientId ?? "");
    if (entry === undefined) continue;
    byClientId.delete(entry.clientId);
    found.set(id, entry);
  }
  return found;
}

function entryOf(generation: ListedGeneration | undefined, sent: Sent | undefined): FeedEntry {
  return {
    key: sent?.clientId ?? generation?.generation_id ?? "",
    state: generation === undefined ? (sent?.state ?? "sending") : "accepted",
    generation,
    generationId: generation?.generation_id ?? sent?.generationId,
    kind: generation?.kind ?? sent?.request.kind ?? "flashcards",
    session_id: generation?.session_id ?? sent?.request.session_id ?? undefined,
    createdAt: generation === undefined ? new Date(sent?.rank ?? 0) : new Date(generation.created_at),
    request: sent?.request,
    error: generation === undefined ? sent?.error : undefined,
  };
}

function headOf({ request }: Sent): Pick<Generation, "session_id" | "status" | "kind"> {
  return { kind: request.kind ?? "flashcards", session_id: request.session_id ?? undefined, status: "pending" };
}

function isReading(value: unknown): value is FeedReading {
  return typeof value === "object" && value !== null && "fresh" in value;
}

function filterOf(filter: { [Name in keyof FeedFilter]: FeedFilter[Name] | undefined }): FeedFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
