/**
 * Everything that depends on a status: to add one, change only this file. A newer service's status counts as open until
 * it is proven ended.
 */
import type { Generation, Status } from "./types.js";

export interface StatusFacts {
  /** Whether a generation in this status may still change. */
  readonly isOpen: boolean;
  /** What to call it to a user. */
  readonly label: string;
  /** Its colour: `waiting` and `working` are open, the others have ended. */
  readonly tone: "waiting" | "working" | "good" | "bad" | "quiet";
}

export const STATUSES: Readonly<Record<Status, StatusFacts>> = {
  pending: { isOpen: true, label: "Pending", tone: "waiting" },
  running: { isOpen: true, label: "Running", tone: "working" },
  succeeded: { isOpen: false, label: "Succeeded", tone: "good" },
  failed: { isOpen: false, label: "Failed", tone: "bad" },
  canceled: { isOpen: false, label: "Canceled", tone: "quiet" },
};

/** Every status that this client knows, in the order of a generation's life. */
export const ALL_STATUSES = Object.keys(STATUSES) as readonly Status[];

/** Return a status's facts. A newer service's status is shown as work, under its own name. */
export function statusFacts(status: Status): StatusFacts {
  return known(status) ?? { isOpen: true, label: titled(status), tone: "working" };
}

/** Whether a generation's status never changes again. For an unknown status, `finished_at` proves it. */
export function hasEnded(generation: Pick<Generation, "status" | "finished_at">): boolean {
  const facts = known(generation.status);
  return facts === undefined ? generation.finished_at !== undefined : !facts.isOpen;
}

function known(status: Status): StatusFacts | undefined {
  return Object.hasOwn(STATUSES, status) ? STATUSES[status] : undefined;
}

function titled(status: string): string {
  return status.charAt(0).toUpperCase() + status.slice(1).replaceAll("_", " ");
}
