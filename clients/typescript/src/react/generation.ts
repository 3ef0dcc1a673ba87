/** Following one generation, with its timeline and input. */
import { skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import type { PartialOutput } from "../changes.js";
import { mayLookAgain } from "../pacing.js";
import { hasEnded } from "../statuses.js";
import type { GenerationDetail, GenerationInput, Timeline } from "../types.js";
import { keys } from "./keys.js";
import { type QueryResult, useRead } from "./lists.js";
import { useLive } from "./live.js";
import { looking, remaining, type Standing, useStanding } from "./looking.js";
import { useUnstuck } from "./provider.js";
import { generationQuery, receive } from "./snapshots.js";

export interface UseGenerationResult extends Standing {
  /** The newest known state, never older than before. */
  data: GenerationDetail | undefined;
  isFetching: boolean;
  /** The text that the model has written so far: provisional, show it as plain text. Undefined if there is none. */
  partial: PartialOutput | undefined;
  /** Whether changes are pushed now. Polling continues underneath. */
  live: boolean;
  /** Whether looks continue: it is open, and the service has not said that it does not exist. */
  isFollowing: boolean;
  /** When the last response arrived, by this machine's clock. */
  seenAt: Date | undefined;
  /** When the next poll is due, by this machine's clock, if the tab is visible. */
  nextLookAt: Date | undefined;
  /** The age of the last heartbeat, in seconds by the server's clock; undefined while no worker holds it. */
  heartbeatAgeSeconds: () => number | undefined;
  refetch: () => Promise<unknown>;
}

/** Follow a generation until it ends. `id` may be undefined while there is none. */
export function useGeneration(id: string | undefined): UseGenerationResult {
  const client = useUnstuck();
  const queries = useQueryClient();
  const query = useQuery({ ...generationQuery(client, queries, id ?? ""), enabled: id !== undefined });
  const standing = useStanding(queries, keys.generation(id ?? ""), query);
  const snapshot = query.data;
  const generation = snapshot?.generation;
  const isOpen = generation !== undefined && !hasEnded(generation);
  const [partial, setPartial] = useState<PartialOutput>();
  useEffect(() => {
    if (id === undefined || !isOpen) return undefined;
    const unsubscribe = client.changes.subscribe?.(id, (next) => receive(queries, next), setPartial);
    return () => {
      unsubscribe?.();
      setPartial(undefined);
    };
  }, [client, queries, id, isOpen]);
  const live = useLive(client);

  const heartbeatAgeSeconds = useCallback(() => {
    if (generation?.status !== "running" || generation.heartbeat_at === undefined) return undefined;
    return Math.max(0, (client.now() - Date.parse(generation.heartbeat_at)) / 1000);
  }, [client, generation]);
  const seconds = snapshot === undefined ? undefined : client.changes.lookAfter(snapshot);
  return {
    data: generation,
    ...standing,
    partial: isOpen && isOf(generation, partial) ? partial : undefined,
    live,
    isFetching: query.isFetching,
    isFollowing: isOpen && (standing.error === null || mayLookAgain(standing.error)),
    seenAt: snapshot && new Date(snapshot.seenAt),
    nextLookAt: snapshot && seconds !== undefined ? new Date(snapshot.seenAt + seconds * 1000) : undefined,
    heartbeatAgeSeconds,
    refetch: query.refetch,
  };
}

/** Whether the text is of this attempt. Another attempt's text no longer counts, or its start is not known yet. */
function isOf({ generation_id: id, attempt }: GenerationDetail, partial: PartialOutput | undefined): boolean {
  return partial?.generation_id === id && partial.attempt === attempt;
}

export type UseGenerationEventsResult = QueryResult<Timeline>;

const EVENTS_SECONDS = 5;

/** The timeline. Read again with each new version of the generation, and now and then while it is open. */
export function useGenerationEvents(
  id: string | undefined,
  options: { results?: boolean } = {},
): UseGenerationEventsResult {
  const client = useUnstuck();
  const generation = useGeneration(id).data;
  const results = options.results ?? false;
  const version = generation?.version ?? 0;
  const open = generation !== undefined && !hasEnded(generation);
  const query = useRead<Timeline>({
    queryKey: keys.events(id ?? "", results),
    queryFn: id === undefined ? skipToken : ({ signal }) => client.listEvents(id, { results, signal }),
    ...looking(({ state }) =>
      open ? remaining(state.fetchStatus === "idle" ? state.dataUpdatedAt : Date.now(), EVENTS_SECONDS) : undefined,
    ),
  });
  const { refetch, data, dataUpdatedAt } = query;
  const behind = data !== undefined && data.version < version;
  // Let a running read finish. If versions come faster than reads, none would finish otherwise. A version that arrives
  // meanwhile runs the effect once again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each reading that is behind still asks for the next
  useEffect(() => {
    if (behind && version > 0) void refetch({ cancelRefetch: false });
  }, [behind, version, dataUpdatedAt, refetch]);
  return query;
}

export type UseGenerationInputResult = QueryResult<GenerationInput>;

/** The input. It never changes. */
export function useGenerationInput(id: string | undefined): UseGenerationInputResult {
  const client = useUnstuck();
  return useRead<GenerationInput>({
    queryKey: keys.input(id ?? ""),
    queryFn: id === undefined ? skipToken : ({ signal }) => client.getInput(id, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    ...looking(),
  });
}
