/** Notices each generation that ends, wherever the hooks learn of it, and reports it once. */
import type { QueryClient } from "@tanstack/react-query";
import type { Snapshot } from "../changes.js";
import type { FeedState } from "../feed.js";
import { hasEnded } from "../statuses.js";
import type { Generation } from "../types.js";
import { keys } from "./keys.js";
import type { Sent } from "./sent.js";

export type Ended = (generation: Generation) => void;
/** What to do once a generation has ended: for all kinds, or by kind. */
export type OnEnded = Ended | Readonly<Record<string, Ended | undefined>>;

/** Watch the cache until the returned function is called. An end refreshes usage and cards. */
export function watchEnds(queries: QueryClient, onEnded: () => OnEnded | undefined): () => void {
  const open = new Set<string>();
  const see = (generation: Generation): void => {
    const { generation_id: id, kind } = generation;
    if (!hasEnded(generation)) open.add(id);
    else if (open.delete(id)) {
      void queries.invalidateQueries({ queryKey: keys.usage });
      void queries.invalidateQueries({ queryKey: keys.cards });
      const told = onEnded();
      (typeof told === "function" ? told : told?.[kind])?.(generation);
    }
  };
  const learn = (queryKey: readonly unknown[], data: unknown): void => {
    if (queryKey[0] !== keys.all[0] || data === undefined) return;
    if (queryKey[1] === keys.sent[1])
      for (const { state, generationId } of data as readonly Sent[])
        if (state === "accepted" && generationId !== undefined && !isKnown(queries, generationId))
          open.add(generationId);
    if (queryKey[1] === keys.feeds[1]) (data as FeedState).generations.forEach(see);
    if (queryKey[1] === keys.generation("")[1]) see((data as Snapshot).generation);
  };
  for (const query of queries.getQueryCache().findAll({ queryKey: keys.all })) learn(query.queryKey, query.state.data);
  return queries.getQueryCache().subscribe((event) => {
    if (event.type !== "updated" || event.action.type !== "success") return;
    learn(event.query.queryKey, event.query.state.data);
  });
}

/** Whether a submit's generation has been read: then its known state comes from that read. */
function isKnown(queries: QueryClient, id: string): boolean {
  return queries.getQueryData(keys.generation(id)) !== undefined;
}
