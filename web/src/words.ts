// Says in plain words why something did not work and what can be done about it, as the service's register has it.

import { FAILURES, PROBLEMS } from "unstuck-client/codes";

export interface Words {
  /** What happened, as a sentence. */
  what: string;
  /** What to do about it, as a sentence. */
  todo: string;
}

/** What no service has answered: it is not in its register. */
const UNANSWERED: Record<string, Words> = {
  network_error: { what: "The service could not be reached.", todo: "Check your connection and try again." },
  unauthorized: { what: "You are signed out.", todo: "Sign in again." },
};

export function failureWords(code: string): Words {
  const known = FAILURES[code];
  return known ? { what: known.title, todo: known.fix } : { what: `It failed (${code}).`, todo: "Retry it later." };
}

export function problemWords(code: string): Words | null {
  const known = PROBLEMS[code];
  return known ? { what: known.title, todo: known.fix } : (UNANSWERED[code] ?? null);
}

export function isFailureKnown(code: string): boolean {
  return code in FAILURES;
}

/** What a kind is called, alone and in the plural of its results. */
export function kindName(kind: string): string {
  const known: Record<string, string> = {
    flashcards: "Flashcards",
    story: "Story",
    assistant: "Assistant",
    image: "Image",
  };
  return known[kind] ?? kind.charAt(0).toUpperCase() + kind.slice(1).replaceAll("_", " ");
}
