import { act } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createClient } from "../../src/index.js";
import { useGeneration, useGenerationFeed } from "../../src/react/index.js";
import { ID, idAt, succeeded } from "./fake-api.js";
import { pass, render, restore, tab } from "./harness.js";
import { LiveServer, until } from "./live-server.js";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await restore();
});

/** Act on the page until the condition holds. */
async function eventually(isSo: () => boolean): Promise<void> {
  await act(() => until(isSo));
}

function served(status: "running" | "succeeded" = "running"): LiveServer {
  const server = new LiveServer();
  server.store({});
  server.start();
  if (status === "succeeded") server.end();
  return server;
}

describe("useGeneration of what is pushed", () => {
  it("shows each change and the text as they come, says that it is live, and ends with the output", async () => {
    const server = served();
    const shown: string[] = [];
    const { result } = render(server, () => {
      const found = useGeneration(ID);
      if (found.data) shown.push(`${found.data.status} ${found.data.output === undefined ? "" : "with output"}`);
      return found;
    });
    expect(result.current.live).toBe(false);
    await eventually(() => result.current.live);
    await pass(100);
    const before = server.looks();
    act(() => server.write({ output: { text: "At dusk" }, number: 1 }));
    act(() => server.beat({ progress: 40 }));
    await pass(100);
    expect(result.current.data?.progress).toBe(40);
    expect(result.current.partial).toMatchObject({ output: { text: "At dusk" }, step: "cards" });
    act(() => server.beat({ steps_done: 1 }));
    await pass(100);
    expect(result.current.partial).toBeUndefined();
    act(() => server.write({ step: "more", number: 1 }));
    await pass(100);
    expect(result.current.partial?.step).toBe("more");
    act(() => server.end());
    await pass(200);
    expect(result.current.partial).toBeUndefined();
    expect(result.current.data?.output).toBeDefined();
    expect(server.looks()).toBe(before + 1);
    expect(new Set(shown)).toEqual(new Set(["running ", "succeeded with output"]));
  });

  it("looks again at the server's hint as soon as nothing is pushed any more", async () => {
    const server = served();
    const { result } = render(server, () => useGeneration(ID));
    await eventually(() => result.current.live);
    await pass(5_000);
    server.refusal = () => new Response(null, { status: 503 });
    const before = server.looks();
    act(() => server.open[0]?.drop());
    await pass(10_000);
    expect(result.current.live).toBe(false);
    expect(server.looks() - before).toBeGreaterThanOrEqual(5);
  });

  it("opens nothing for a page that shows what has ended", async () => {
    const server = served("succeeded");
    const { result } = render(server, () => useGeneration(ID));
    await pass(60_000);
    expect(result.current.data?.status).toBe("succeeded");
    expect(server.tickets()).toBe(0);
  });

  it("lets go half a minute after the page does", async () => {
    const server = served();
    const { result, unmount } = render(server, () => useGeneration(ID));
    await eventually(() => result.current.live);
    unmount();
    await pass(29_000);
    expect(server.open).toHaveLength(1);
    await pass(2_000);
    expect(server.open).toHaveLength(0);
  });

  it("is connected for a minute in a hidden tab, asks for nothing then, and is again when it is seen", async () => {
    const server = served();
    const { result } = render(server, () => useGeneration(ID));
    await eventually(() => result.current.live);
    await pass(4_000);
    await tab(false);
    await pass(59_000);
    expect(server.open).toHaveLength(1);
    await pass(2_000);
    expect(server.open).toHaveLength(0);
    const before = server.requests.length;
    await pass(600_000);
    expect(server.requests).toHaveLength(before);
    act(() => server.beat({ progress: 88 }));
    await tab(true);
    await eventually(() => result.current.live);
    expect(result.current.data?.progress).toBe(88);
    expect(server.open).toHaveLength(1);
  });

  it("brings an end to a tab that has just been hidden", async () => {
    const server = served();
    const { result } = render(server, () => useGeneration(ID));
    await eventually(() => result.current.live);
    await tab(false);
    await pass(10_000);
    act(() => server.end());
    await pass(1_000);
    expect(result.current.data?.output).toBeDefined();
  });
});

describe("a browser that is online again", () => {
  const online = async (status: number, headers: Record<string, string>): Promise<LiveServer> => {
    const server = served();
    vi.mocked(Math.random).mockReturnValue(1);
    server.refusal = () => new Response(null, { status, headers });
    render(server, () => useGeneration(ID));
    await pass(40_000); // from here on it is polled every half minute
    server.refusal = undefined;
    await act(async () => void window.dispatchEvent(new Event("online")));
    return server;
  };

  it("has a connection at once", async () => {
    const server = await online(503, {});
    const before = Date.now();
    await eventually(() => server.open.length === 1);
    expect(Date.now() - before).toBeLessThan(5_000);
  });

  it("has none before the service has said", async () => {
    const server = await online(429, { "retry-after": "60" });
    await pass(10_000);
    expect(server.tickets()).toBe(1);
  });
});

describe("useGenerationFeed of what is pushed", () => {
  const reads = (server: LiveServer) => server.to("/v1/generations").length;

  it("shares the connection, is told of every change, and reads no page every other second", async () => {
    const server = served();
    const { result } = render(server, () => ({ feed: useGenerationFeed(), one: useGeneration(ID) }));
    await eventually(() => result.current.one.live);
    await pass(1_000);
    const before = reads(server);
    for (let beats = 1; beats <= 12; beats += 1) {
      act(() => server.beat({ progress: beats }));
      await pass(10_000);
      expect(result.current.feed.entries[0]?.generation?.progress).toBe(beats);
      expect(result.current.one.data?.progress).toBe(beats);
    }
    expect(reads(server)).toBe(before);
    act(() => server.end());
    await pass(1_000);
    expect(result.current.feed.entries[0]?.generation?.status).toBe("succeeded");
    expect(result.current.one.data?.output).toBeDefined();
    await pass(120_000);
    expect(reads(server)).toBe(before);
    expect(server.sockets).toHaveLength(1);
  });

  it("reads what has changed until the connection stood", async () => {
    const server = served("succeeded");
    server.handshake = (socket) => void setTimeout(() => socket.open(), 3_000);
    const { result } = render(server, () => useGenerationFeed());
    await pass(1_000);
    const id = idAt(1_763_900_000_000);
    server.store({}, id);
    await eventually(() => server.open.length === 1);
    await pass(100);
    expect(result.current.entries.map(({ generationId }) => generationId)).toEqual([id, ID]);
  });

  it("lets a first reading finish that takes longer than to connect", async () => {
    const server = served();
    const { fetch } = server;
    const slow = async (request: Request): Promise<Response> => {
      const answer = await fetch(request);
      if (request.url.includes("/v1/generations?")) await new Promise((done) => setTimeout(done, 2_000));
      request.signal.throwIfAborted();
      return answer;
    };
    const { result } = render(server, () => useGenerationFeed(), createClient({ ...server, fetch: slow }));
    await eventually(() => server.open.length === 1);
    server.network = () => undefined;
    server.beat({ progress: 50 });
    await pass(2_100);
    expect(result.current.entries[0]?.generation?.progress).toBe(0);
    await pass(2_100);
    expect(result.current.entries[0]?.generation?.progress).toBe(50);
  });

  it("reads every ten seconds while one waits for a worker", async () => {
    const server = new LiveServer();
    server.store({ next_at: new Date(Date.now() + 120_000).toISOString() });
    render(server, () => useGenerationFeed());
    await eventually(() => server.open.length === 1);
    await pass(1_000);
    const before = reads(server);
    await pass(40_000);
    expect(reads(server) - before).toBe(4);
  });

  it("shows what another tab makes, and drops what it dismisses", async () => {
    const server = served("succeeded");
    const { result } = render(server, () => useGenerationFeed());
    await eventually(() => server.open.length === 1);
    await pass(1_000);
    const id = idAt(1_763_900_000_000);
    server.store({}, id);
    act(() => server.start(id));
    await pass(1_000);
    expect(result.current.entries.map(({ generationId }) => generationId)).toEqual([id, ID]);
    act(() => server.store({ dismissed_at: new Date().toISOString() }));
    await pass(1_000);
    expect(result.current.entries.map(({ generationId }) => generationId)).toEqual([id]);
    expect(server.looks(id)).toBe(0);
  });

  it("reads again after a beat and three seconds of silence, and then as without pushes", async () => {
    const server = served();
    const { result } = render(server, () => useGenerationFeed());
    await eventually(() => server.open.length === 1);
    await pass(4_000);
    server.network = () => undefined;
    const before = reads(server);
    server.beat({ progress: 71 });
    await pass(13_500);
    expect(result.current.entries[0]?.generation?.progress).toBe(71);
    await pass(4_000);
    const then = reads(server);
    expect(then).toBeGreaterThan(before);
    expect(server.sockets).toHaveLength(2);
    await pass(10_000);
    expect(reads(server) - then).toBeGreaterThanOrEqual(4);
  });

  it("has the worker's death seen to at the lease's end", async () => {
    const server = served();
    const { spoil } = server;
    server.spoil = (request) => {
      for (const id of request.path === "/v1/generations" ? server.held.keys() : []) server.rescue(id); // as a list does
      return spoil(request);
    };
    const { result } = render(server, () => useGenerationFeed());
    await eventually(() => server.open.length === 1);
    await pass(39_000);
    expect(result.current.entries[0]?.generation?.attempt).toBe(1);
    await pass(4_000);
    expect(result.current.entries[0]?.generation?.attempt).toBe(2);
  });

  it("that shows outputs shows an end with its own", async () => {
    const server = served();
    const { result } = render(server, () => useGenerationFeed({ fields: "output" }));
    await eventually(() => server.open.length === 1);
    await pass(4_000);
    act(() => server.end());
    await pass(1_000);
    expect(result.current.entries[0]?.generation?.status).toBe("succeeded");
    expect(result.current.entries[0]?.generation?.output).toEqual(succeeded().output);
  });

  it("polls as ever where the client is not to be pushed to", async () => {
    const server = served();
    render(server, () => useGenerationFeed(), createClient({ ...server, live: false }));
    await pass(10_100);
    expect(reads(server)).toBeGreaterThanOrEqual(5);
    expect(server.tickets()).toBe(0);
  });
});
