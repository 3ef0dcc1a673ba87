// Follows one generation, and explains its state at the shown moment.

import { useEffect, useRef } from "react";
import { type Client, type Generation, hasEnded } from "unstuck-client";
import { type UseGenerationResult, useGeneration, useUnstuck } from "unstuck-client/react";
import { explain, explainUnseen, isLate } from "./doing";
import { clockAhead, type Look } from "./skew";
import { getAhead, setAhead, useNow } from "./ticking";

export interface Watching {
  result: UseGenerationResult;
  /** One or two sentences: its activity, and how it recovers; "" once it has ended. */
  words: string;
  /** Whether a heartbeat or a start was late at the last look. */
  stuck: boolean;
  /** The shown moment, in milliseconds by the service's clock. */
  now: number;
}

/** Watches a generation; `known` replaces it until the first look. */
export function useWatching(id: string | undefined, known?: Generation): Watching {
  const client = useUnstuck();
  const result = useGeneration(id);
  const head = result.data ?? known;
  const open = head !== undefined && !hasEnded(head);
  const now = useNow(open);
  const firstSeen = useRef(now);
  useSkew(result);
  const seenAt = result.seenAt === undefined ? firstSeen.current : onServer(result.seenAt, client);
  const words = head === undefined ? "" : result.isPaused ? explainUnseen(head, seenAt, now) : explain(head, now);
  return { result, words, stuck: head !== undefined && isLate(head), now };
}

/** Converts a moment of this machine's clock to the service's. */
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
