// The parts of a review other than storing decisions: the current place in the list, and undo. Pure.

import { type DecideNumbered, fieldsOf, type Suggestion } from "unstuck-client";

/** The place of the next undecided suggestion from `place` on, wrapping around; `place` if there is none. */
export function nextOpen(suggestions: readonly Suggestion[], place: number): number {
  const total = suggestions.length;
  for (let step = 1; step <= total; step += 1) {
    const at = (place + step) % total;
    if (suggestions[at]?.state === "proposed") return at;
  }
  return place;
}

/** The decision that leads to a suggestion's present state, for undo. */
export function asItIs(suggestion: Suggestion): DecideNumbered {
  return { ...fieldsOf(suggestion), number: suggestion.number, decision: suggestion.state };
}

/** Decisions that accept all undecided suggestions. */
export function acceptRest(suggestions: readonly Suggestion[]): DecideNumbered[] {
  return suggestions
    .filter((one) => one.state === "proposed")
    .map((one) => ({ number: one.number, decision: "accepted" }));
}

/** The new fields of a suggestion; an absent one stays unchanged. */
export type Edit = Omit<DecideNumbered, "number" | "decision">;

export type Shortcut = "next" | "previous" | "accept" | "reject" | "edit" | "undo" | "help";

const KEYS: Record<string, Shortcut> = {
  j: "next",
  k: "previous",
  a: "accept",
  r: "reject",
  e: "edit",
  u: "undo",
  "?": "help",
};

export const SHORTCUTS: readonly (readonly [string, string])[] = [
  ["j", "Next"],
  ["k", "Previous"],
  ["a", "Accept and go to the next"],
  ["r", "Reject and go to the next"],
  ["e", "Edit"],
  ["u", "Undo the last decision"],
  ["?", "Show this list"],
];

/** The command of a key press; none while somebody types, or holds a modifier key. */
export function shortcutOf(event: {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  typing: boolean;
}): Shortcut | null {
  if (event.typing || event.ctrlKey || event.metaKey || event.altKey) return null;
  return KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? null;
}
