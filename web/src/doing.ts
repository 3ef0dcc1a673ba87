// Says in plain words what an open generation does, why it is not moving, and by when it does: as the service has it.
// Pure: the time is given, none is asked for, and no deployment's timings are known here.

import { type Generation, hasEnded } from "unstuck-client";
import { countdown, duration } from "./format";
import { becauseWords } from "./words";

export type Open = Pick<
  Generation,
  | "status"
  | "attempt"
  | "created_at"
  | "started_at"
  | "heartbeat_at"
  | "finished_at"
  | "state"
  | "because"
  | "next_at"
  | "stuck"
>;

/** Whether the service says that a heartbeat or a start is late. */
export function isLate(head: Open): boolean {
  return !hasEnded(head) && head.stuck === true;
}

/** What it does, in a word or two; "" where it has ended or the service does not say. */
export function stateName({ state, ...head }: Open): string {
  if (state === undefined || hasEnded(head)) return "";
  const words: string = state.replaceAll("_", " "); // one of a newer service is shown under its own name
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What ended the attempt before, as a sentence; "" where nothing did. */
export function reason(head: Open): string {
  return head.because === undefined || hasEnded(head) ? "" : becauseWords(head.because);
}

/** How it is at `now`, by the service's clock in milliseconds, and when that changes. */
export function explain(head: Open, now: number): string {
  if (hasEnded(head)) return "";
  const left = head.next_at === undefined ? Number.NaN : (Date.parse(head.next_at) - now) / 1000;
  switch (head.state) {
    case "queued":
      return queued(head, left, since(head.created_at, now));
    case "waiting_to_retry":
      return `The last attempt was given back. The next one begins ${when(left)}.`;
    case "waiting_for_provider":
      return `The model's API asked to wait. The next attempt begins ${when(left)}.`;
    case "lost":
      return head.status === "running"
        ? `No heartbeat for ${beatAge(head, now)}, and the worker's lease is over. ${HEALS} gives it to another worker now.`
        : `No worker has taken it, and its message is taken for lost. ${HEALS} sends it again now.`;
    case "working":
      return head.stuck === true
        ? `No heartbeat for ${beatAge(head, now)}. ${When(left)} the next reader or the sweeper gives it to another worker.`
        : `The last heartbeat seen here was ${beatAge(head, now)} ago.`;
    default:
      return "";
  }
}

/** The same, where the page may be the one that is silent since `seenAt`: it is told as it was then, and nobody blamed. */
export function explainUnseen(head: Open, seenAt: number, now: number): string {
  const silence = `This page has had no answer from the service for ${duration(Math.max(0, (now - seenAt) / 1000))}.`;
  return hasEnded(head) ? "" : `${silence} As it was seen last: ${explain(head, seenAt)}`;
}

const HEALS = "The next reader or the sweeper";

function queued(head: Open, left: number, waited: string): string {
  if (head.stuck === true) {
    const how = head.attempt > 0 ? "No worker has taken it up again." : `No worker has taken it for ${waited}.`;
    return `${how} ${When(left)} the next reader or the sweeper sends its message again.`;
  }
  if (head.attempt === 0) return `Waiting for a worker for ${waited}.`;
  return `Attempt ${head.attempt} is over. What it finished is kept; another worker goes on from there.`;
}

function beatAge(head: Open, now: number): string {
  return since(head.heartbeat_at ?? head.started_at ?? head.created_at, now);
}

function since(moment: string, now: number): string {
  return duration(Math.max(0, (now - Date.parse(moment)) / 1000));
}

function when(left: number): string {
  return left > 0 ? `in ${countdown(left)}` : "now";
}

function When(left: number): string {
  return left > 0 ? `In ${countdown(left)}` : "Now";
}
