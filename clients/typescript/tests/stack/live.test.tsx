// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, describe, expect, it } from "vitest";
import { type GenerationDetail, hasEnded, outputOf, type PartialOutput } from "../../src/index.js";
import { UnstuckProvider, useGeneration, useGenerationFeed } from "../../src/react/index.js";
import { connect, listening, ownSession, ownText } from "./stack.js";

afterEach(cleanup);

const LONG = { timeout: 60_000, interval: 20 };

/** Make a generation whose model writes for some seconds. */
async function written(client: ReturnType<typeof connect>, session = ownSession()): Promise<string> {
  const request = { source_text: ownText(), model: "local/stream:6", session_id: session };
  return (await client.createGeneration(request)).generation_id;
}

describe("over a real WebSocket", () => {
  it("a generation is followed with a handful of looks, its text is seen growing, and its end has the output", async () => {
    const { fetch, paths } = listening();
    const client = connect({ fetch });
    const id = await written(client);
    const seen: GenerationDetail[] = [];
    const texts: (PartialOutput | undefined)[] = [];
    let wasLive = false;
    const onChange = (state: GenerationDetail) => {
      seen.push(state);
      wasLive ||= client.changes.isLive?.() ?? false;
    };
    const end = await client.waitFor(id, { onChange, onPartial: (text) => texts.push(text) });
    expect(end.status).toBe("succeeded");
    const made = outputOf("flashcards", end)?.suggestions ?? [];
    expect(made.length).toBeGreaterThan(3);
    expect(wasLive).toBe(true);
    expect(seen.length).toBeGreaterThan(6); // a heartbeat every half second
    const versions = seen.map(({ version }) => version);
    expect(versions).toEqual([...versions].sort((one, other) => one - other));
    expect(seen.filter((state) => state.status === "succeeded" && state.output === undefined)).toEqual([]);
    const looks = paths.filter((path) => path.endsWith(id));
    expect(looks.length).toBeLessThan(seen.length);
    const shown = texts.filter((text) => text !== undefined);
    expect(shown.length).toBeGreaterThan(2);
    expect(texts.at(-1)).toBeUndefined();
    const cards = (shown.at(-1)?.output.suggestions ?? []) as { front: string }[];
    expect(cards[0]?.front).toBe(made[0]?.front);
    expect(paths.filter((path) => path === "/v1/live" || path.endsWith("/v1/live"))).toHaveLength(1);
    client.close();
  });

  it("a page shows what is made beside it, live, with its text, in the feed and by itself", async () => {
    const session = ownSession();
    const { fetch, paths } = listening();
    const client = connect({ fetch });
    const queries = new QueryClient();
    const wrapper = ({ children }: { children: ReactNode }) => (
      <QueryClientProvider client={queries}>
        <UnstuckProvider client={client}>{children}</UnstuckProvider>
      </QueryClientProvider>
    );
    let id: string | undefined;
    const texts = new Set<string>();
    const { result, rerender } = renderHook(
      () => {
        const one = useGeneration(id);
        if (one.partial !== undefined) texts.add(JSON.stringify(one.partial.output));
        return { feed: useGenerationFeed({ session_id: session }), one };
      },
      { wrapper },
    );
    await waitFor(() => expect(result.current.one.live).toBe(true), LONG);
    id = await written(connect({ live: false }), session); // elsewhere
    rerender();
    await waitFor(() => {
      expect(result.current.feed.entries[0]?.generationId).toBe(id);
      expect(result.current.one.data?.status).toBe("running");
    }, LONG);
    const before = paths.length;
    await waitFor(() => expect(texts.size).toBeGreaterThan(2), LONG);
    await waitFor(() => {
      const { data } = result.current.one;
      expect(data && hasEnded(data)).toBe(true);
      expect(data?.output).toBeDefined();
      expect(result.current.feed.entries[0]?.generation?.status).toBe("succeeded");
    }, LONG);
    expect(result.current.one.partial).toBeUndefined();
    expect(paths.slice(before).filter((path) => path.endsWith("/v1/generations")).length).toBeLessThan(3);
    client.close();
  });
});
