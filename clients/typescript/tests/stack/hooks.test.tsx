// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, describe, expect, it } from "vitest";
import {
  UnstuckProvider,
  useCancel,
  useCards,
  useCreateGeneration,
  useDismiss,
  useGeneration,
  useGenerationEvents,
  useGenerationFeed,
  useKinds,
  useReview,
  useUsage,
} from "../../src/react/index.js";
import { connect, listening, ownSession, ownText } from "./stack.js";

afterEach(cleanup);

const LONG = { timeout: 60_000, interval: 50 };

function render<Result>(hook: () => Result) {
  const queries = new QueryClient();
  const { fetch, paths } = listening();
  const client = connect({ fetch });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>
      <UnstuckProvider client={client}>{children}</UnstuckProvider>
    </QueryClientProvider>
  );
  return { ...renderHook(hook, { wrapper }), paths, queries };
}

describe("the hooks on the running API", () => {
  it("bring a submit from the click to its cards, in one entry, and stop asking at the end", async () => {
    const session = ownSession();
    let id: string | undefined;
    const { result, paths, queries, rerender } = render(() => ({
      create: useCreateGeneration(),
      feed: useGenerationFeed({ session_id: session }),
      one: useGeneration(id),
      events: useGenerationEvents(id),
      review: useReview(id),
      cards: useCards({ session_id: session }),
    }));
    await waitFor(() => expect(result.current.feed.isPending).toBe(false), LONG);
    const shown: { key: string; state: string; progress: number }[] = [];
    act(() => {
      const request = { source_text: ownText(), model: "local/slow:3", session_id: session } as const;
      void result.current.create.submit(request).then((submitted) => {
        id = submitted.generation_id;
        rerender();
      });
    });
    await waitFor(() => {
      const [entry, ...others] = result.current.feed.entries;
      expect(others).toEqual([]);
      if (entry) shown.push({ key: entry.key, state: entry.state, progress: entry.generation?.progress ?? 0 });
      expect(result.current.one.data?.status).toBe("succeeded");
      expect(entry?.generation?.status).toBe("succeeded");
    }, LONG);
    expect(new Set(shown.map(({ key }) => key)).size).toBe(1);
    // A feed reports the end before the output is read, and without its output nothing can be reviewed.
    await waitFor(() => expect(result.current.review.suggestions).toBeDefined(), LONG);
    const progress = shown.map((seen) => seen.progress);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));

    await act(() => result.current.review.decide({ number: 1, decision: "accepted", back: "Edited." }));
    await act(() => result.current.review.decide({ number: 2, decision: "rejected" }));
    await waitFor(() => {
      const states = result.current.review.suggestions?.slice(0, 3).map(({ state }) => state);
      expect(states).toEqual(["accepted", "rejected", "proposed"]);
    }, LONG);
    await waitFor(() => expect(result.current.cards.cards.map(({ back }) => back)).toEqual(["Edited."]), LONG);
    await waitFor(() => {
      const version = result.current.one.data?.version;
      expect(result.current.events.data?.events.at(-1)?.name).toBe("succeeded");
      expect(result.current.events.data?.version).toBe(version);
    }, LONG);

    // The last decision started a read of the cards, which may still be running.
    await waitFor(() => expect(queries.isFetching()).toBe(0), LONG);
    const before = paths.length;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    // The feed looks for new ones every 20 s; ended ones are not read again.
    expect(paths.slice(before).filter((path) => !path.endsWith("/v1/generations"))).toEqual([]);
  });

  it("cancel and dismiss, in the feed at once", async () => {
    const session = ownSession();
    const { result } = render(() => ({
      create: useCreateGeneration(),
      cancel: useCancel(),
      dismiss: useDismiss(),
      feed: useGenerationFeed({ session_id: session }),
    }));
    await waitFor(() => expect(result.current.feed.isPending).toBe(false), LONG);
    const request = { source_text: ownText(), model: "local/slow:30", session_id: session } as const;
    const { generation_id: id } = await act(() => result.current.create.submit(request));
    await act(() => result.current.cancel.run(id));
    await waitFor(() => expect(result.current.feed.entries[0]?.generation?.status).toBe("canceled"), LONG);
    await act(() => result.current.dismiss.run(id));
    await waitFor(() => expect(result.current.feed.entries).toEqual([]), LONG);
  });

  it("page through a feed that is longer than a page", async () => {
    const session = ownSession();
    const client = connect();
    const made: string[] = [];
    for (let i = 0; i < 7; i += 1) {
      const request = { kind: "assistant", sentence: "Plan my week.", session_id: session } as const;
      made.push((await client.createGeneration(request)).generation_id);
    }
    const { result } = render(() => useGenerationFeed({ session_id: session, pageSize: 3 }));
    await waitFor(() => expect(result.current.entries).toHaveLength(3), LONG);
    await waitFor(() => {
      act(() => result.current.fetchNextPage());
      expect(result.current.hasNextPage).toBe(false);
    }, LONG);
    expect(result.current.entries.map((entry) => entry.generationId)).toEqual(made.reverse());
    await waitFor(() => {
      const open = result.current.entries.filter(({ generation }) => generation?.finished_at === undefined);
      expect(open).toEqual([]);
    }, LONG);
  });

  it("say field by field what is wrong with a submit, and keep its entry", async () => {
    const session = ownSession();
    const { result } = render(() => ({
      create: useCreateGeneration(),
      feed: useGenerationFeed({ session_id: session }),
    }));
    await waitFor(() => expect(result.current.feed.isPending).toBe(false), LONG);
    await act(async () => {
      await result.current.create.submit({ source_text: "short", session_id: session }).catch(() => undefined);
    });
    await waitFor(() => expect(result.current.create.error?.errors).toMatchObject([{ field: "source_text" }]), LONG);
    expect(result.current.feed.entries).toMatchObject([{ state: "refused", generation: undefined }]);
  });

  it("read kinds and usage", async () => {
    const { result } = render(() => ({ kinds: useKinds(), usage: useUsage() }));
    await waitFor(() => {
      expect(result.current.kinds.data).toHaveLength(4);
      expect(result.current.usage.data?.month).toMatch(/^\d{4}-\d\d$/);
    }, LONG);
  });
});
