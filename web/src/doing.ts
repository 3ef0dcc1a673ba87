// Explains what an open generation is doing, why it waits, and when it moves, from the service's facts. Pure: the
// caller passes the time, and no deployment's settings are known here.

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

/** Whether the service reports a late heartbeat or start. */
export function isLate(head: Open): boolean {
  return !hasEnded(head) && head.stuck === true;
}

/** Its activity in one or two words; "" if it has ended or the service does not report one. */
export function stateName({ state, ...head }: Open): string {
  if (state === undefined || hasEnded(head)) return "";
  const words: string = state.replaceAll("_", " "); // a newer service's state appears under its own name
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Why the previous attempt ended, as a sentence; "" if nothing ended it. */
export function reason(head: Open): string {
  return head.because === undefined || hasEnded(head) ? "" : becauseWords(head.because);
}

/** Its state at `now`, by the service's clock in milliseconds, and when that changes. */
export function explain(head: Open, now: number): string {
  if (hasEnded(head)) return "";
  const left = head.next_at === undefined ? Number.NaN : (Date.parse(head.next_at) - now) / 1000;
  switch (head.state) {
    case "queued":
      return queued(head, left, since(head.created_at, now));
    case "waiting_to_retry":
      return `The last attempt did not finish. The next one starts ${when(left)}.`;
    case "waiting_for_provider":
      return `The model provider asked for a pause. The next attempt starts ${when(left)}.`;
    case "lost":
      return head.status === "running"
        ? `No heartbeat for ${beatAge(head, now)}, and the worker's lease has ended. Another worker takes over at the next check.`
        : `No worker has taken it, so its message counts as lost. The next check sends it again.`;
    case "working":
      return head.stuck === true
        ? `No heartbeat for ${beatAge(head, now)}. Another worker takes over ${when(left)}.`
        : `The last heartbeat was ${beatAge(head, now)} ago.`;
    default:
      return "";
  }
}

/** The same without a response since `seenAt`: shows the last known state. */
export function explainUnseen(head: Open, seenAt: number, now: number): string {
  const silence = `This page has had no response from the service for ${duration(Math.max(0, (now - seenAt) / 1000))}.`;
  return hasEnded(head) ? "" : `${silence} Last known state: ${explain(head, seenAt)}`;
}

function queued(head: Open, left: number, waited: string): string {
  if (head.stuck === true) {
    const how = head.attempt > 0 ? "No worker has continued it." : `No worker has taken it for ${waited}.`;
    return `${how} Its message is sent again ${when(left)}.`;
  }
  if (head.attempt === 0) return `Waiting for a worker for ${waited}.`;
  return `Attempt ${head.attempt} has ended. Its finished steps are kept, and another worker continues from there.`;
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
