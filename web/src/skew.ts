// Estimates from heartbeats how far this machine's clock is ahead of the service's. Pure.

/** One look at a worker: its time by this machine's clock, and the heartbeat by the service's. */
export interface Look {
  seenAt: number;
  beat: number;
}

/** How long an answer may take to arrive: its state is that much older than its arrival. */
const WAY_MS = 1500;

/**
 * Returns how many milliseconds this machine's clock is ahead, starting from the previous estimate. No heartbeat is in
 * the future, and a heartbeat that is new since the previous look is not older than that look. A contradiction to
 * either is skew.
 */
export function clockAhead(believed: number, before: Look | undefined, look: Look): number {
  const apparentAge = look.seenAt - look.beat;
  const most = apparentAge;
  const isNew = before !== undefined && look.beat > before.beat;
  const least = isNew ? apparentAge - (look.seenAt - before.seenAt) - WAY_MS : Number.NEGATIVE_INFINITY;
  return Math.min(most, Math.max(least, believed));
}
