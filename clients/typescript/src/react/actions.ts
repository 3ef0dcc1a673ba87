/** The owner's actions: cancel, retry, dismiss. All hooks show the result at once. */
import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import type { Submitted } from "../client.js";
import type { UnstuckError } from "../errors.js";
import { type FeedState, withAgain, without } from "../feed.js";
import { mayRepeatCreate } from "../pacing.js";
import type { Generation, RetryRequest } from "../types.js";
import { lookAtOnce } from "./create.js";
import { keys } from "./keys.js";
import { useUnstuck } from "./provider.js";
import { repeating } from "./repeating.js";
import { learn } from "./snapshots.js";

/**
 * An action: `run` it, and see how the last run went. A call without an answer is repeated, which is safe for each of
 * them.
 */
export interface ActionResult<Input, Answer> {
  run: (input: Input) => Promise<Answer>;
  isPending: boolean;
  /** The current input, or the last one. */
  input: Input | undefined;
  error: UnstuckError | null;
  reset: () => void;
}

/** `run(id)`. Returns a generation that has ended meanwhile unchanged. */
export function useCancel(): ActionResult<string, Generation> {
  const client = useUnstuck();
  const queries = useQueryClient();
  return useAction((id) => client.cancelGeneration(id), {
    onSuccess: (generation) => learn(client, queries, generation),
  });
}

export interface RetryInput extends RetryRequest {
  id: string;
}

/** `run({id, from?})`. Returns the new generation, which is in the feeds at once. */
export function useRetry(): ActionResult<RetryInput, Submitted> {
  const client = useUnstuck();
  const queries = useQueryClient();
  // A mutation's variables may be cached, so the user's own key is passed beside them.
  const [secrets] = useState(() => new WeakMap<RetryInput, RetryRequest>());
  const action = useAction<RetryInput, Submitted>(
    (input) => client.retryGeneration(input.id, { ...requestIn(input), ...secrets.get(input) }),
    {
      repeats: mayRepeatCreate,
      onSuccess: (submitted, { id }) => {
        lookAtOnce(client, queries, submitted.generation_id);
        void queries.invalidateQueries({ queryKey: keys.generation(id) });
      },
    },
  );
  const { run: runShown } = action;
  const run = useCallback(
    ({ user_provided_key: secret, ...shown }: RetryInput) => {
      if (secret !== undefined) secrets.set(shown, { user_provided_key: secret });
      return runShown(shown);
    },
    [secrets, runShown],
  );
  return { ...action, run };
}

function requestIn({ id: _id, ...request }: RetryInput): RetryRequest {
  return request;
}

/** `run(id)`. Removes it from the feeds at once, and restores it if the call is refused. */
export function useDismiss(): ActionResult<string, void> {
  const client = useUnstuck();
  const queries = useQueryClient();
  return useAction((id) => client.dismissGeneration(id), {
    onMutate: (id) => takeOut(queries, id),
    onError: (putBack) => putBack(),
    onSuccess: (_answer, id) => void queries.invalidateQueries({ queryKey: keys.generation(id) }),
  });
}

interface Effects<Input, Answer, Undo> {
  repeats?: (error: unknown) => boolean;
  onMutate?: (input: Input) => Undo;
  onError?: (undo: Undo) => void;
  onSuccess?: (answer: Answer, input: Input) => void;
}

function useAction<Input, Answer, Undo = undefined>(
  call: (input: Input) => Promise<Answer>,
  effects: Effects<Input, Answer, Undo>,
): ActionResult<Input, Answer> {
  const { repeats, onMutate, onError, onSuccess } = effects;
  const mutation = useMutation<Answer, UnstuckError, Input, Undo | undefined>({
    ...repeating(repeats),
    mutationFn: call,
    onMutate: (input) => onMutate?.(input),
    onError: (_error, _input, undo) => {
      if (undo !== undefined) onError?.(undo);
    },
    onSuccess: (answer, input) => onSuccess?.(answer, input),
  });
  const { mutateAsync, isPending, variables, error, reset } = mutation;
  return { run: mutateAsync, isPending, input: variables, error, reset };
}

/** Take a generation out of all feeds; return a function that puts it back. */
function takeOut(queries: QueryClient, id: string): () => void {
  const held = queries
    .getQueriesData<FeedState>({ queryKey: keys.feeds })
    .map(([queryKey, feed]) => [queryKey, feed?.generations.find((seen) => seen.generation_id === id)] as const);
  queries.setQueriesData<FeedState>({ queryKey: keys.feeds }, (feed) => feed && without(feed, id));
  return () => {
    for (const [queryKey, generation] of held)
      queries.setQueryData<FeedState>(queryKey, (feed) => feed && withAgain(feed, generation, id));
  };
}
