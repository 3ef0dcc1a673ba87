/** Cards, usage, kinds and health: what is read as it stands. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { UnstuckError } from "../errors.js";
import type { KindSchema } from "../kinds.js";
import { backoff, mayRepeat } from "../pacing.js";
import type { Card, Cards, Health, UsageOfMonth } from "../types.js";
import { keys } from "./keys.js";
import { useUnstuck } from "./provider.js";

export interface QueryResult<Data> {
  data: Data | undefined;
  error: UnstuckError | null;
  isPending: boolean;
  isFetching: boolean;
  refetch: () => Promise<unknown>;
}

const retrying = {
  retry: (_failures: number, error: UnstuckError) => mayRepeat(error),
  retryDelay: (failures: number, error: UnstuckError) => backoff(failures + 1, error) * 1000,
};

export interface UseCardsOptions {
  session_id?: string;
  /** How many to read at a time, 1 to 100; 20 if absent. */
  pageSize?: number;
}

export interface UseCardsResult {
  /** Newest first. */
  cards: Card[];
  isPending: boolean;
  isFetching: boolean;
  error: UnstuckError | null;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => void;
  refetch: () => Promise<unknown>;
}

/** The accepted suggestions; read anew when a review changes them. */
export function useCards({ session_id, pageSize = 20 }: UseCardsOptions = {}): UseCardsResult {
  const client = useUnstuck();
  const query = useInfiniteQuery({
    queryKey: [...keys.cards, { session_id, pageSize }] as const,
    queryFn: ({ pageParam, signal }): Promise<Cards> =>
      client.listCards({ session_id, limit: pageSize, cursor: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Cards) => page.next_cursor ?? undefined,
    ...retrying,
  });
  const cards = useMemo(() => distinct(query.data?.pages ?? []), [query.data]);
  const { isPending, isFetching, hasNextPage, isFetchingNextPage, refetch } = query;
  const error = query.error ?? query.failureReason;
  const fetchNextPage = (): void => {
    if (hasNextPage && !isFetching) void query.fetchNextPage();
  };
  return { cards, isPending, isFetching, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch };
}

function distinct(pages: readonly Cards[]): Card[] {
  return [...new Map(pages.flatMap((page) => page.cards).map((card) => [card.card_id, card])).values()];
}

/** One month's usage, `month` as YYYY-MM or this one, and where the caller stands with the limits. */
export function useUsage({ month }: { month?: string } = {}): QueryResult<UsageOfMonth> {
  const client = useUnstuck();
  const query = useQuery<UsageOfMonth, UnstuckError>({
    queryKey: [...keys.usage, month ?? ""],
    queryFn: ({ signal }) => client.getUsage(month === undefined ? { signal } : { month, signal }),
    ...retrying,
  });
  return resultOf(query);
}

/** The kinds that this deployment makes, with the JSON Schema of what each takes, from the document that it serves. */
export function useKinds(): QueryResult<KindSchema[]> {
  const client = useUnstuck();
  const query = useQuery<KindSchema[], UnstuckError>({
    queryKey: keys.kinds,
    queryFn: ({ signal }) => client.kinds({ signal }),
    staleTime: 5 * 60_000,
    ...retrying,
  });
  return resultOf(query);
}

/** Whether the machinery turns; looked at every 15 s in a tab that is seen. */
export function useHealth(): QueryResult<Health> {
  const client = useUnstuck();
  const query = useQuery<Health, UnstuckError>({
    queryKey: keys.health,
    queryFn: ({ signal }) => client.getHealth({ signal }),
    refetchInterval: 15_000,
    ...retrying,
  });
  return resultOf(query);
}

interface Query<Data> extends QueryResult<Data> {
  failureReason: UnstuckError | null;
}

function resultOf<Data>({
  data,
  error,
  failureReason,
  isPending,
  isFetching,
  refetch,
}: Query<Data>): QueryResult<Data> {
  return { data, error: error ?? failureReason, isPending, isFetching, refetch };
}
