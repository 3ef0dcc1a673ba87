/** Following one generation, and what belongs to it. */
import { skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";
import type { UnstuckError } from "../errors.js";
import { backoff, mayRepeat } from "../pacing.js";
import { type GenerationDetail, type GenerationInput, hasEnded, type Timeline } from "../types.js";
import { keys } from "./keys.js";
import { useUnstuck } from "./provider.js";
import { generationQuery, receive, remaining } from "./snapshots.js";

export interface UseGenerationResult {
  /** The newest state that is known; never an older one than before. */
  data: GenerationDetail | undefined;
  /** Why the last look failed, though it may be repeated on its own; `data` stays. */
  error: UnstuckError | null;
  isPending: boolean;
  isFetching: boolean;
  /** Whether looks go on: it is open, and no error ended them. */
  isFollowing: boolean;
  /** When the last answer came, by this machine's clock. */
  seenAt: Date | undefined;
  /** When the next look is due, by this machine's clock, if the tab is seen. */
  nextLookAt: Date | undefined;
  /** How old the last heartbeat is now, in seconds by the server's clock; undefined while no worker has it. */
  heartbeatAgeSeconds: () => number | undefined;
  refetch: () => Promise<unknown>;
}

/** Follow a generation to its end. `id` may be undefined as long as there is none. */
export function useGeneration(id: string | undefined): UseGenerationResult {
  const client = useUnstuck();
  const queries = useQueryClient();
  const query = useQuery({ ...generationQuery(client, queries, id ?? ""), enabled: id !== undefined });
  useEffect(() => {
    if (id === undefined) return undefined;
    return client.changes.subscribe?.(id, (next) => receive(queries, next));
  }, [client, queries, id]);

  const snapshot = query.data;
  const generation = snapshot?.generation;
  const heartbeatAgeSeconds = useCallback(() => {
    if (generation?.status !== "running" || generation.heartbeat_at === undefined) return undefined;
    return Math.max(0, (client.now() - Date.parse(generation.heartbeat_at)) / 1000);
  }, [client, generation]);
  const seconds = snapshot === undefined ? undefined : client.changes.lookAfter(snapshot);
  return {
    data: generation,
    error: query.error ?? query.failureReason,
    isPending: query.isPending,
    isFetching: query.isFetching,
    isFollowing: seconds !== undefined && !query.isError,
    seenAt: snapshot && new Date(snapshot.seenAt),
    nextLookAt: snapshot && seconds !== undefined ? new Date(snapshot.seenAt + seconds * 1000) : undefined,
    heartbeatAgeSeconds,
    refetch: query.refetch,
  };
}

export interface UseGenerationEventsResult {
  data: Timeline | undefined;
  error: UnstuckError | null;
  isPending: boolean;
}

const EVENTS_SECONDS = 5;

/** The timeline; read again with each new version of the generation, and now and then while it is open. */
export function useGenerationEvents(
  id: string | undefined,
  options: { results?: boolean } = {},
): UseGenerationEventsResult {
  const client = useUnstuck();
  const generation = useGeneration(id).data;
  const results = options.results ?? false;
  const version = generation?.version ?? 0;
  const open = generation !== undefined && !hasEnded(generation);
  const query = useQuery<Timeline, UnstuckError>({
    queryKey: keys.events(id ?? "", results),
    queryFn: id === undefined ? skipToken : ({ signal }) => client.listEvents(id, { results, signal }),
    refetchInterval: ({ state }) =>
      open && state.status !== "error"
        ? remaining(state.fetchStatus === "idle" ? state.dataUpdatedAt : Date.now(), EVENTS_SECONDS)
        : false,
    retry: (_failures, error) => mayRepeat(error),
    retryDelay: (failures, error) => backoff(failures + 1, error) * 1000,
  });
  const { refetch, dataUpdatedAt } = query;
  const behind = query.data !== undefined && query.data.version < version;
  // A reading that is under way is let finish, or where versions come faster than readings none would; what came
  // meanwhile has the effect run once more.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each reading that is behind still asks for the next
  useEffect(() => {
    if (behind && version > 0) void refetch({ cancelRefetch: false });
  }, [behind, version, dataUpdatedAt, refetch]);
  return { data: query.data, error: query.error ?? query.failureReason, isPending: query.isPending };
}

export interface UseGenerationInputResult {
  data: GenerationInput | undefined;
  error: UnstuckError | null;
  isPending: boolean;
}

/** What was sent in. It never changes. */
export function useGenerationInput(id: string | undefined): UseGenerationInputResult {
  const client = useUnstuck();
  const query = useQuery<GenerationInput, UnstuckError>({
    queryKey: keys.input(id ?? ""),
    queryFn: id === undefined ? skipToken : ({ signal }) => client.getInput(id, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: (_failures, error) => mayRepeat(error),
    retryDelay: (failures, error) => backoff(failures + 1, error) * 1000,
  });
  return { data: query.data, error: query.error ?? query.failureReason, isPending: query.isPending };
}
