// Whether a generation looks stuck, and what is being done about it. Pure: the times are given, none is asked for.

import { hasEnded, type Status } from "unstuck-client";
import { countdown, duration } from "./format";

/** The rhythm of the deployment, in seconds: how often a worker beats, how long its lease holds without a beat, and
 * how long a message may take to reach a worker before it is taken for lost. */
export interface Rhythm {
  heartbeatSeconds: number;
  leaseSeconds: number;
  graceSeconds: number;
}

export interface Watched {
  status: Status;
  attempt: number;
  created_at: string;
  started_at?: string;
  heartbeat_at?: string;
  not_before?: string;
  deadline_at: string;
  finished_at?: string;
}

export type Pulse =
  | { name: "ended" }
  | { name: "queued"; seconds: number }
  | { name: "resting"; seconds: number }
  | { name: "between"; attempt: number }
  | { name: "unsent"; seconds: number; leftSeconds: number }
  | { name: "beating"; seconds: number }
  | { name: "silent"; seconds: number; leftSeconds: number }
  | { name: "lapsed"; seconds: number }
  | { name: "unseen"; seconds: number; seen: Pulse };

/** A heartbeat is late by half of its own interval before anybody is told: networks are not that punctual. */
const LATE = 1.5;
/** A message that has taken this share of the time after which it is taken for lost is worth a word. */
const SLOW = 0.5;

/**
 * Judges a generation as it was seen at `seenAt`, at the moment `now` (both in the service's time, milliseconds).
 *
 * Only what was late when it was last looked at is late: since then it may have beaten without anybody looking.
 */
export function pulse(head: Watched, seenAt: number, now: number, rhythm: Rhythm): Pulse {
  if (head.status === "running") return ofRunning(head, seenAt, now, rhythm);
  if (head.status === "pending") return ofPending(head, seenAt, now, rhythm);
  return { name: "ended" };
}

/** The same, where the page may be the one that is silent: then it is judged as it was seen last, and no worker is blamed. */
export function asSeen(head: Watched, seenAt: number, now: number, rhythm: Rhythm, isPaused: boolean): Pulse {
  if (!isPaused || hasEnded(head)) return pulse(head, seenAt, now, rhythm);
  const seconds = Math.max(0, (now - seenAt) / 1000);
  return { name: "unseen", seconds, seen: pulse(head, seenAt, seenAt, rhythm) };
}

function ofRunning(head: Watched, seenAt: number, now: number, rhythm: Rhythm): Pulse {
  const beat = Date.parse(head.heartbeat_at ?? head.started_at ?? head.created_at);
  const seconds = Math.max(0, (now - beat) / 1000);
  if (seenAt - beat <= LATE * rhythm.heartbeatSeconds * 1000) return { name: "beating", seconds };
  const leftSeconds = rhythm.leaseSeconds - seconds;
  return leftSeconds > 0 ? { name: "silent", seconds, leftSeconds } : { name: "lapsed", seconds };
}

function ofPending(head: Watched, seenAt: number, now: number, rhythm: Rhythm): Pulse {
  const rest = head.not_before === undefined ? 0 : (Date.parse(head.not_before) - now) / 1000;
  if (rest > 0) return { name: "resting", seconds: rest };
  if (head.attempt > 0) return { name: "between", attempt: head.attempt };
  const created = Date.parse(head.created_at);
  const seconds = Math.max(0, (now - created) / 1000);
  if (seenAt - created <= SLOW * rhythm.graceSeconds * 1000) return { name: "queued", seconds };
  return { name: "unsent", seconds, leftSeconds: rhythm.graceSeconds - seconds };
}

/** Whether the page says Stuck. */
export function isStuck(found: Pulse): boolean {
  if (found.name === "unseen") return isStuck(found.seen);
  return found.name === "silent" || found.name === "lapsed" || found.name === "unsent";
}

/** How many milliseconds from `now` a look is worth it because a heartbeat would then be late; null: no sooner. */
export function nextDoubt(head: Watched, now: number, rhythm: Rhythm): number | null {
  if (head.status === "pending") return doubtOfPending(head, now, rhythm);
  if (head.status !== "running") return null;
  const beat = Date.parse(head.heartbeat_at ?? head.started_at ?? head.created_at);
  const late = beat + LATE * rhythm.heartbeatSeconds * 1000 + 100;
  const lapsed = beat + rhythm.leaseSeconds * 1000 + 100;
  return Math.max(500, (late > now ? late : lapsed) - now);
}

/** What was never taken is worth a look when that is slow, and when its message would be taken for lost. */
function doubtOfPending(head: Watched, now: number, rhythm: Rhythm): number | null {
  if (head.attempt > 0) return null;
  const created = Date.parse(head.created_at);
  const slow = created + SLOW * rhythm.graceSeconds * 1000 + 100;
  const lost = created + rhythm.graceSeconds * 1000 + 100;
  if (now >= lost) return null; // sent again: from here on the server's own hint is as good
  return Math.max(500, (slow > now ? slow : lost) - now);
}

/** One sentence: how it is, and what is being done about it. */
export function explain(found: Pulse): string {
  switch (found.name) {
    case "ended":
      return "";
    case "queued":
      return `Waiting for a worker for ${duration(found.seconds)}.`;
    case "resting":
      return `The last attempt was given back. The next one begins in ${countdown(found.seconds)}.`;
    case "between":
      return `Attempt ${found.attempt} is over. What it finished is kept; another worker goes on from there.`;
    case "unsent":
      return found.leftSeconds > 0
        ? `No worker has taken it for ${duration(found.seconds)}. ` +
            `In ${countdown(found.leftSeconds)} the next reader or the sweeper sends its message again.`
        : `No worker has taken it for ${duration(found.seconds)}. ` +
            "Its message was sent again, or the next reader or the sweeper does so now.";
    case "beating":
      return `The last heartbeat seen here was ${duration(found.seconds)} ago.`;
    case "unseen":
      return (
        `This page has had no answer from the service for ${duration(found.seconds)}. ` +
        `As it was seen last: ${explain(found.seen)}`
      );
    case "silent":
      return (
        `No heartbeat for ${duration(found.seconds)}. ` +
        `In ${countdown(found.leftSeconds)} the next reader or the sweeper gives it to another worker.`
      );
    case "lapsed":
      return (
        `No heartbeat for ${duration(found.seconds)}, and the worker's lease is over. ` +
        "The next reader or the sweeper gives it to another worker now."
      );
  }
}
