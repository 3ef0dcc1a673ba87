/** Cards, usage, kinds and health. */
import {
  type InfiniteData,
  type QueryKey,
  type UseQueryOptions,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useMemo } from "react";
import type { UnstuckError } from "../errors.js";
import type { KindSchema } from "../kinds.js";
import type { Card, Cards, Health, UsageOfMonth } from "../types.js";
import { keys } from "./keys.js";
import { looking, type Standing, useStanding } from "./looking.js";
import { useUnstuck } from "./provider.js";

const HEALTH_MS = 15_000;

export interface QueryResult<Data> extends Standing {
  data: Data | undefined;
  isFetching: boolean;
  /** When the last response arrived, by this machine's clock, in milliseconds; 0 before the first. */
  dataUpdatedAt: number;
  refetch: (options?: { cancelRefetch?: boolean }) => Promise<unknown>;
}

export interface UseCardsOptions {
  session_id?: string;
  /** How many to read at a time, 1 to 100; 20 if absent. */
  pageSize?: number;
}

export interface UseCardsResult extends Standing {
  /** Newest first. */
  cards: Card[];
  isFetching: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => void;
  refetch: () => Promise<unknown>;
}

/** The accepted suggestions. Refreshes when a review changes them. */
export function useCards({ session_id, pageSize = 20 }: UseCardsOptions = {}): UseCardsResult {
  const client = useUnstuck();
  const queries = useQueryClient();
  const queryKey = [...keys.cards, { session_id, pageSize }] as const;
  const query = useInfiniteQuery<Cards, UnstuckError, InfiniteData<Cards>, typeof queryKey, string | undefined>({
    queryKey,
    queryFn: ({ pageParam, signal }): Promise<Cards> =>
      client.listCards({ session_id, limit: pageSize, cursor: pageParam, signal }),
    initialPageParam: undefined,
    getNextPageParam: (page: Cards) => page.next_cursor ?? undefined,
    ...looking(),
  });
  const cards = useMemo(() => distinct(query.data?.pages ?? []), [query.data]);
  const { isFetching, hasNextPage, isFetchingNextPage, refetch } = query;
  const standing = useStanding(queries, queryKey, query);
  const fetchNextPage = (): void => {
    if (hasNextPage && !isFetching) void query.fetchNextPage();
  };
  return { cards, ...standing, isFetching, hasNextPage, isFetchingNextPage, fetchNextPage, refetch };
}

function distinct(pages: readonly Cards[]): Card[] {
  return [...new Map(pages.flatMap((page) => page.cards).map((card) => [card.card_id, card])).values()];
}

/** One month's usage (`month` is YYYY-MM, by default this month), and the state of the caller's limits. */
export function useUsage({ month }: { month?: string } = {}): QueryResult<UsageOfMonth> {
  const client = useUnstuck();
  return useRead<UsageOfMonth>({
    queryKey: [...keys.usage, month ?? ""],
    queryFn: ({ signal }) => client.getUsage(month === undefined ? { signal } : { month, signal }),
    ...looking(),
  });
}

/** The deployment's kinds, with the JSON Schema of each one's input, from its OpenAPI document. */
export function useKinds(): QueryResult<KindSchema[]> {
  const client = useUnstuck();
  return useRead<KindSchema[]>({
    queryKey: keys.kinds,
    queryFn: ({ signal }) => client.kinds({ signal }),
    staleTime: 5 * 60_000,
    ...looking(),
  });
}

/** The deployment's health. Refreshes every 15 s in a visible tab. */
export function useHealth(): QueryResult<Health> {
  const client = useUnstuck();
  return useRead<Health>({
    queryKey: keys.health,
    queryFn: ({ signal }) => client.getHealth({ signal }),
    ...looking(() => HEALTH_MS),
  });
}

/** Read something in its present state. */
export function useRead<Data>(
  options: UseQueryOptions<Data, UnstuckError> & { queryKey: QueryKey },
): QueryResult<Data> {
  const queries = useQueryClient();
  const query = useQuery<Data, UnstuckError>(options);
  const standing = useStanding(queries, options.queryKey, query);
  const { data, isFetching, dataUpdatedAt, refetch } = query;
  return { data, ...standing, isFetching, dataUpdatedAt, refetch };
}
