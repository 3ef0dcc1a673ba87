/** What this page has submitted, from the click on: the optimistic entries of its feeds. Lives in the QueryClient. */
import { type QueryClient, useQuery } from "@tanstack/react-query";
import type { Client } from "../client.js";
import type { UnstuckError } from "../errors.js";
import type { FeedState } from "../feed.js";
import { madeAt } from "../ids.js";
import type { CreateRequest } from "../types.js";
import { keys } from "./keys.js";

export interface Sent {
  /** Sent along, so that the generation is known again; the entry's key from the first moment on. */
  readonly clientId: string;
  readonly idempotencyKey: string;
  readonly request: CreateRequest;
  readonly state: "sending" | "accepted" | "refused";
  /** Where it stands among others: milliseconds, later than all that was known when it was sent. */
  readonly rank: number;
  readonly generationId?: string;
  readonly error?: UnstuckError;
}

const NONE: readonly Sent[] = [];

export function useSent(): readonly Sent[] {
  const { data } = useQuery({
    queryKey: keys.sent,
    queryFn: () => NONE,
    enabled: false,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return data ?? NONE;
}

export function sentIn(queries: QueryClient): readonly Sent[] {
  return queries.getQueryData<readonly Sent[]>(keys.sent) ?? NONE;
}

/** Add or replace one, by its client_id. */
export function putSent(queries: QueryClient, entry: Sent): void {
  queries.setQueryDefaults(keys.sent, { gcTime: Number.POSITIVE_INFINITY });
  queries.setQueryData<readonly Sent[]>(keys.sent, (all = NONE) => {
    const rest = all.filter((other) => other.clientId !== entry.clientId);
    return [...rest, entry];
  });
}

export function dropSent(queries: QueryClient, clientId: string): void {
  queries.setQueryData<readonly Sent[]>(keys.sent, (all = NONE) => all.filter((other) => other.clientId !== clientId));
}

/** Return a rank after everything that is shown. */
export function nextRank(client: Client, queries: QueryClient): number {
  const newest = queries
    .getQueriesData<FeedState>({ queryKey: keys.feeds })
    .map(([, feed]) => feed?.generations[0])
    .map((generation) => (generation === undefined ? 0 : madeAt(generation.generation_id)));
  const sent = sentIn(queries).map((entry) => entry.rank);
  return Math.max(client.now(), ...newest.map((ms) => ms + 1), ...sent.map((ms) => ms + 1));
}
