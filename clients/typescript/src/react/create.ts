/** Submitting: the idempotency key and the client_id are made once per submit, and kept however often it is sent. */
import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import type { Client, Submitted } from "../client.js";
import type { UnstuckError } from "../errors.js";
import { randomId } from "../ids.js";
import { backoff, mayRepeatCreate } from "../pacing.js";
import type { CreateRequest } from "../types.js";
import { useUnstuck } from "./provider.js";
import { dropSent, nextRank, putSent, type Sent, sentIn } from "./sent.js";
import { generationQuery } from "./snapshots.js";

const MOST_RETRIES = 4;

export interface UseCreateGenerationResult {
  /**
   * Send a request; its entry is in the feeds from now on. What fails without the service having decided is sent again, up to
   * four times. Submitting again what has failed like that is a repetition of it, under the same key, and starts
   * nothing twice. Rejects with UnstuckError.
   */
  submit: (request: CreateRequest) => Promise<Submitted>;
  /** Send an entry of the feed anew that was refused, under its own key. `key` is the entry's. */
  resend: (key: string) => Promise<Submitted>;
  /** Take an entry that was refused out of the feed. */
  discard: (key: string) => void;
  isPending: boolean;
  /** Of the last submit. */
  error: UnstuckError | null;
  /** What the last submit was answered. */
  data: Submitted | undefined;
  reset: () => void;
}

export function useCreateGeneration(): UseCreateGenerationResult {
  const client = useUnstuck();
  const queries = useQueryClient();
  const mutation = useMutation<Submitted, UnstuckError, Sent>({
    mutationFn: ({ request, idempotencyKey }) => client.createGeneration(request, { idempotencyKey }),
    retry: (failures, error) => failures < MOST_RETRIES && mayRepeatCreate(error),
    retryDelay: (failures, error) => backoff(failures + 1, error) * 1000,
    onMutate: (entry) => putSent(queries, entry),
    onError: (error, entry) => putSent(queries, { ...entry, state: "refused", error }),
    onSuccess: (submitted, entry) => {
      putSent(queries, accepted(entry, submitted));
      return lookAtOnce(client, queries, submitted.generation_id);
    },
  });
  const { mutateAsync } = mutation;
  const [last, setLast] = useState<string>();

  const submit = useCallback(
    (request: CreateRequest) => {
      const entry = entryFor(client, queries, request, last);
      setLast(entry.clientId);
      return mutateAsync(entry);
    },
    [client, queries, last, mutateAsync],
  );
  const resend = useCallback(
    (key: string) => {
      const refused = sentIn(queries).find((entry) => entry.clientId === key && entry.state === "refused");
      if (refused === undefined) return Promise.reject(new Error(`nothing refused has the key ${key}`));
      return mutateAsync(sending(refused));
    },
    [queries, mutateAsync],
  );
  const discard = useCallback((key: string) => dropSent(queries, key), [queries]);
  const { isPending, error, data, reset } = mutation;
  return { submit, resend, discard, isPending, error, data, reset };
}

/** Read a generation that was just accepted, without anybody waiting for it: a failure shows where it is next read. */
export function lookAtOnce(client: Client, queries: QueryClient, id: string): void {
  void queries.prefetchQuery({ ...generationQuery(client, queries, id), retry: false });
}

function entryFor(client: Client, queries: QueryClient, request: CreateRequest, last: string | undefined): Sent {
  const before = sentIn(queries).find((entry) => entry.clientId === last);
  if (before?.state === "refused" && isSame(before.request, request)) return sending(before);
  const clientId = request.client_id ?? randomId();
  return {
    clientId,
    idempotencyKey: randomId(),
    request: { ...request, client_id: clientId },
    state: "sending",
    rank: nextRank(client, queries),
  };
}

function accepted({ request, ...entry }: Sent, { generation_id: generationId }: Submitted): Sent {
  const { user_provided_key: _secret, ...shown } = request; // it is not needed again
  return { ...entry, request: shown as CreateRequest, state: "accepted", generationId };
}

function sending({ error: _error, ...entry }: Sent): Sent {
  return { ...entry, state: "sending" };
}

/** Whether a request asks for what was sent, leaving out the client_id that was made for it. */
function isSame(sent: CreateRequest, request: CreateRequest): boolean {
  return (
    canonical({ ...sent, client_id: request.client_id ?? null }) ===
    canonical({ ...request, client_id: request.client_id ?? null })
  );
}

function canonical(request: CreateRequest): string {
  return JSON.stringify(Object.entries(request).sort(([one], [other]) => (one < other ? -1 : 1)));
}
