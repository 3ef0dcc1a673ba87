/** The submits of this page, from the click on: the optimistic entries of its feeds. Kept in the QueryClient. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Client } from "../client.js";
import { type ErrorFacts, UnstuckError } from "../errors.js";
import type { FeedState } from "../feed.js";
import { madeAt } from "../ids.js";
import type { CreateRequest } from "../types.js";
import { keys } from "./keys.js";
import { submitsOf } from "./submits.js";

export interface Sent {
  /** Sent along to recognise the generation; the entry's key from the first moment on. */
  readonly clientId: string;
  readonly idempotencyKey: string;
  /** The request as sent, without the user's own key. */
  readonly request: CreateRequest;
  /** Whether such a key was sent along. */
  readonly hadKey: boolean;
  readonly state: "sending" | "accepted" | "refused";
  /** Its place among others, in milliseconds: later than everything known when it was sent. */
  readonly rank: number;
  /** The user it belongs to, once known; see `Owner`. */
  readonly subject?: string | undefined;
  readonly generationId?: string;
  readonly error?: UnstuckError;
}

const NONE: readonly Sent[] = [];

export function useSent(): readonly Sent[] {
  const queries = useQueryClient();
  const { data } = useQuery({
    queryKey: keys.sent,
    queryFn: () => NONE,
    enabled: false,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return useMemo(() => (data ?? NONE).map((entry) => asItIs(queries, entry)), [queries, data]);
}

export function sentIn(queries: QueryClient): readonly Sent[] {
  return (queries.getQueryData<readonly Sent[]>(keys.sent) ?? NONE).map((entry) => asItIs(queries, entry));
}

/** Add one, or replace the one with its client_id. */
export function putSent(queries: QueryClient, entry: Sent): void {
  queries.setQueryDefaults(keys.sent, { gcTime: Number.POSITIVE_INFINITY });
  queries.setQueryData<readonly Sent[]>(keys.sent, (all = NONE) => {
    const rest = all.filter((other) => other.clientId !== entry.clientId);
    return [...rest, entry];
  });
}

/** Change one; return false if it no longer exists: discarded, or cleared for the next user. */
export function changeSent(queries: QueryClient, clientId: string, change: (entry: Sent) => Sent): boolean {
  const held = sentIn(queries).find((entry) => entry.clientId === clientId);
  if (held !== undefined) putSent(queries, change(held));
  return held !== undefined;
}

export function dropSent(queries: QueryClient, clientId: string): void {
  submitsOf(queries).delete(clientId);
  queries.setQueryData<readonly Sent[]>(keys.sent, (all = NONE) => all.filter((other) => other.clientId !== clientId));
}

/** Return a rank after all visible entries. */
export function nextRank(client: Client, queries: QueryClient): number {
  const newest = queries
    .getQueriesData<FeedState>({ queryKey: keys.feeds })
    .map(([, feed]) => feed?.generations[0])
    .map((generation) => (generation === undefined ? 0 : madeAt(generation.generation_id)));
  const sent = sentIn(queries).map((entry) => entry.rank);
  return Math.max(client.now(), ...newest.map((ms) => ms + 1), ...sent.map((ms) => ms + 1));
}

/** Return an entry that may come from a cache older than this page: no send is running, and its error is data. */
function asItIs(queries: QueryClient, entry: Sent): Sent {
  if (entry.state === "sending" && submitsOf(queries).get(entry.clientId)?.answer === undefined) {
    const message = "The page was left before the service had answered. Send it again: nothing starts twice.";
    return { ...entry, state: "refused", error: new UnstuckError({ code: "interrupted", message }) };
  }
  if (entry.error === undefined || entry.error instanceof UnstuckError) return entry;
  return { ...entry, error: new UnstuckError(entry.error as ErrorFacts) };
}
