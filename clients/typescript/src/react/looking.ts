/**
 * How all queries of the hooks are repeated: at their own pace while all is well, with backoff after failures. Never
 * stuck.
 */
import { onlineManager, type QueryClient, type QueryKey } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { UnstuckError } from "../errors.js";
import { backoff, mayLookAgain } from "../pacing.js";

const SHORTEST_INTERVAL_MS = 100;

/**
 * The failures of a query since its last good answer. TanStack forgets them at the next try, before that has answered.
 */
interface Trouble {
  readonly error: UnstuckError;
  /** How many looks in a row have failed, and how many in total. */
  readonly failures: number;
  readonly ever: number;
  /** How long to wait before the next. */
  readonly seconds: number;
  /** Since when no answer has come at all, by this machine's clock. */
  readonly silentSince: number | undefined;
}

/** The part of a query that is needed here, whatever it holds. */
export interface Asked {
  readonly state: {
    readonly status: "pending" | "error" | "success";
    readonly fetchStatus: "fetching" | "paused" | "idle";
    readonly data: unknown;
    readonly dataUpdatedAt: number;
    readonly error: Error | null;
    readonly errorUpdateCount: number;
    readonly errorUpdatedAt: number;
  };
}

const troubles = new WeakMap<Asked, Trouble>();

/** Options of all queries. `paceMs` is in how many milliseconds to look again while all is well; undefined: never. */
export function looking(paceMs: (query: Asked) => number | undefined = () => undefined) {
  return {
    networkMode: "always", // the browser may report offline while the service still answers
    refetchOnReconnect: true,
    refetchIntervalInBackground: false,
    retry: false, // a waiting retry cannot be woken: look again later instead
    refetchInterval: (query: Asked) => {
      const trouble = troubleOf(query);
      if (trouble === undefined) return paceMs(query) ?? false;
      return mayLookAgain(trouble.error) && remaining(query.state.errorUpdatedAt, trouble.seconds);
    },
  } as const;
}

/**
 * Return how many milliseconds of `seconds` since `since` are left. Each write to the cache restarts the timer, so a
 * fixed length would never run out if writes come more often.
 */
export function remaining(since: number, seconds: number): number {
  return Math.max(since + seconds * 1000 - Date.now(), SHORTEST_INTERVAL_MS);
}

export interface Standing {
  /** Why the last look failed, even if it will be retried; `data` stays. */
  error: UnstuckError | null;
  /** Whether there is nothing to show yet, and something may still come. */
  isPending: boolean;
  /**
   * Whether no answer comes at all: the browser is offline, or the service is unreachable. The shown data is from
   * before.
   */
  isPaused: boolean;
  /** Since when that has been so. */
  pausedSince: Date | undefined;
}

/** Return the state of a query, with its failures. */
export function useStanding(queries: QueryClient, queryKey: QueryKey, result: Shown): Standing {
  const offlineSince = useSyncExternalStore(onlineManager.subscribe, offlineAt, () => undefined);
  const query = queries.getQueryCache().find({ queryKey, exact: true });
  const trouble = query && troubleOf(query);
  const since = Math.min(trouble?.silentSince ?? Infinity, offlineSince ?? Infinity);
  const goesOn = trouble !== undefined && mayLookAgain(trouble.error);
  return {
    error: result.error ?? trouble?.error ?? null,
    isPending: result.data === undefined && (result.isPending || goesOn),
    isPaused: Number.isFinite(since),
    pausedSince: Number.isFinite(since) ? new Date(since) : undefined,
  };
}

interface Shown {
  data: unknown;
  error: UnstuckError | null;
  isPending: boolean;
}

/** Whether a query failed because it had no accepted token. */
export function waitsForToken(query: Asked): boolean {
  const error = troubleOf(query)?.error;
  return error?.status === 401 || error?.status === 403 || error?.code === "token_unavailable" || silent(error);
}

function silent(error: UnstuckError | undefined): boolean {
  return error?.code === "network_error" || error?.code === "timeout";
}

function troubleOf(query: Asked): Trouble | undefined {
  const { status, error, errorUpdateCount: ever, errorUpdatedAt } = query.state;
  const known = troubles.get(query);
  if (status === "success") troubles.delete(query);
  if (status === "success" || error === null || known?.ever === ever) return status === "success" ? undefined : known;
  const failures = (known?.failures ?? 0) + 1;
  const silentSince = silent(error as UnstuckError) ? (known?.silentSince ?? errorUpdatedAt) : undefined;
  const next = { error: error as UnstuckError, failures, ever, seconds: backoff(failures, error), silentSince };
  troubles.set(query, next);
  return next;
}

let wentOffline: number | undefined;

function offlineAt(): number | undefined {
  wentOffline = onlineManager.isOnline() ? undefined : (wentOffline ?? Date.now());
  return wentOffline;
}
