/** Behaviour under faults: feeds and details agree, submits are kept, pages go offline, and ends are reported. */
import { dehydrate, hydrate, onlineManager, QueryClient } from "@tanstack/react-query";
import { act } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createClient } from "../../src/index.js";
import {
  useCancel,
  useCreateGeneration,
  useGeneration,
  useGenerationFeed,
  useRetry,
  useUsage,
} from "../../src/react/index.js";
import { gatewayMessage, json, problem } from "./fake-api.js";
import { pass, render, restore } from "./harness.js";
import { FakeServer } from "./server.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(async () => {
  onlineManager.setOnline(true);
  await restore();
});

const REQUEST = { kind: "story", premise: "A lighthouse keeper finds a door in the sea." } as const;
const KEY = "sk-or-secret-of-the-user";

function use(server: FakeServer, queries?: QueryClient) {
  const hook = () => ({ create: useCreateGeneration(), feed: useGenerationFeed() });
  return render(server, hook, createClient({ ...server, token: "t" }), queries);
}

/** Everything that a persister would store. */
function kept(queries: QueryClient): string {
  const all = dehydrate(queries, { shouldDehydrateMutation: () => true, shouldDehydrateQuery: () => true });
  return JSON.stringify(all, (_name, value) => value);
}

describe("what is kept", () => {
  it("holds no key of the user's own at any moment", async () => {
    const server = new FakeServer();
    const { result, queries } = use(server);
    const moments: string[] = [];
    queries.getQueryCache().subscribe(() => moments.push(kept(queries)));
    queries.getMutationCache().subscribe(() => moments.push(kept(queries)));
    server.before = ({ method }) => (method === "POST" ? gatewayMessage(400, "no") : undefined);
    act(() => void result.current.create.submit({ ...REQUEST, user_provided_key: KEY }).catch(() => undefined));
    await pass(100);
    const [refused] = result.current.feed.entries;
    server.before = () => undefined;
    act(() => void result.current.create.resend(refused?.key ?? ""));
    await pass(100);
    expect(
      server.to("/v1/generations", "POST").map(({ body }) => (body as { user_provided_key: string }).user_provided_key),
    ).toEqual([KEY, KEY]);
    expect(moments.length).toBeGreaterThan(5);
    expect(moments.filter((moment) => moment.includes(KEY))).toEqual([]);
  });

  it("holds none of a retry's either", async () => {
    const server = new FakeServer();
    const { generation_id: id } = server.add({ status: "failed" });
    const { result, queries } = render(server, () => useRetry());
    const moments: string[] = [];
    queries.getMutationCache().subscribe(() => moments.push(kept(queries)));
    server.before = ({ path }) => (path.endsWith("/retry") ? problem(409, "not_retryable") : undefined);
    act(() => void result.current.run({ id, user_provided_key: KEY }).catch(() => undefined));
    await pass(100);
    expect(server.to(`/v1/generations/${id}/retry`)[0]?.body).toEqual({ user_provided_key: KEY });
    expect(moments.filter((moment) => moment.includes(KEY))).toEqual([]);
  });

  it("shows a submit that outlived its page as refused, and sends it again under its key", async () => {
    const server = new FakeServer();
    server.before = ({ method }) => (method === "POST" ? new Promise<Response>(() => undefined) : undefined);
    const before = use(server);
    act(() => void before.result.current.create.submit(REQUEST).catch(() => undefined));
    await pass(100);
    expect(before.result.current.feed.entries[0]?.state).toBe("sending");
    const stored = JSON.parse(JSON.stringify(dehydrate(before.queries)));
    before.unmount();

    server.before = () => undefined;
    const queries = new QueryClient();
    hydrate(queries, stored);
    const { result } = use(server, queries);
    await pass(100);
    const [entry] = result.current.feed.entries;
    expect(entry).toMatchObject({
      state: "refused",
      error: { code: "interrupted" },
      request: { premise: REQUEST.premise },
    });
    act(() => void result.current.create.resend(entry?.key ?? ""));
    await pass(100);
    expect(result.current.feed.entries).toMatchObject([{ key: entry?.key, state: "accepted" }]);
    const keys = server.to("/v1/generations", "POST").map(({ headers }) => headers.get("idempotency-key"));
    expect(new Set(keys).size).toBe(1);
  });

  it("asks for the user's key again once the page has forgotten it", async () => {
    const server = new FakeServer();
    server.before = ({ method }) => (method === "POST" ? problem(429, "rate_limited") : undefined);
    const before = use(server);
    act(() => void before.result.current.create.submit({ ...REQUEST, user_provided_key: KEY }).catch(() => undefined));
    await pass(100);
    const queries = new QueryClient();
    hydrate(queries, JSON.parse(JSON.stringify(dehydrate(before.queries))));
    server.before = () => undefined;
    const { result } = use(server, queries);
    await pass(10);
    const entry = result.current.feed.entries[0];
    expect(entry?.error).toMatchObject({ code: "rate_limited", message: "Title of rate_limited.", status: 429 });
    await expect(result.current.create.resend(entry?.key ?? "")).rejects.toMatchObject({ code: "user_key_required" });
    act(() => void result.current.create.resend(entry?.key ?? "", { user_provided_key: KEY }));
    await pass(100);
    expect(server.to("/v1/generations", "POST").at(-1)?.body).toMatchObject({ user_provided_key: KEY });
  });
});

describe("two submits in one tick", () => {
  it("are one where the caller gives them one key, and two where not", async () => {
    const server = new FakeServer();
    const { result } = use(server);
    await pass(10);
    const ids: string[] = [];
    const submit = (idempotencyKey?: string): void =>
      void result.current.create
        .submit(REQUEST, idempotencyKey === undefined ? {} : { idempotencyKey })
        .then(({ generation_id }) => ids.push(generation_id));
    act(() => {
      submit("form-1");
      submit("form-1");
    });
    await pass(100);
    act(() => submit("form-1"));
    await pass(100);
    expect([server.held.size, new Set(ids).size, ids.length]).toEqual([1, 1, 3]);
    act(() => {
      submit();
      submit();
    });
    await pass(100);
    expect([server.held.size, new Set(ids).size]).toEqual([3, 3]);
  });
});

describe("feed and detail", () => {
  it("never differ, whichever learns first", async () => {
    const server = new FakeServer();
    const { generation_id: id } = server.add({ status: "running", progress: 1 });
    const plain = server.answer;
    server.answer = async (request) => {
      const answer = await plain(request);
      // The detail itself polls rarely: the feed's reads update it.
      return request.path.endsWith(id) ? json(200, { ...(await answer.json()), poll_after_seconds: 50 }) : answer;
    };
    const { result } = render(server, () => ({ feed: useGenerationFeed(), one: useGeneration(id) }));
    await pass(10);
    for (let progress = 2; progress < 20; progress += 1) {
      server.change(id, { progress });
      await pass(1_100);
      const { feed, one } = result.current;
      expect(feed.entries[0]?.generation?.version).toBe(one.data?.version);
    }
    expect(result.current.one.data?.progress).toBeGreaterThan(10);
    server.change(id, { status: "failed", error: { code: "x", message: "y" } });
    await pass(3_000);
    expect(result.current.one.data?.status).toBe("failed");
  });

  it("a filter that finds nothing does not read the whole history again and again", async () => {
    const server = new FakeServer();
    let pages = 0;
    server.before = ({ path, method, query }) => {
      if (path !== "/v1/generations" || method !== "GET") return undefined;
      pages += 1;
      const page = Number(query.cursor ?? 0);
      return json(200, { generations: [], next_cursor: page < 40 ? String(page + 1) : null });
    };
    const { result } = render(server, () => useGenerationFeed({ status: "failed" }));
    await pass(1_000);
    expect(pages).toBeLessThanOrEqual(4);
    expect(result.current).toMatchObject({ entries: [], hasNextPage: true, isPending: false });
    const before = pages;
    await pass(100_000);
    expect(pages - before).toBeLessThanOrEqual(6);
    act(() => result.current.fetchNextPage());
    await pass(1_000);
    expect(result.current.hasNextPage).toBe(false);
    await pass(50_000);
    expect(result.current.hasNextPage).toBe(false);
  });
});

describe("offline", () => {
  it("is said, with the moment since when, and ends at once", async () => {
    const server = new FakeServer();
    const { generation_id: id } = server.add({ status: "running" });
    const { result } = render(server, () => ({ feed: useGenerationFeed(), one: useGeneration(id) }));
    await pass(10);
    expect(result.current.one).toMatchObject({ isPaused: false, pausedSince: undefined });
    server.before = () => Promise.reject(new TypeError("Failed to fetch"));
    act(() => onlineManager.setOnline(false));
    const since = Date.now();
    await pass(45_000);
    const { one, feed } = result.current;
    expect(one).toMatchObject({ isPaused: true, data: { status: "running" }, error: { code: "network_error" } });
    expect(Math.abs((one.pausedSince?.getTime() ?? 0) - since)).toBeLessThan(5_000);
    expect(feed.isPaused).toBe(true);
    expect((one.seenAt?.getTime() ?? 0) <= since).toBe(true);
    server.before = () => undefined;
    server.change(id, { progress: 77 });
    act(() => onlineManager.setOnline(true));
    await pass(100);
    expect(result.current.one).toMatchObject({ isPaused: false, error: null, data: { progress: 77 } });
  });

  it("stops nobody who is only said to be offline", async () => {
    onlineManager.setOnline(false);
    const server = new FakeServer();
    const { result } = use(server);
    await pass(10);
    act(() => void result.current.create.submit(REQUEST));
    await pass(1_000);
    expect(result.current.feed.entries).toMatchObject([{ state: "accepted" }]);
  });
});

describe("ends", () => {
  it("are told once, by kind too, and usage is read again", async () => {
    const server = new FakeServer();
    server.before = ({ path }) =>
      path === "/v1/usage" ? json(200, { month: "2026-01", days: [], total: {}, limits: {} }) : undefined;
    const told: string[] = [];
    const stories: string[] = [];
    const old = server.add({ status: "failed" });
    const running = server.add({ status: "running", kind: "story" });
    const hook = () => ({ feed: useGenerationFeed(), usage: useUsage() });
    const client = createClient(server);
    const { unmount } = render(server, hook, client, undefined, (ended) => told.push(ended.generation_id));
    const byKind = render(server, hook, client, undefined, { story: (ended) => stories.push(ended.generation_id) });
    await pass(1_000);
    const reads = server.to("/v1/usage").length;
    server.change(running.generation_id, { status: "succeeded" });
    await pass(30_000);
    expect(told).toEqual([running.generation_id]);
    expect(stories).toEqual([running.generation_id]);
    expect(told).not.toContain(old.generation_id);
    expect(server.to("/v1/usage").length).toBeGreaterThan(reads);
    unmount();
    byKind.unmount();
  });

  it("of a canceled one are looked at until the bill has come", async () => {
    const server = new FakeServer();
    const started = new Date().toISOString();
    const { generation_id: id } = server.add({ status: "running", started_at: started });
    const { result } = render(server, () => ({ one: useGeneration(id), cancel: useCancel() }));
    await pass(10);
    server.before = ({ path }) => {
      if (path.endsWith("/cancel")) server.change(id, { finished_at: new Date().toISOString() });
      return undefined;
    };
    act(() => void result.current.cancel.run(id));
    await pass(100);
    expect(result.current.one).toMatchObject({ data: { status: "canceled", usage: { calls: 1 } }, isFollowing: false });
    await pass(10_000);
    const usage = { calls: 2, prompt_tokens: 9, completion_tokens: 9, cost_usd: 0.5, wasted_cost_usd: 0.5 };
    server.change(id, { usage });
    await pass(15_000);
    expect(result.current.one.data?.usage.cost_usd).toBe(0.5);
    const looks = server.to(`/v1/generations/${id}`).length;
    expect(looks).toBeLessThan(10);
    await pass(120_000);
    expect(server.to(`/v1/generations/${id}`).length).toBe(looks);
  });
});
