import { act } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useCancel, useDismiss, useGeneration, useGenerationFeed, useRetry } from "../../src/react/index.js";
import { json, problem } from "./fake-api.js";
import { pass, render, restore, tab } from "./harness.js";
import { FakeServer } from "./server.js";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_763_800_000_000 });
});
afterEach(restore);

/** A server with `count` generations, a second apart, all succeeded. */
function serverWith(count: number): FakeServer {
  const server = new FakeServer();
  for (let i = 0; i < count; i += 1)
    server.add({ status: "succeeded", progress: 100 }, Date.now() - (count - i) * 1_000);
  return server;
}

function newestFirst(server: FakeServer): string[] {
  return [...server.held.keys()].sort().reverse();
}

function lists(server: FakeServer) {
  return server.to("/v1/generations", "GET");
}

describe("useGenerationFeed", () => {
  it("reads page after page, each once, to the end", async () => {
    const server = serverWith(25);
    const { result } = render(server, () => useGenerationFeed({ pageSize: 10 }));
    await pass(10);
    expect(result.current.entries).toHaveLength(10);
    act(() => {
      result.current.fetchNextPage();
      result.current.fetchNextPage();
    });
    await pass(10);
    expect(result.current.entries).toHaveLength(20);
    act(() => result.current.fetchNextPage());
    await pass(10);
    expect(result.current.hasNextPage).toBe(false);
    expect(result.current.entries.map((entry) => entry.generationId)).toEqual(newestFirst(server));
    act(() => result.current.fetchNextPage());
    await pass(10);
    expect(lists(server)).toHaveLength(3);
    await pass(21_000); // the newest page has been read again
    expect(lists(server)).toHaveLength(4);
    expect(result.current.hasNextPage).toBe(false);
  });

  it("neither loses nor doubles an entry while the pages shift", async () => {
    const server = serverWith(30);
    const { result } = render(server, () => useGenerationFeed({ pageSize: 10 }));
    const ids = () => result.current.entries.map((entry) => entry.generationId);
    let before: (string | undefined)[] = [];
    await pass(10);
    for (let round = 0; round < 30; round += 1) {
      const added = (round * 7) % 26; // more than two pages at once, now and then
      for (let i = 0; i < added; i += 1) {
        server.add({ status: i === 0 ? "running" : "succeeded" }, Date.now() - 50 + i);
      }
      for (const { generation_id: id, status, version } of server.held.values()) {
        if (status === "running") server.change(id, version > 3 ? { status: "failed" } : { progress: version });
      }
      if (round % 3 === 0) act(() => result.current.fetchNextPage());
      await pass(round % 2 === 0 ? 21_000 : 700);
      expect(new Set(ids()).size).toBe(ids().length);
      expect(ids().filter((id) => before.includes(id))).toEqual(before);
      before = ids();
    }
    while (result.current.hasNextPage) {
      act(() => result.current.fetchNextPage());
      await pass(10);
    }
    await pass(30_000);
    expect(ids()).toEqual(newestFirst(server));
  });

  it("reads the newest page often while anything on it is open, and slowly when nothing is", async () => {
    const server = serverWith(3);
    const running = server.add({ status: "running" });
    const { result } = render(server, () => useGenerationFeed());
    await pass(10_100);
    expect(lists(server)).toHaveLength(6);
    server.change(running.generation_id, { status: "succeeded" });
    await pass(2_100);
    expect(result.current.entries[0]?.generation?.status).toBe("succeeded");
    const before = lists(server).length;
    await pass(19_500);
    expect(lists(server).length - before).toBeLessThanOrEqual(1);
    await pass(21_000);
    expect(lists(server).length - before).toBe(2);
  });

  it("sends nothing in a hidden tab", async () => {
    const server = serverWith(3);
    server.add({ status: "running" });
    render(server, () => useGenerationFeed());
    await pass(10);
    await tab(false);
    await pass(60_000);
    expect(server.requests).toHaveLength(1);
    await tab(true);
    await pass(10);
    expect(server.requests).toHaveLength(2);
  });

  it("follows open entries of older pages one by one, to their end", async () => {
    const server = new FakeServer();
    const old = server.add({ status: "running" }, Date.now() - 100_000);
    for (let i = 0; i < 5; i += 1) server.add({ status: "succeeded" }, Date.now() - 50_000 + i);
    const { result } = render(server, () => useGenerationFeed({ pageSize: 3 }));
    await pass(10);
    act(() => result.current.fetchNextPage());
    await pass(1_500);
    const looks = () => server.to(`/v1/generations/${old.generation_id}`).length;
    expect(looks()).toBeGreaterThanOrEqual(2);
    server.change(old.generation_id, { status: "succeeded", progress: 100 });
    await pass(1_500);
    expect(result.current.entries.at(-1)?.generation?.status).toBe("succeeded");
    const before = looks();
    await pass(30_000);
    expect(looks()).toBe(before);
  });

  it("shows an end within two seconds, however old the generation is", async () => {
    const server = new FakeServer();
    const old = server.add({ status: "running" }, Date.now() - 600_000);
    const { result } = render(server, () => useGenerationFeed());
    await pass(10);
    for (const wait of [200, 1_400, 3_900]) {
      await pass(wait);
      server.change(old.generation_id, { status: wait === 3_900 ? "succeeded" : "running", progress: wait / 100 });
      await pass(2_100);
      expect(result.current.entries[0]?.generation?.progress).toBe(wait / 100);
    }
    expect(result.current.entries[0]?.generation?.status).toBe("succeeded");
  });

  it("leaves a generation alone that only waits for its next attempt, and reads when that may begin", async () => {
    const server = new FakeServer();
    const next = new Date(Date.now() + 12_000).toISOString();
    const one = server.add({ state: "waiting_to_retry", next_at: next });
    const { result } = render(server, () => useGenerationFeed());
    await pass(11_000);
    expect(lists(server)).toHaveLength(1);
    server.change(one.generation_id, { status: "failed", state: undefined, next_at: undefined });
    await pass(3_100);
    expect(result.current.entries[0]?.generation?.status).toBe("failed");
  });

  it("goes on reading while others write to it all the time", async () => {
    const server = serverWith(1);
    const running = server.add({ status: "running" });
    const { result } = render(server, () => ({
      feed: useGenerationFeed(),
      one: useGeneration(running.generation_id),
    }));
    await pass(10);
    for (let i = 0; i < 60; i += 1) {
      server.change(running.generation_id, { progress: i });
      await pass(500); // the look at one updates the feed once a second
    }
    expect(lists(server).length).toBeGreaterThanOrEqual(14);
    expect(result.current.feed.entries[0]?.generation?.progress).toBeGreaterThan(50);
  });

  it("keeps an entry that no longer fits the filter", async () => {
    const server = new FakeServer();
    const one = server.add({ status: "running" });
    const { result } = render(server, () => useGenerationFeed({ status: "running" }));
    await pass(10);
    server.change(one.generation_id, { status: "failed" });
    await pass(5_000);
    expect(result.current.entries.map((entry) => entry.generation?.status)).toEqual(["failed"]);
    const before = server.requests.length;
    await pass(60_000);
    expect(server.requests.length - before).toBeLessThanOrEqual(3);
  });

  it("takes out what was dismissed in another tab, or has expired", async () => {
    const server = serverWith(4);
    const { result } = render(server, () => useGenerationFeed());
    await pass(10);
    const [first, second, ...others] = newestFirst(server);
    server.change(first ?? "", { dismissed_at: new Date().toISOString() });
    server.held.delete(second ?? "");
    await pass(21_000);
    expect(result.current.entries.map((entry) => entry.generationId)).toEqual(others);
  });

  it("shows what it has while reading fails, says so, and goes on", async () => {
    const server = serverWith(2);
    const { result } = render(server, () => useGenerationFeed());
    await pass(10);
    server.before = () => json(503, { message: "no" });
    await pass(21_000);
    expect(result.current.entries).toHaveLength(2);
    expect(result.current.error?.code).toBe("http_503");
    server.before = () => undefined;
    server.add();
    await pass(30_000);
    expect(result.current.error).toBeNull();
    expect(result.current.entries).toHaveLength(3);
  });
});

describe("useDismiss", () => {
  it("takes the entry out at once, and for good", async () => {
    const server = serverWith(3);
    const { result } = render(server, () => ({ feed: useGenerationFeed(), dismiss: useDismiss() }));
    await pass(10);
    const [first, ...others] = newestFirst(server);
    let answer: () => void = () => undefined;
    const stale = lists(server).length;
    server.before = ({ method }) =>
      method === "DELETE" ? new Promise<Response>((resolve) => (answer = () => resolve(json(503, {})))) : undefined;
    act(() => void result.current.dismiss.run(first ?? ""));
    await pass(25_000); // a reading in between still lists it
    expect(lists(server).length).toBeGreaterThan(stale);
    const ids = () => result.current.feed.entries.map((entry) => entry.generationId);
    expect(ids()).toEqual(others);
    server.before = () => undefined;
    answer();
    await pass(30_000);
    expect(ids()).toEqual(others);
    expect(server.held.get(first ?? "")?.dismissed_at).toBeDefined();
  });

  it("puts it back where it was when that is refused", async () => {
    const server = serverWith(3);
    const { result } = render(server, () => ({ feed: useGenerationFeed(), dismiss: useDismiss() }));
    await pass(10);
    const ids = newestFirst(server);
    server.before = ({ method }) => (method === "DELETE" ? problem(409, "not_terminal") : undefined);
    act(() => void result.current.dismiss.run(ids[1] ?? "").catch(() => undefined));
    await pass(100);
    expect(result.current.feed.entries.map((entry) => entry.generationId)).toEqual(ids);
    expect(result.current.dismiss.error?.code).toBe("not_terminal");
  });
});

describe("useCancel", () => {
  it("shows the end everywhere at once, and nothing looks any more", async () => {
    const server = new FakeServer();
    const { generation_id: id } = server.add({ status: "running" });
    const { result } = render(server, () => ({
      feed: useGenerationFeed(),
      one: useGeneration(id),
      cancel: useCancel(),
    }));
    await pass(10);
    act(() => void result.current.cancel.run(id));
    await pass(10);
    expect(result.current.one.data?.status).toBe("canceled");
    expect(result.current.feed.entries[0]?.generation?.status).toBe("canceled");
    const looks = server.to(`/v1/generations/${id}`).length;
    await pass(30_000);
    expect(server.to(`/v1/generations/${id}`).length).toBe(looks);
  });
});

describe("useRetry", () => {
  it("shows the new generation in the feed at once, and the old one as retried", async () => {
    const server = new FakeServer();
    const old = server.add({ status: "failed" });
    server.before = ({ path }) => {
      if (!path.endsWith("/retry")) return undefined;
      const made = server.add({ retry_of: old.generation_id });
      server.change(old.generation_id, { retried_as: made.generation_id });
      return json(202, { generation_id: made.generation_id, status: "pending", version: 1, urls: { self: "" } });
    };
    const { result } = render(server, () => ({
      feed: useGenerationFeed(),
      one: useGeneration(old.generation_id),
      retry: useRetry(),
    }));
    await pass(10);
    act(() => void result.current.retry.run({ id: old.generation_id, from: "start" }));
    await pass(100);
    expect(result.current.feed.entries.map((entry) => entry.generation?.retry_of)).toEqual([
      old.generation_id,
      undefined,
    ]);
    expect(result.current.one.data?.retried_as).toBe(result.current.feed.entries[0]?.generationId);
    expect(server.to(`/v1/generations/${old.generation_id}/retry`)[0]?.body).toEqual({ from: "start" });
  });
});
