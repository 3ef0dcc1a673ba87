/** Reviewing suggestions: shown as decided at once, and each taken back alone when it is refused. */
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
  /** As they stand with what was decided here; undefined until the generation has succeeded, or where it has none. */
  suggestions: Suggestion[] | undefined;
  /** Decide on one, with fields of its own to edit it. Rejects with UnstuckError, when it is shown as it was before. */
  decide: (decision: DecideNumbered) => Promise<Reviewed>;
  /** Decide on several, on all or on none. */
  decideMany: (decisions: DecideNumbered[]) => Promise<Reviewed>;
  /** Numbers of those whose decision is not stored yet. */
  pending: number[];
  isPending: boolean;
  /** Of the last decision. */
  error: UnstuckError | null;
  reset: () => void;
}

interface Deciding {
  /** What it is known by: the QueryClient shares what two states have alike, so that objects do not stay the same. */
  readonly key: string;
  readonly decisions: readonly DecideNumbered[];
}

const NONE: readonly Deciding[] = [];

/** Review the suggestions of a generation; `of` may be undefined as long as there is none. */
export function useReview(of: string | undefined): UseReviewResult {
  const client = useUnstuck();
  const queries = useQueryClient();
  const generation = useGeneration(of).data;
  const id = of ?? ""; // nothing can be decided on before it is known: there are no suggestions
  const deciding = useQuery({ queryKey: keys.decisions(id), queryFn: () => NONE, enabled: false }).data ?? NONE;
  const mutation = useMutation<Reviewed, UnstuckError, Deciding>({
    ...repeating(),
    mutationFn: ({ decisions }) => {
      const [first, ...others] = decisions;
      if (first === undefined || others.length > 0) return client.decideMany(id, [...decisions]);
      const { number, ...decision } = first;
      return client.decide(id, number, decision);
    },
    scope: { id: `unstuck-review-${id}` }, // one after the other: the later decision on a suggestion holds
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

/** Return a suggestion as it will be when all that is under way is stored. */
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
 * Put in what the server has stored, at the version that it names. It names only what this call decided on: where more has
 * changed than that, or nothing is known to put it into, the whole is read again.
 */
function storeReviewed(queries: QueryClient, { generation_id: id, version, suggestions }: Reviewed): void {
  const queryKey = keys.generation(id);
  const stored = new Map(suggestions.map((suggestion) => [suggestion.number, suggestion]));
  let isAll = false;
  queries.setQueryData<Snapshot>(queryKey, (known) => {
    const shown = suggestionsOf(known?.generation);
    if (known === undefined || shown === undefined) return known;
    isAll = version <= known.generation.version + 1;
    if (version < known.generation.version) return known; // what is known was read later
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
