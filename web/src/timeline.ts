// Lays out the timeline of one generation: rows with start and end, in seconds since acceptance. Pure.

import { ALL_STATUSES, STATUSES, type Status, statusFacts } from "unstuck-client";
import { duration } from "./format";
import { failureWords } from "./words";

export interface TimelineHead {
  status: Status;
  attempt: number;
  created_at: string;
  finished_at?: string;
  heartbeat_at?: string;
  not_before?: string;
}

export interface TimelineEvent {
  name: string;
  at: string;
  attempt?: number;
  code?: string;
  delay_seconds?: number;
  step?: string;
  duration_seconds?: number;
}

export type Tone = "wait" | "work" | "step" | "late" | "rescue" | "good" | "bad" | "quiet";

export interface Row {
  key: string;
  label: string;
  note: string;
  tone: Tone;
  /** Seconds since it was accepted. A moment has the same beginning and end. */
  from: number;
  to: number;
  /** Whether it continues: its end is now. */
  open: boolean;
  /** Whether its beginning is only known to be at `from` or later. */
  roughly: boolean;
}

export interface Layout {
  rows: Row[];
  seconds: number;
  ticks: number[];
}

const ENDS: ReadonlySet<string> = new Set(ALL_STATUSES.filter((status) => !STATUSES[status].isOpen));

interface Walk {
  rows: Row[];
  /** Since when it waits for an attempt, or null while one runs. */
  waiting: number | null;
  /** When it was last known to wait: an attempt of unknown beginning begins no earlier. */
  waitedTo: number;
  /** Since when an attempt runs. */
  running: { number: number; from: number; roughly: boolean; place: number } | null;
  attempts: number;
}

/**
 * Lays out the known events at the moment `now`, in milliseconds of the service's time. `late` means that the running
 * attempt's heartbeat is late.
 */
export function layOut(head: TimelineHead, events: readonly TimelineEvent[], now: number, late = false): Layout {
  const zero = Date.parse(head.created_at);
  const since = (moment: string): number => Math.max(0, (Date.parse(moment) - zero) / 1000);
  const end = head.finished_at === undefined ? Math.max(0, (now - zero) / 1000) : since(head.finished_at);
  const walk: Walk = { rows: [], waiting: 0, waitedTo: 0, running: null, attempts: 0 };
  for (const [index, event] of events.entries()) take(walk, event, since(event.at), index);
  close(walk, head, end);
  if (late && head.status === "running" && head.heartbeat_at !== undefined) {
    const silent = since(head.heartbeat_at);
    const length = `${duration(end - silent)} so far`;
    walk.rows.push({ ...stretch("late", "No heartbeat", length, "late", silent, end), open: true });
  }
  const seconds = Math.max(1, end, ...walk.rows.map((row) => row.to));
  return { rows: walk.rows, seconds, ticks: ticks(seconds) };
}

function take(walk: Walk, event: TimelineEvent, at: number, index: number): void {
  const key = `${index}-${event.name}`;
  if (event.name === "created") {
    walk.rows.push(moment(key, "Accepted", "", "quiet", at));
  } else if (event.name === "started") {
    begin(walk, event.attempt ?? 1, at, false);
  } else if (event.name === "step_stored") {
    takeStep(walk, event, at, key);
  } else if (event.name === "released" || event.name === "given_back") {
    takeReturn(walk, event, at, key);
  } else if (event.name === "sent_again") {
    walk.rows.push(moment(key, "Sent again", "Its message counted as lost.", "rescue", at));
    walk.waitedTo = at;
  } else if (event.name === "asked_again") {
    walk.rows.push(moment(key, "Asked again", reason(event.code), "wait", at));
  } else if (event.name === "interrupted") {
    walk.rows.push(moment(key, "Call closed", "The model was still answering.", "quiet", at));
  } else if (event.name === "dismissed") {
    walk.rows.push(moment(key, "Dismissed", "Removed from the feed.", "quiet", at));
  } else if (ENDS.has(event.name)) {
    endWith(walk, event, at, key);
  }
}

function waitLabel({ attempts }: Walk): string {
  return attempts === 0 ? "In the queue" : "Waiting for a worker";
}

function begin(walk: Walk, number: number, at: number, roughly: boolean): void {
  if (walk.waiting !== null && !roughly) {
    walk.rows.push(stretch(`wait-${number}`, waitLabel(walk), "", "wait", walk.waiting, at));
  }
  walk.waiting = null;
  walk.attempts = Math.max(walk.attempts, number);
  const row = stretch(`attempt-${number}`, `Attempt ${number}`, "", "work", at, at);
  walk.rows.push({ ...row, roughly });
  walk.running = { number, from: at, roughly, place: walk.rows.length - 1 };
}

/**
 * Only the first attempt's beginning is stored. A later attempt begins, as far as is known, when the previous one
 * ended.
 */
function ensureRunning(walk: Walk, number?: number): void {
  if (walk.running !== null || walk.waiting === null) return;
  const { waiting, waitedTo } = walk;
  const next = number ?? walk.attempts + 1;
  if (waitedTo > waiting) {
    walk.rows.push(stretch(`wait-${next}`, "Waiting for a worker", "", "wait", waiting, waitedTo));
  }
  begin(walk, next, Math.max(waiting, waitedTo), true);
}

function takeStep(walk: Walk, event: TimelineEvent, at: number, key: string): void {
  const took = event.duration_seconds ?? 0;
  // If a generation continues from another's steps, these come before any attempt.
  if (walk.attempts === 0 && walk.running === null) {
    walk.rows.push(moment(key, stepName(event), "Taken over from the retried generation.", "step", at));
    return;
  }
  ensureRunning(walk, event.attempt);
  const from = Math.max(walk.running?.from ?? 0, at - took);
  walk.rows.push(stretch(key, stepName(event), duration(took), "step", from, at));
}

function stepName(event: TimelineEvent): string {
  const words = (event.step ?? "step").replaceAll("-", " ").replaceAll("_", " ");
  return `Step: ${words}`;
}

function takeReturn(walk: Walk, event: TimelineEvent, at: number, key: string): void {
  ensureRunning(walk, event.attempt);
  stop(walk, at);
  const rescued = event.name === "given_back";
  const delay = event.delay_seconds ?? 0;
  const words = rescued ? "The worker's heartbeats stopped. Another worker continues." : reason(event.code);
  const again = delay > 0 ? ` Next attempt in ${duration(delay)}.` : "";
  walk.rows.push(moment(key, rescued ? "Rescued" : "Released", `${words}${again}`, rescued ? "rescue" : "wait", at));
  if (delay > 0) walk.rows.push(stretch(`${key}-delay`, "Pause", duration(delay), "wait", at, at + delay));
  walk.waiting = at + delay;
}

function reason(code: string | undefined): string {
  if (code === undefined) return "The worker released it.";
  if (code === "handover") return "The worker's time limit was reached. Another worker continues.";
  return failureWords(code).what;
}

function endWith(walk: Walk, event: TimelineEvent, at: number, key: string): void {
  const worked = event.name === "succeeded" || (event.attempt ?? 0) > walk.attempts;
  if (worked) ensureRunning(walk, event.attempt);
  stop(walk, at);
  if (walk.waiting !== null && at > walk.waiting) {
    walk.rows.push(stretch("wait-end", waitLabel(walk), "", "wait", walk.waiting, at));
  }
  walk.waiting = null;
  const label = event.name.charAt(0).toUpperCase() + event.name.slice(1);
  const note = event.name === "failed" && event.code !== undefined ? failureWords(event.code).what : "";
  const { tone } = statusFacts(event.name as Status);
  walk.rows.push(moment(key, label, note, tone as Tone, at));
}

function stop(walk: Walk, at: number, open = false): void {
  if (walk.running === null) return;
  const row = walk.rows[walk.running.place];
  if (row !== undefined) {
    const length = duration(at - row.from);
    const note = row.roughly ? `at most ${length}` : length;
    walk.rows[walk.running.place] = {
      ...row,
      to: Math.max(row.from, at),
      open,
      note: open ? `${length} so far` : note,
    };
  }
  walk.running = null;
}

function close(walk: Walk, head: TimelineHead, end: number): void {
  if (head.status === "running") {
    ensureRunning(walk, head.attempt);
    stop(walk, end, true);
  } else if (head.status === "pending" && walk.waiting !== null) {
    if (end >= walk.waiting) {
      const waited = `${duration(end - walk.waiting)} so far`;
      walk.rows.push({ ...stretch("wait-now", waitLabel(walk), waited, "wait", walk.waiting, end), open: true });
    }
  } else {
    stop(walk, end);
  }
}

function moment(key: string, label: string, note: string, tone: Tone, at: number): Row {
  return { key, label, note, tone, from: at, to: at, open: false, roughly: false };
}

function stretch(key: string, label: string, note: string, tone: Tone, from: number, to: number): Row {
  const length = note === "" ? duration(to - from) : note;
  return { key, label, note: length, tone, from, to: Math.max(from, to), open: false, roughly: false };
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/** Marks of the axis at round times, at most six. */
export function ticks(seconds: number): number[] {
  const step = STEPS.find((size) => seconds / size <= 5.5) ?? Math.ceil(seconds / 5 / 3600) * 3600;
  const marks: number[] = [];
  for (let index = 0; index * step <= seconds; index += 1) marks.push(Number((index * step).toFixed(1)));
  return marks;
}
