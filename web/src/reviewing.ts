// What a review does besides storing decisions: where one stands in the list, and what can be taken back. Pure.

import { type DecideNumbered, fieldsOf, type Suggestion } from "unstuck-client";

/** The place of the next suggestion that is not decided on, from `place` on and around; `place` when there is none. */
export function nextOpen(suggestions: readonly Suggestion[], place: number): number {
  const total = suggestions.length;
  for (let step = 1; step <= total; step += 1) {
    const at = (place + step) % total;
    if (suggestions[at]?.state === "proposed") return at;
  }
  return place;
}

/** The decision that makes a suggestion what it is now: to go back to it later. */
export function asItIs(suggestion: Suggestion): DecideNumbered {
  return { ...fieldsOf(suggestion), number: suggestion.number, decision: suggestion.state };
}

/** Decisions that accept whatever is not decided on. */
export function acceptRest(suggestions: readonly Suggestion[]): DecideNumbered[] {
  return suggestions
    .filter((one) => one.state === "proposed")
    .map((one) => ({ number: one.number, decision: "accepted" }));
}

/** Fields of a suggestion as they shall be; one that is absent stays as it is. */
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

/** What a key press asks for; nothing while somebody types, or holds a key that means something else. */
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
