import { act } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useCreateGeneration, useGenerationFeed } from "../../src/react/index.js";
import { gatewayMessage, problem } from "./fake-api.js";
import { pass, render, restore } from "./harness.js";
import { FakeServer } from "./server.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(restore);

const REQUEST = { kind: "story", premise: "A lighthouse keeper finds a door in the sea." } as const;

function use(server: FakeServer) {
  return render(server, () => ({ create: useCreateGeneration(), feed: useGenerationFeed() }));
}

function creates(server: FakeServer) {
  return server.to("/v1/generations", "POST");
}

function distinct(server: FakeServer) {
  const keys = creates(server).map((request) => request.headers.get("idempotency-key"));
  const clientIds = creates(server).map((request) => (request.body as { client_id?: string }).client_id);
  return { sends: keys.length, keys: new Set(keys).size, clientIds: new Set(clientIds).size };
}

describe("useCreateGeneration", () => {
  it("keeps the key and the client_id over its own repetitions, and makes one generation", async () => {
    const server = new FakeServer();
    let lost = 2;
    server.after = ({ method }) => {
      if (method !== "POST" || lost === 0) return undefined;
      lost -= 1;
      return Promise.reject(new TypeError("connection lost")); // carried out, but the answer was lost
    };
    const { result } = use(server);
    await pass(10);
    let id: string | undefined;
    act(() => {
      void result.current.create.submit(REQUEST).then((submitted) => {
        id = submitted.generation_id;
      });
    });
    await pass(10_000);
    expect(id).toBeDefined();
    expect(distinct(server)).toEqual({ sends: 3, keys: 1, clientIds: 1 });
    expect(server.held.size).toBe(1);
    expect(result.current.feed.entries).toHaveLength(1);
  });

  it("keeps them when the user submits the same again after that failed", async () => {
    const server = new FakeServer();
    server.after = ({ method }) => (method === "POST" ? gatewayMessage(503, "no") : undefined);
    const { result } = use(server);
    await pass(10);
    act(() => void result.current.create.submit(REQUEST).catch(() => undefined));
    await pass(60_000);
    expect(result.current.create.error?.code).toBe("http_503");
    server.after = () => undefined;
    act(() => void result.current.create.submit({ ...REQUEST }));
    await pass(1_000);
    expect(distinct(server)).toEqual({ sends: 6, keys: 1, clientIds: 1 });
    expect(server.held.size).toBe(1);
    expect(result.current.feed.entries).toHaveLength(1);
  });

  it("makes new ones for the next submit, though it asks for the same", async () => {
    const server = new FakeServer();
    const { result } = use(server);
    await pass(10);
    act(() => void result.current.create.submit(REQUEST));
    await pass(100);
    act(() => void result.current.create.submit(REQUEST));
    await pass(100);
    expect(distinct(server)).toEqual({ sends: 2, keys: 2, clientIds: 2 });
    expect(server.held.size).toBe(2);
  });

  it("makes new ones for another request after a failed one", async () => {
    const server = new FakeServer();
    server.before = ({ method }) => (method === "POST" ? problem(400, "validation_failed") : undefined);
    const { result } = use(server);
    await pass(10);
    act(() => void result.current.create.submit(REQUEST).catch(() => undefined));
    await pass(100);
    act(() => void result.current.create.submit({ ...REQUEST, chapters: 2 }).catch(() => undefined));
    await pass(100);
    expect(distinct(server)).toEqual({ sends: 2, keys: 2, clientIds: 2 });
  });

  it("does not repeat what a limit of the user's refused", async () => {
    const server = new FakeServer();
    server.before = ({ method }) =>
      method === "POST" ? problem(429, "rate_limited", {}, { "retry-after": "5" }) : undefined;
    const { result } = use(server);
    await pass(10);
    act(() => void result.current.create.submit(REQUEST).catch(() => undefined));
    await pass(60_000);
    expect(creates(server)).toHaveLength(1);
    expect(result.current.create.error).toMatchObject({ code: "rate_limited", retryAfterSeconds: 5 });
  });

  it("shows an entry from the click on, under one key to the end", async () => {
    const server = new FakeServer();
    let accept: () => void = () => undefined;
    server.before = ({ method }) => {
      if (method !== "POST") return undefined;
      server.before = () => undefined;
      return new Promise<Response>((resolve) => {
        accept = () => resolve(gatewayMessage(503, "at first"));
      });
    };
    const { result } = use(server);
    await pass(10);
    act(() => void result.current.create.submit({ ...REQUEST, session_id: "s" }));
    await pass(10);
    const [first] = result.current.feed.entries;
    expect(first).toMatchObject({ state: "sending", kind: "story", session_id: "s", generation: undefined });
    const keys = new Set<string>();
    const states: string[] = [];
    accept();
    for (let i = 0; i < 40; i += 1) {
      await pass(100);
      expect(result.current.feed.entries).toHaveLength(1);
      for (const entry of result.current.feed.entries) {
        keys.add(entry.key);
        if (states.at(-1) !== entry.state) states.push(entry.state);
      }
    }
    const [held] = server.held.values();
    server.change(held?.generation_id ?? "", { status: "succeeded", progress: 100 });
    await pass(5_000);
    expect(result.current.feed.entries[0]?.generation?.status).toBe("succeeded");
    expect([...keys, result.current.feed.entries[0]?.key]).toEqual([first?.key, first?.key]);
    expect(states).toEqual(["sending", "accepted"]);
  });

  it("leaves a refused one in the feed, to be sent again or discarded", async () => {
    const server = new FakeServer();
    server.before = ({ method }) => (method === "POST" ? problem(429, "too_many_running") : undefined);
    const { result } = use(server);
    await pass(10);
    act(() => void result.current.create.submit(REQUEST).catch(() => undefined));
    act(() => void result.current.create.submit({ ...REQUEST, chapters: 2 }).catch(() => undefined));
    await pass(100);
    const [second, first] = result.current.feed.entries;
    expect(first).toMatchObject({ state: "refused", error: { code: "too_many_running" } });
    server.before = () => undefined;
    act(() => {
      void result.current.create.resend(first?.key ?? "");
      result.current.create.discard(second?.key ?? "");
    });
    await pass(1_000);
    expect(result.current.feed.entries.map((entry) => [entry.key, entry.state])).toEqual([[first?.key, "accepted"]]);
    expect(distinct(server)).toEqual({ sends: 3, keys: 2, clientIds: 2 });
  });

  it("keeps the order of the clicks, whichever is accepted first", async () => {
    const server = new FakeServer();
    let letFirst: () => void = () => undefined;
    const holds = [new Promise<void>((resolve) => (letFirst = resolve)), Promise.resolve()];
    const plain = server.answer;
    server.answer = async (request) => {
      if (request.method === "POST") await holds.shift();
      return plain(request);
    };
    const { result } = use(server);
    await pass(10);
    act(() => void result.current.create.submit({ ...REQUEST, client_id: "one" }));
    act(() => void result.current.create.submit({ ...REQUEST, client_id: "two" }));
    await pass(500);
    const order = () => result.current.feed.entries.map((entry) => entry.key);
    expect(order()).toEqual(["two", "one"]);
    letFirst();
    await pass(5_000);
    expect(order()).toEqual(["two", "one"]);
    expect(result.current.feed.entries.map((entry) => entry.state)).toEqual(["accepted", "accepted"]);
  });

  it("shows it only in the feeds that it belongs to", async () => {
    const server = new FakeServer();
    const { result } = render(server, () => ({
      create: useCreateGeneration(),
      here: useGenerationFeed({ session_id: "here" }),
      other: useGenerationFeed({ session_id: "other" }),
    }));
    await pass(10);
    act(() => void result.current.create.submit({ ...REQUEST, session_id: "here" }));
    await pass(100);
    expect(result.current.here.entries).toHaveLength(1);
    expect(result.current.other.entries).toHaveLength(0);
  });
});
