/** Submitting: the idempotency key and the client_id are made once per submit, and stay the same for all retries. */
import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import type { Client, Submitted } from "../client.js";
import { UnstuckError } from "../errors.js";
import { randomId } from "../ids.js";
import { mayRepeatCreate } from "../pacing.js";
import type { CreateRequest } from "../types.js";
import { useProvided } from "./provider.js";
import { repeating } from "./repeating.js";
import { changeSent, dropSent, nextRank, putSent, type Sent, sentIn } from "./sent.js";
import { generationQuery } from "./snapshots.js";
import { type Submit, submitsOf, withoutKey } from "./submits.js";

export interface SubmitOptions {
  /**
   * Submits with the same key are one, even in the same tick. Use a form's id, and make a new one when the form starts
   * over.
   */
  idempotencyKey?: string;
}

export interface ResendOptions {
  /** The user's own key, needed if the submit had one and the page has been reloaded: it is never stored. */
  user_provided_key?: string;
}

export interface UseCreateGenerationResult {
  /**
   * Send a request; its entry is in the feeds from now on. A failure without the service's decision is retried up to
   * four times, while the same user is signed in and the UnstuckProvider is mounted. Submitting a request that failed
   * this way repeats it with the same key, and starts nothing twice. Rejects with UnstuckError.
   */
  submit: (request: CreateRequest, options?: SubmitOptions) => Promise<Submitted>;
  /** Resend a refused entry of the feed with its own key. `key` is the entry's. */
  resend: (key: string, options?: ResendOptions) => Promise<Submitted>;
  /** Remove a refused entry from the feed. */
  discard: (key: string) => void;
  isPending: boolean;
  /** The state of the last submit. */
  error: UnstuckError | null;
  /** The response of the last submit. */
  data: Submitted | undefined;
  reset: () => void;
}

export function useCreateGeneration(): UseCreateGenerationResult {
  const { client, submitSignal } = useProvided();
  const queries = useQueryClient();
  const mutation = useMutation<Submitted, UnstuckError, Sending>({
    ...repeating(mayRepeatCreate),
    mutationFn: (sending) => send(client, queries, sending),
    onError: (error, sending) => refuse(queries, sending, error),
    onSuccess: (submitted, sending) => {
      if (accept(queries, sending, submitted)) lookAtOnce(client, queries, submitted.generation_id);
    },
  });
  const { mutateAsync } = mutation;
  const [last, setLast] = useState<string>();

  const start = useCallback(
    ({ error: _error, ...entry }: Sent, request: CreateRequest) => {
      const { clientId, subject } = entry;
      const sending = { clientId, attempt: randomId() };
      const signal = submitSignal();
      const submit: Submit = { request, attempt: sending.attempt, owner: { subject }, signal, answer: undefined };
      submitsOf(queries).set(clientId, submit);
      submit.answer = mutateAsync(sending);
      putSent(queries, { ...entry, state: "sending" });
      signal.addEventListener("abort", () => refuse(queries, sending, signal.reason), { once: true });
      return submit.answer;
    },
    [queries, submitSignal, mutateAsync],
  );
  const submit = useCallback(
    (request: CreateRequest, { idempotencyKey }: SubmitOptions = {}) => {
      const entry = entryFor(client, queries, request, idempotencyKey, last);
      setLast(entry.clientId);
      const answer = submitsOf(queries).get(entry.clientId)?.answer;
      return answer ?? start(entry, { ...request, client_id: entry.clientId });
    },
    [client, queries, last, start],
  );
  const resend = useCallback(
    (key: string, { user_provided_key: given }: ResendOptions = {}) => {
      const refused = sentIn(queries).find((entry) => entry.clientId === key && entry.state === "refused");
      if (refused === undefined) return Promise.reject(new Error(`there is no refused entry with the key ${key}`));
      const held = submitsOf(queries).get(key)?.request;
      if (refused.hadKey && held === undefined && given === undefined) return Promise.reject(keyRequired());
      const request = held ?? refused.request;
      return start(refused, given === undefined ? request : { ...request, user_provided_key: given });
    },
    [queries, start],
  );
  const discard = useCallback((key: string) => dropSent(queries, key), [queries]);
  const { isPending, error, data, reset } = mutation;
  return { submit, resend, discard, isPending, error, data, reset };
}

/** A mutation's variables may be cached, so they leave out the request, which may have the user's own key. */
interface Sending {
  clientId: string;
  attempt: string;
}

async function send(client: Client, queries: QueryClient, { clientId, attempt }: Sending): Promise<Submitted> {
  const submit = submitsOf(queries).get(clientId);
  const entry = sentIn(queries).find((sent) => sent.clientId === clientId);
  if (submit?.attempt !== attempt || entry === undefined)
    throw new UnstuckError({ code: "closed", message: "It was not resent, because it was discarded." });
  const { request, owner, signal } = submit;
  return client.createGeneration(request, { idempotencyKey: entry.idempotencyKey, owner, signal });
}

/** Show an entry as accepted; return false if it is no longer shown. */
function accept(queries: QueryClient, { clientId, attempt }: Sending, submitted: Submitted): boolean {
  const submit = submitsOf(queries).get(clientId);
  if (submit?.attempt !== attempt) return false;
  submit.request = withoutKey(submit.request).request; // it is not needed again
  const generationId = submitted.generation_id;
  return changeSent(queries, clientId, (entry) => ({ ...entry, state: "accepted", generationId }));
}

function refuse(queries: QueryClient, { clientId, attempt }: Sending, error: UnstuckError): void {
  const submit = submitsOf(queries).get(clientId);
  if (submit?.attempt !== attempt) return;
  const { subject } = submit.owner;
  if (sentIn(queries).find((entry) => entry.clientId === clientId)?.state !== "sending") return;
  submit.answer = undefined;
  changeSent(queries, clientId, (entry) => ({ ...entry, state: "refused", error, subject }));
}

function keyRequired(): UnstuckError {
  const message = "This request used your own key, which is not kept. Send the key again.";
  return new UnstuckError({ code: "user_key_required", message });
}

/** Read a generation that was just accepted, without anybody waiting: the next read of it shows a failure. */
export function lookAtOnce(client: Client, queries: QueryClient, id: string): void {
  void queries.prefetchQuery(generationQuery(client, queries, id));
}

/** Find the entry that a request repeats, by its key or as the same failed request; make one if there is none. */
function entryFor(
  client: Client,
  queries: QueryClient,
  asked: CreateRequest,
  idempotencyKey: string | undefined,
  last: string | undefined,
): Sent {
  const { request, hadKey } = withoutKey(asked);
  const sent = sentIn(queries);
  const before =
    idempotencyKey === undefined
      ? sent.find(
          ({ clientId, state, ...old }) => clientId === last && state === "refused" && isSame(old.request, request),
        )
      : sent.find((entry) => entry.idempotencyKey === idempotencyKey);
  if (before !== undefined) return { ...before, hadKey };
  const clientId = request.client_id ?? randomId();
  return {
    clientId,
    idempotencyKey: idempotencyKey ?? randomId(),
    request: { ...request, client_id: clientId },
    hadKey,
    state: "sending",
    rank: nextRank(client, queries),
  };
}

/** Whether a request equals the sent one, apart from the client_id that was made for it. */
function isSame(sent: CreateRequest, request: CreateRequest): boolean {
  return (
    canonical({ ...sent, client_id: request.client_id ?? null }) ===
    canonical({ ...request, client_id: request.client_id ?? null })
  );
}

function canonical(request: CreateRequest): string {
  return JSON.stringify(Object.entries(request).sort(([one], [other]) => (one < other ? -1 : 1)));
}
