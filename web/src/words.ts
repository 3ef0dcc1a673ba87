// Explains failures and problems with the texts of the service's register: what happened and what to do.

import type { Failure } from "unstuck-client";
import { FAILURES, PROBLEMS } from "unstuck-client/codes";
import { duration } from "./format";
import { sentence } from "./forms/fields";

export interface Words {
  /** What happened, as a sentence. */
  what: string;
  /** What to do about it, as a sentence. */
  todo: string;
}

/** Errors without a response of the service, so not in its register. */
const UNANSWERED: Record<string, Words> = {
  network_error: { what: "The service cannot be reached.", todo: "Check your connection and try again." },
  unauthorized: { what: "You are signed out.", todo: "Sign in again." },
};

export function failureWords(code: string): Words {
  const known = FAILURES[code];
  return known ? { what: known.title, todo: known.fix } : { what: `It failed (${code}).`, todo: "Retry it later." };
}

/** The known details of the call with which a generation failed, in one line; empty if there are none. */
export function callWords(call: Partial<Failure>): string {
  const words = [
    call.provider_status === undefined ? "" : `HTTP ${call.provider_status}`,
    call.provider_code ?? "",
    call.finish === undefined ? "" : `finish ${call.finish}`,
    call.seconds === undefined ? "" : `after ${duration(call.seconds)}`,
    call.answered_by === undefined || call.answered_by === call.model ? "" : `answered by ${call.answered_by}`,
    call.provider_call_id === undefined ? "" : `call ${call.provider_call_id}`,
  ];
  return words.filter((word) => word !== "").join(", ");
}

/** Why an attempt ended that another one follows. */
export function becauseWords(code: string): string {
  const words = code.replaceAll("_", " ");
  return FAILURES[code]?.title ?? `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

export function problemWords(code: string): Words | null {
  const known = PROBLEMS[code];
  return known ? { what: known.title, todo: known.fix } : (UNANSWERED[code] ?? null);
}

export function isFailureKnown(code: string): boolean {
  return code in FAILURES;
}

/** A kind's name, alone and in the plural of its results. */
export function kindName(kind: string): string {
  const known: Record<string, string> = {
    flashcards: "Flashcards",
    story: "Story",
    assistant: "Assistant",
    image: "Image",
  };
  return (Object.hasOwn(known, kind) ? known[kind] : undefined) ?? sentence(kind);
}
