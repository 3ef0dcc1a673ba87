/** What of a submit lives in this page's memory alone: its own key for the model, its user, and the answer it waits for. */
import type { QueryClient } from "@tanstack/react-query";
import type { Submitted } from "../client.js";
import type { Owner } from "../tokens.js";
import type { CreateRequest } from "../types.js";

export interface Submit {
  /** The whole request. */
  request: CreateRequest;
  /** Tells this sending of it from one before. */
  attempt: string;
  /** Whose it is: no try goes out with another user's token. */
  owner: Owner;
  /** Ends it. */
  signal: AbortSignal;
  /** What it was answered, or will be; undefined while it is not under way. */
  answer: Promise<Submitted> | undefined;
}

const submits = new WeakMap<QueryClient, Map<string, Submit>>();

/** Return the submits of this page, by their client_id. */
export function submitsOf(queries: QueryClient): Map<string, Submit> {
  const found = submits.get(queries) ?? new Map<string, Submit>();
  submits.set(queries, found);
  return found;
}

/** Return the request without what must not be kept, and whether something was left out. */
export function withoutKey(request: CreateRequest): { request: CreateRequest; hadKey: boolean } {
  const { user_provided_key: key, ...shown } = request;
  return { request: shown as CreateRequest, hadKey: key !== undefined && key !== null };
}
