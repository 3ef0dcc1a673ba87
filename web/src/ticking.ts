// The moment that a screen shows: advances while something is open, and stops in a hidden tab.

import { useEffect, useState, useSyncExternalStore } from "react";
import { useUnstuck } from "unstuck-client/react";

/** How far this machine's clock is ahead of the client's estimate of the service's, in milliseconds. */
let ahead = 0;

export function setAhead(milliseconds: number): void {
  ahead = milliseconds;
}

export function getAhead(): number {
  return ahead;
}

/** Now by the service's clock, in milliseconds; moves every `everyMs` while `ticks`. */
export function useNow(ticks: boolean, everyMs = 250): number {
  const client = useUnstuck();
  const [now, setNow] = useState(() => client.now() - ahead);
  useEffect(() => {
    if (!ticks) return;
    const step = (): void => {
      if (!document.hidden) setNow(client.now() - ahead);
    };
    step();
    const timer = setInterval(step, everyMs);
    document.addEventListener("visibilitychange", step);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", step);
    };
  }, [client, ticks, everyMs]);
  return now;
}

const SLOW_MS = 10_000;
const listeners = new Set<() => void>();
let slowTimer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  for (const listener of listeners) listener();
}

function listen(changed: () => void): () => void {
  listeners.add(changed);
  slowTimer ??= setInterval(tick, SLOW_MS);
  return () => {
    listeners.delete(changed);
    if (listeners.size > 0) return;
    clearInterval(slowTimer);
    slowTimer = undefined;
  };
}

/** Now, to ten seconds: one clock for all rows that say how long ago something was. */
export function useSlowNow(): number {
  const client = useUnstuck();
  return useSyncExternalStore(listen, () => Math.floor(client.now() / SLOW_MS) * SLOW_MS);
}
