/** The parts of a submit that only this page's memory has: the user's own key, the user, and the pending answer. */
import type { QueryClient } from "@tanstack/react-query";
import type { Submitted } from "../client.js";
import type { Owner } from "../tokens.js";
import type { CreateRequest } from "../types.js";

export interface Submit {
  /** The whole request. */
  request: CreateRequest;
  /** Distinguishes this send from the previous one. */
  attempt: string;
  /** The user: no retry goes out with another user's token. */
  owner: Owner;
  /** Ends it. */
  signal: AbortSignal;
  /** Its answer, or the promise of it; undefined while none is under way. */
  answer: Promise<Submitted> | undefined;
}

const submits = new WeakMap<QueryClient, Map<string, Submit>>();

/** Return the submits of this page, by their client_id. */
export function submitsOf(queries: QueryClient): Map<string, Submit> {
  const found = submits.get(queries) ?? new Map<string, Submit>();
  submits.set(queries, found);
  return found;
}

/** Return the request without its secrets, and whether there were any. */
export function withoutKey(request: CreateRequest): { request: CreateRequest; hadKey: boolean } {
  const { user_provided_key: key, ...shown } = request;
  return { request: shown as CreateRequest, hadKey: key !== undefined && key !== null };
}
