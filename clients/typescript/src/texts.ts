/** Which text is shown while a model writes: the newest of the running step, and none that has ended. Pure. */
import type { PartialOutput } from "./changes.js";
import { hasEnded } from "./statuses.js";
import type { Generation } from "./types.js";

type Head = Pick<Generation, "generation_id" | "status" | "attempt" | "steps_done" | "finished_at">;

/** The text of one attempt. */
interface Written {
  readonly attempt: number;
  /** The visible text; undefined between two steps. */
  partial: PartialOutput | undefined;
  /** How many steps were stored when this text was written. */
  stepsDone: number;
  /** Steps whose text has ended. */
  readonly past: Set<string>;
}

export class Texts {
  readonly #written = new Map<string, Written>();

  /** The text to show now. */
  of(id: string): PartialOutput | undefined {
    return this.#written.get(id)?.partial;
  }

  /** Take in a text; return whether to show it. `head` is the newest known state. */
  take(partial: PartialOutput, head: Head | undefined): boolean {
    const { generation_id: id, attempt, step, number } = partial;
    const held = this.#written.get(id);
    if (attempt < (held?.attempt ?? 0) || isOver(attempt, head)) return false;
    const written = held?.attempt === attempt ? held : undefined;
    const before = written?.partial;
    if (written?.past.has(step) || (before?.step === step && number <= before.number)) return false;
    const next = written ?? { attempt, partial, stepsDone: 0, past: new Set<string>() };
    if (before !== undefined && before.step !== step) {
      next.past.add(before.step);
      next.stepsDone += 1; // its head may arrive later than this
    }
    if (before?.step !== step) next.stepsDone = Math.max(next.stepsDone, head?.steps_done ?? 0);
    next.partial = partial;
    this.#written.set(id, next);
    return true;
  }

  /** Take in a newer state; return whether the visible text has ended. */
  heed(head: Head): boolean {
    const written = this.#written.get(head.generation_id);
    if (written === undefined) return false;
    const { partial } = written;
    if (isOver(written.attempt, head)) this.#written.delete(head.generation_id);
    else if (partial === undefined || head.attempt < written.attempt || head.steps_done <= written.stepsDone)
      return false;
    else {
      written.past.add(partial.step);
      written.partial = undefined;
    }
    return partial !== undefined;
  }

  /** Forget everything; return the ids whose text was visible. */
  clear(): string[] {
    const shown = [...this.#written].filter(([, { partial }]) => partial !== undefined).map(([id]) => id);
    this.#written.clear();
    return shown;
  }
}

/** Whether nothing of an attempt is being written any more. */
function isOver(attempt: number, head: Head | undefined): boolean {
  if (head === undefined || attempt > head.attempt) return false;
  return attempt < head.attempt || head.status === "pending" || hasEnded(head);
}
