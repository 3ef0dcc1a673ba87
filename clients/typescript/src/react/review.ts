/** Reviewing suggestions: a decision shows at once, and a refused one is taken back alone. */
import { type QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type { Snapshot } from "../changes.js";
import type { UnstuckError } from "../errors.js";
import { randomId } from "../ids.js";
import { type DecideNumbered, type GenerationDetail, type Reviewed, type Suggestion, suggestionsOf } from "../types.js";
import { useGeneration } from "./generation.js";
import { keys } from "./keys.js";
import { useUnstuck } from "./provider.js";
import { repeating } from "./repeating.js";
import { tellFeeds } from "./snapshots.js";

export interface UseReviewResult {
  /** The suggestions with the decisions made here; undefined until the generation has succeeded, or if it has none. */
  suggestions: Suggestion[] | undefined;
  /**
   * Decide on one, with own fields to edit it. If the call is refused, rejects with UnstuckError, and the suggestion
   * shows its old state.
   */
  decide: (decision: DecideNumbered) => Promise<Reviewed>;
  /** Decide on several: all or none. */
  decideMany: (decisions: DecideNumbered[]) => Promise<Reviewed>;
  /** Numbers of the suggestions whose decision is not stored yet. */
  pending: number[];
  isPending: boolean;
  /** The state of the last decision. */
  error: UnstuckError | null;
  reset: () => void;
}

interface Deciding {
  /** Identifies a decision: the QueryClient shares the equal parts of two states, so object identity does not last. */
  readonly key: string;
  readonly decisions: readonly DecideNumbered[];
}

const NONE: readonly Deciding[] = [];

/** Review the suggestions of a generation; `of` may be undefined while there is none. */
export function useReview(of: string | undefined): UseReviewResult {
  const client = useUnstuck();
  const queries = useQueryClient();
  const generation = useGeneration(of).data;
  const id = of ?? ""; // no decision is possible before the generation is known: there are no suggestions
  const deciding = useQuery({ queryKey: keys.decisions(id), queryFn: () => NONE, enabled: false }).data ?? NONE;
  const mutation = useMutation<Reviewed, UnstuckError, Deciding>({
    ...repeating(),
    mutationFn: ({ decisions }) => {
      const [first, ...others] = decisions;
      if (first === undefined || others.length > 0) return client.decideMany(id, [...decisions]);
      const { number, ...decision } = first;
      return client.decide(id, number, decision);
    },
    scope: { id: `unstuck-review-${id}` }, // one after the other: the last decision on a suggestion wins
    onSuccess: (reviewed) => {
      storeReviewed(queries, reviewed);
      void queries.invalidateQueries({ queryKey: keys.cards });
    },
    onSettled: (_reviewed, _error, done) =>
      setDeciding(queries, id, (all) => all.filter(({ key }) => key !== done.key)),
  });
  const { mutateAsync } = mutation;
  const decideMany = useCallback(
    (decisions: DecideNumbered[]) => {
      const added: Deciding = { key: randomId(), decisions };
      setDeciding(queries, id, (all) => [...all, added]);
      return mutateAsync(added);
    },
    [queries, id, mutateAsync],
  );
  const decide = useCallback((decision: DecideNumbered) => decideMany([decision]), [decideMany]);
  const suggestions = useMemo(
    () => suggestionsOf(generation)?.map((stored) => decided(stored, deciding)),
    [generation, deciding],
  );
  const pending = useMemo(() => deciding.flatMap(({ decisions }) => decisions.map(({ number }) => number)), [deciding]);
  const { error, reset } = mutation;
  return { suggestions, decide, decideMany, pending, isPending: deciding.length > 0, error, reset };
}

function setDeciding(
  queries: QueryClient,
  id: string,
  change: (all: readonly Deciding[]) => readonly Deciding[],
): void {
  queries.setQueryData<readonly Deciding[]>(keys.decisions(id), (all = NONE) => change(all));
}

/** Return a suggestion as it will be once all pending decisions are stored. */
function decided(stored: Suggestion, deciding: readonly Deciding[]): Suggestion {
  return deciding
    .flatMap(({ decisions }) => decisions)
    .filter(({ number }) => number === stored.number)
    .reduce((shown, { decision, number: _number, ...edit }) => {
      const { card_id: cardId, ...rest } = shown;
      const next: Suggestion = { ...rest, ...edit, state: decision };
      return decision === "accepted" && cardId !== undefined ? { ...next, card_id: cardId } : next;
    }, stored);
}

/**
 * Put in the server's stored state, at the version that it names. It names only the items of this call. If anything
 * else has changed, or there is no known state to put it into, everything is read again.
 */
function storeReviewed(queries: QueryClient, { generation_id: id, version, suggestions }: Reviewed): void {
  const queryKey = keys.generation(id);
  const stored = new Map(suggestions.map((suggestion) => [suggestion.number, suggestion]));
  let isAll = false;
  queries.setQueryData<Snapshot>(queryKey, (known) => {
    const shown = suggestionsOf(known?.generation);
    if (known === undefined || shown === undefined) return known;
    isAll = version <= known.generation.version + 1;
    if (version < known.generation.version) return known; // the known state was read later
    const next = isAll ? version : known.generation.version;
    const merged = shown.map((old) => stored.get(old.number) ?? old);
    const generation = withSuggestions(known.generation, next, merged);
    tellFeeds(queries, generation);
    return { ...known, etag: undefined, generation };
  });
  if (!isAll) void queries.invalidateQueries({ queryKey });
}

function withSuggestions(known: GenerationDetail, version: number, suggestions: Suggestion[]): GenerationDetail {
  const output = { ...known.output, [known.reviews ?? ""]: suggestions } as GenerationDetail["output"];
  return { ...known, version, output };
}
