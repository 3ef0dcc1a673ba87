/** How every query of the hooks is asked again: at its own pace while all is well, with backoff while it is not. Never stuck. */
import { onlineManager, type QueryClient, type QueryKey } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { UnstuckError } from "../errors.js";
import { backoff, mayLookAgain } from "../pacing.js";

const SHORTEST_INTERVAL_MS = 100;

/** What is wrong with a query since its last good answer. TanStack forgets it at the next try, before that has answered. */
interface Trouble {
  readonly error: UnstuckError;
  /** How many looks in a row have failed, and how many ever. */
  readonly failures: number;
  readonly ever: number;
  /** How long to wait before the next. */
  readonly seconds: number;
  /** Since when no answer comes at all, by this machine's clock. */
  readonly silentSince: number | undefined;
}

/** As much of a query as this looks at, whatever it holds. */
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

/** Options of every query: `paceMs` is in how many milliseconds to look again while all is well, undefined: not at all. */
export function looking(paceMs: (query: Asked) => number | undefined = () => undefined) {
  return {
    networkMode: "always", // a browser's word that it is offline is one thing, whether the service answers another
    refetchOnReconnect: true,
    refetchIntervalInBackground: false,
    retry: false, // a retry that waits cannot be woken: a failed look is one that is looked again after
    refetchInterval: (query: Asked) => {
      const trouble = troubleOf(query);
      if (trouble === undefined) return paceMs(query) ?? false;
      return mayLookAgain(trouble.error) && remaining(query.state.errorUpdatedAt, trouble.seconds);
    },
  } as const;
}

/**
 * Return how many milliseconds of `seconds` since `since` are left. The timer begins anew with each write to the cache, so a
 * fixed length would never run out where writes come more often.
 */
export function remaining(since: number, seconds: number): number {
  return Math.max(since + seconds * 1000 - Date.now(), SHORTEST_INTERVAL_MS);
}

export interface Standing {
  /** Why the last look failed, though it may be repeated on its own; `data` stays. */
  error: UnstuckError | null;
  /** Whether there is nothing to show yet, and something may still come. */
  isPending: boolean;
  /** Whether no answer comes at all: the browser is offline, or the service is out of reach. What is shown is of before. */
  isPaused: boolean;
  /** Since when that is so. */
  pausedSince: Date | undefined;
}

/** Return how a query stands, its troubles included. */
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

/** Whether a query failed for want of a token that is taken. */
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
