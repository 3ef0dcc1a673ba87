// Follows one generation closely enough to say when its heartbeat is late, and says it.

import { useEffect, useRef } from "react";
import { type Client, type Generation, hasEnded } from "unstuck-client";
import { type UseGenerationResult, useGeneration, useUnstuck } from "unstuck-client/react";
import { asSeen, isStuck, nextDoubt, type Pulse, type Rhythm } from "./lateness";
import { useSettings } from "./settings";
import { clockAhead, type Look } from "./skew";
import { getAhead, setAhead, useNow } from "./ticking";

export interface Watching {
  result: UseGenerationResult;
  pulse: Pulse;
  stuck: boolean;
  /** The moment that is shown, in milliseconds by the service's clock. */
  now: number;
}

const ENDED: Pulse = { name: "ended" };

/** Watches a generation; `known` stands in for it until it has been looked at. Looks when a heartbeat would be late. */
export function useWatching(id: string | undefined, known?: Generation): Watching {
  const client = useUnstuck();
  const { rhythm } = useSettings().config;
  const result = useGeneration(id);
  const head = result.data ?? known;
  const open = head !== undefined && !hasEnded(head);
  const now = useNow(open);
  const firstSeen = useRef(now);
  useSkew(result);
  useDoubt(result, rhythm);
  const seenAt = result.seenAt === undefined ? firstSeen.current : onServer(result.seenAt, client);
  const found = head === undefined ? ENDED : asSeen(head, seenAt, now, rhythm, result.isPaused);
  return { result, pulse: found, stuck: isStuck(found), now };
}

/** A moment of this machine's clock by the service's. */
function onServer(moment: Date, client: Client): number {
  return moment.getTime() + (client.now() - Date.now()) - getAhead();
}

/** Learns from each look whether this machine's clock can be right. */
function useSkew({ data, seenAt }: UseGenerationResult): void {
  const client = useUnstuck();
  const before = useRef<Look>(undefined);
  const beat = data?.status === "running" ? data.heartbeat_at : undefined;
  const seen = seenAt?.getTime();
  useEffect(() => {
    if (beat === undefined || seen === undefined) return;
    const look = { seenAt: seen + (client.now() - Date.now()), beat: Date.parse(beat) };
    setAhead(clockAhead(getAhead(), before.current, look));
    before.current = look;
  }, [client, beat, seen]);
}

/** Looks again at the moment when the heartbeat would be late, and when the lease would be over. */
function useDoubt(result: UseGenerationResult, rhythm: Rhythm): void {
  const client = useUnstuck();
  const { data, seenAt, refetch, isFollowing } = result;
  const seen = seenAt?.getTime();
  useEffect(() => {
    if (data === undefined || seen === undefined || !isFollowing) return;
    const delay = nextDoubt(data, client.now() - getAhead(), rhythm);
    if (delay === null) return;
    const timer = setTimeout(() => {
      if (!document.hidden) void refetch();
    }, delay);
    return () => clearTimeout(timer);
  }, [client, data, seen, refetch, isFollowing, rhythm]);
}
