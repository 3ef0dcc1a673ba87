// Estimates from heartbeats how far this machine's clock is ahead of the service's. Pure.

/** One look at a worker: when it was, by this machine's clock, and the heartbeat that it showed, by the service's. */
export interface Look {
  seenAt: number;
  beat: number;
}

/** What an answer may take on its way: the state that it shows is as much older than its arrival. */
const WAY_MS = 1500;

/**
 * Returns how many milliseconds this machine's clock is ahead, given what was believed before. No heartbeat is of the
 * future, and one that is new since the look before is no older than that look: what contradicts either is skew.
 */
export function clockAhead(believed: number, before: Look | undefined, look: Look): number {
  const apparentAge = look.seenAt - look.beat;
  const most = apparentAge;
  const isNew = before !== undefined && look.beat > before.beat;
  const least = isNew ? apparentAge - (look.seenAt - before.seenAt) - WAY_MS : Number.NEGATIVE_INFINITY;
  return Math.min(most, Math.max(least, believed));
}
