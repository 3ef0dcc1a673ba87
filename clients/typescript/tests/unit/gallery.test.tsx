/** A feed with outputs: what it shows of each, and that neither a plain list nor a look elsewhere removes it. */
import { act } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ImageOutput, StoryOutput } from "../../src/index.js";
import { type UseGenerationFeedResult, useDismiss, useGeneration, useGenerationFeed } from "../../src/react/index.js";
import { pass, render, restore } from "./harness.js";
import { FakeServer } from "./server.js";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_763_800_000_000 });
});
afterEach(restore);

const story = (title: string): StoryOutput => ({ title, chapters: [] });

function gallery(server: FakeServer, count: number): string[] {
  const made = Array.from({ length: count }, (_, number) =>
    server.add({ kind: "story", status: "succeeded", output: story(`Story ${number}`) }, Date.now() - count + number),
  );
  return made.map(({ generation_id: id }) => id).reverse();
}

const outputOf = <Made,>(feed: UseGenerationFeedResult) => feed.entries[0]?.generation?.output as Made | undefined;
const titleOf = (feed: UseGenerationFeedResult) => outputOf<StoryOutput>(feed)?.title;
const shown = ({ current }: { current: UseGenerationFeedResult }) =>
  current.entries.map(({ generation }) => (generation?.output as StoryOutput | undefined)?.title);

it("asks for ten rows with their outputs, and for older ones the same", async () => {
  const server = new FakeServer();
  gallery(server, 12);
  const { result } = render(server, () => useGenerationFeed({ fields: "output" }));
  await pass(10);
  act(() => result.current.fetchNextPage());
  await pass(10);
  expect(server.to("/v1/generations").map(({ query }) => [query.fields, query.limit])).toEqual([
    ["output", "10"],
    ["output", "10"],
  ]);
  expect(shown(result)).toEqual(Array.from({ length: 12 }, (_, number) => `Story ${11 - number}`));
});

it("says of an output that is too large for a list that it was left out", async () => {
  const server = new FakeServer();
  server.add({ kind: "story", status: "succeeded", output: story("x".repeat(40_000)) });
  const { result } = render(server, () => useGenerationFeed({ fields: "output" }));
  await pass(10);
  expect(result.current.entries[0]?.generation?.output_omitted).toBe(true);
  expect(shown(result)).toEqual([undefined]);
});

it("shows what is open without one, and its output from the reading on that finds it ended", async () => {
  const server = new FakeServer();
  const { generation_id: id } = server.add({ kind: "story", status: "running" });
  const { result } = render(server, () => useGenerationFeed({ fields: "output" }));
  await pass(10);
  expect(result.current.entries[0]?.generation?.status).toBe("running");
  server.change(id, { status: "succeeded", output: story("Done") });
  await pass(6_000);
  expect(shown(result)).toEqual(["Done"]);
});

it("does not lose an output to a list without outputs that is newer", async () => {
  const server = new FakeServer();
  const [id = ""] = gallery(server, 1);
  const hook = () => ({ full: useGenerationFeed({ fields: "output" }), plain: useGenerationFeed() });
  const { result } = render(server, hook);
  await pass(10);
  server.change(id, { output: story("Reviewed") });
  server.before = ({ query }) => (query.fields === undefined ? undefined : new Response(null, { status: 503 }));
  await pass(21_000); // only the plain list is read again
  expect(result.current.plain.entries[0]?.generation?.version).toBe(2);
  expect(result.current.plain.entries[0]?.generation).not.toHaveProperty("output");
  expect(titleOf(result.current.full)).toBe("Story 0");
  server.before = () => undefined;
  await pass(120_000);
  expect(titleOf(result.current.full)).toBe("Reviewed");
});

it("shows a newer output that was read on its own", async () => {
  const server = new FakeServer();
  const [id = ""] = gallery(server, 1);
  const hook = () => ({ full: useGenerationFeed({ fields: "output" }), one: useGeneration(id) });
  const { result } = render(server, hook);
  await pass(10);
  server.change(id, { output: story("Reviewed") });
  await act(async () => void result.current.one.refetch());
  await pass(10);
  expect(titleOf(result.current.full)).toBe("Reviewed");
});

it("takes a dismissed one out", async () => {
  const server = new FakeServer();
  const [id = ""] = gallery(server, 2);
  const hook = () => ({ full: useGenerationFeed({ fields: "output" }), dismiss: useDismiss() });
  const { result } = render(server, hook);
  await pass(10);
  await act(async () => void result.current.dismiss.run(id));
  await pass(10);
  expect(result.current.full.entries).toHaveLength(1);
});

it("keeps a picture's link while it is good for half as long as a new one", async () => {
  const server = new FakeServer();
  const picture = { content_type: "image/png" as const, bytes: 1, sha256: "0".repeat(64), width: 1, height: 1 };
  const links: string[] = [];
  const { generation_id: id } = server.add({ kind: "image", status: "succeeded" });
  server.before = () => {
    links.push(`https://s3.test/${links.length}`);
    const expires_at = new Date(Date.now() + 600_000).toISOString();
    const held = server.held.get(id);
    if (held)
      server.held.set(id, { ...held, output: { images: [{ url: links.at(-1) ?? "", expires_at, ...picture }] } });
    return undefined;
  };
  const { result } = render(server, () => useGenerationFeed({ fields: "output" }));
  const url = () => outputOf<ImageOutput>(result.current)?.images[0]?.url;
  await pass(10);
  await pass(280_000);
  expect(links.length).toBeGreaterThan(10);
  expect(url()).toBe("https://s3.test/0");
  await pass(60_000);
  expect(url()).not.toBe("https://s3.test/0");
});
