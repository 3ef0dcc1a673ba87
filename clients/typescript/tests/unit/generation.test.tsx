import { act } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createClient, type Snapshot } from "../../src/index.js";
import { useGeneration, useGenerationEvents } from "../../src/react/index.js";
import { FakeApi, generation, ID, json, problem, succeeded, unchanged } from "./fake-api.js";
import { pass, render, restore, tab } from "./harness.js";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(restore);

describe("useGeneration", () => {
  it("looks as often as the server's hint says", async () => {
    const hints = [3, 1, 10];
    const api = new FakeApi(() => json(200, generation({ poll_after_seconds: hints.shift() ?? 10 })));
    render(api, () => useGeneration(ID));
    await pass(10);
    expect(api.requests).toHaveLength(1);
    await pass(2_900);
    expect(api.requests).toHaveLength(1);
    await pass(200);
    expect(api.requests).toHaveLength(2);
    await pass(1_100);
    expect(api.requests).toHaveLength(3);
    await pass(9_000);
    expect(api.requests).toHaveLength(3);
  });

  it("sends no request for 30 s after the end", async () => {
    const answers = [generation({ poll_after_seconds: 1 }), succeeded()];
    const api = new FakeApi(() => json(200, answers.shift()));
    const { result } = render(api, () => useGeneration(ID));
    await pass(1_200);
    expect(result.current.data?.status).toBe("succeeded");
    expect(result.current.isFollowing).toBe(false);
    expect(result.current.nextLookAt).toBeUndefined();
    const before = api.requests.length;
    await pass(30_000);
    await tab(false);
    await tab(true);
    await pass(100);
    expect(before).toBe(2);
    expect(api.requests).toHaveLength(2);
  });

  it.each(["failed", "canceled"] as const)("stops at %s, too", async (status) => {
    const api = new FakeApi(() => json(200, generation({ status })));
    render(api, () => useGeneration(ID));
    await pass(30_000);
    expect(api.requests).toHaveLength(1);
  });

  it("sends nothing in a hidden tab, and looks at once when it is seen again", async () => {
    const api = new FakeApi(() => json(200, generation({ poll_after_seconds: 1 })));
    render(api, () => useGeneration(ID));
    await pass(10);
    await tab(false);
    await pass(60_000);
    expect(api.requests).toHaveLength(1);
    await tab(true);
    await pass(10);
    expect(api.requests).toHaveLength(2);
    await pass(1_100);
    expect(api.requests).toHaveLength(3);
  });

  it("never shows an older version than before", async () => {
    const states = [
      generation({ version: 7, progress: 85, poll_after_seconds: 1 }),
      generation({ version: 3, progress: 10, poll_after_seconds: 1 }),
      generation({ version: 8, progress: 90, poll_after_seconds: 1 }),
    ];
    const api = new FakeApi(() => json(200, states.shift() ?? succeeded({ version: 9 })));
    const shown: (number | undefined)[] = [];
    render(api, () => {
      const { data } = useGeneration(ID);
      if (data?.progress !== shown.at(-1)) shown.push(data?.progress);
    });
    await pass(5_000);
    expect(shown).toEqual([undefined, 85, 90, 100].slice(shown[0] === undefined ? 0 : 1));
    expect(api.requests).toHaveLength(4);
  });

  it("drops an answer that was overtaken while it was under way", async () => {
    let answer: (response: Response) => void = () => undefined;
    const api = new FakeApi(() => new Promise<Response>((resolve) => (answer = resolve)));
    const { result, queries } = render(api, () => useGeneration(ID));
    await pass(10);
    const newest: Snapshot = {
      generation: generation({ version: 9 }),
      etag: undefined,
      seenAt: Date.now(),
      lookAfterSeconds: 60,
    };
    act(() => void queries.setQueryData(["unstuck", "generation", ID], newest));
    await act(async () => answer(json(200, generation({ version: 4 }))));
    await pass(10);
    expect(result.current.data?.version).toBe(9);
  });

  it("asks for what changed since", async () => {
    const api = new FakeApi(({ headers }) =>
      headers.get("if-none-match") === '"2-0"'
        ? unchanged('"2-0"', 2)
        : json(200, generation({ poll_after_seconds: 1 }), { etag: '"2-0"' }),
    );
    const { result } = render(api, () => useGeneration(ID));
    await pass(10);
    const first = result.current.data;
    await pass(1_100);
    expect(api.requests.map((request) => request.headers.get("if-none-match"))).toEqual([null, '"2-0"']);
    expect(result.current.data).toBe(first);
    await pass(2_100);
    expect(api.requests).toHaveLength(3);
  });

  it("backs off while looks fail, keeps what it has, and goes on", async () => {
    vi.mocked(Math.random).mockReturnValue(1);
    let up = true;
    const api = new FakeApi(() =>
      up ? json(200, generation({ poll_after_seconds: 1 })) : json(503, { message: "no" }),
    );
    const { result } = render(api, () => useGeneration(ID));
    await pass(10);
    up = false;
    const begin = api.requests.length;
    await pass(1_200); // a failed look; the next after 1, 2, 4, 8 s
    expect(result.current.error?.code).toBe("http_503");
    expect(result.current.data?.status).toBe("running");
    await pass(15_100);
    expect(api.requests.length - begin).toBe(5);
    up = true;
    await pass(30_000);
    expect(result.current.error).toBeNull();
    expect(result.current.isFollowing).toBe(true);
  });

  it("does not try again in a hidden tab either", async () => {
    const api = new FakeApi(() => json(503, { message: "no" }));
    render(api, () => useGeneration(ID));
    await pass(10);
    await tab(false);
    await pass(60_000);
    expect(api.requests).toHaveLength(1);
    await tab(true);
    await pass(1_000);
    expect(api.requests.length).toBeGreaterThan(1);
  });

  it("ends at an error that will not pass", async () => {
    const api = new FakeApi(() => problem(404, "not_found"));
    const { result } = render(api, () => useGeneration(ID));
    await pass(60_000);
    expect(api.requests).toHaveLength(1);
    expect(result.current.error?.code).toBe("not_found");
    expect(result.current.isFollowing).toBe(false);
  });

  it("sends nothing as long as there is no id", async () => {
    const api = new FakeApi(() => json(200, generation()));
    const { result } = render(api, () => useGeneration(undefined));
    await pass(10_000);
    expect(api.requests).toHaveLength(0);
    expect(result.current.data).toBeUndefined();
  });

  it("stops when nobody shows it any more", async () => {
    const api = new FakeApi(() => json(200, generation({ poll_after_seconds: 1 })));
    const { unmount } = render(api, () => useGeneration(ID));
    await pass(10);
    unmount();
    await pass(30_000);
    expect(api.requests).toHaveLength(1);
  });

  it("looks when it is due, however often its page draws itself and others write to it", async () => {
    const api = new FakeApi(() => json(200, generation({ poll_after_seconds: 2 })));
    const { queries } = render(api, () => useGeneration(ID));
    await pass(10);
    for (let i = 0; i < 50; i += 1) {
      act(() => void queries.setQueryData<Snapshot>(["unstuck", "generation", ID], (held) => held && { ...held }));
      await pass(100);
    }
    expect(api.requests.length).toBeGreaterThanOrEqual(3);
  });

  it("tells the heartbeat's age by the server's clock", async () => {
    const serverNow = Date.now() + 3_600_000;
    const heartbeat = new Date(serverNow - 9_000).toISOString();
    const date = { "cache-control": "no-store", date: new Date(serverNow).toUTCString() };
    const api = new FakeApi(() => json(200, generation({ heartbeat_at: heartbeat, poll_after_seconds: 60 }), date));
    const { result } = render(api, () => useGeneration(ID));
    await pass(0);
    const age = result.current.heartbeatAgeSeconds() ?? 0;
    expect(age).toBeGreaterThan(8.4);
    expect(age).toBeLessThan(9.6);
    await pass(5_000);
    expect((result.current.heartbeatAgeSeconds() ?? 0) - age).toBeCloseTo(5, 1);
  });

  it("takes a push channel in polling's place", async () => {
    let push: ((snapshot: Snapshot) => void) | undefined;
    const snapshot = (version: number): Snapshot => ({
      generation: generation({ version }),
      etag: undefined,
      seenAt: Date.now(),
      lookAfterSeconds: undefined,
    });
    const api = new FakeApi(() => json(500, {}));
    const client = createClient({
      ...api,
      changes: () => ({
        look: () => Promise.resolve(snapshot(2)),
        lookAfter: () => undefined,
        subscribe: (_id, onChange) => {
          push = onChange;
          return () => {
            push = undefined;
          };
        },
      }),
    });
    const { result, unmount } = render(api, () => useGeneration(ID), client);
    await pass(10);
    expect(result.current.data?.version).toBe(2);
    act(() => push?.(snapshot(5)));
    act(() => push?.(snapshot(4)));
    await pass(10);
    expect(result.current.data?.version).toBe(5);
    await pass(30_000);
    expect(api.requests).toHaveLength(0);
    unmount();
    expect(push).toBeUndefined();
  });
});

describe("useGenerationEvents", () => {
  it("reads the timeline again with a new version, and no more after the end", async () => {
    const states = [generation({ version: 2, poll_after_seconds: 1 }), succeeded({ version: 5 })];
    let version = 2;
    const api = new FakeApi(({ path }) => {
      if (path.endsWith("/events")) return json(200, { generation_id: ID, version, attempts: [], events: [] });
      const state = states.shift() ?? succeeded();
      version = state.version;
      return json(200, state);
    });
    const { result } = render(api, () => useGenerationEvents(ID, { results: true }));
    await pass(1_500);
    expect(result.current.data?.version).toBe(5);
    const events = () => api.to(`/v1/generations/${ID}/events`);
    expect(events()).toHaveLength(2);
    expect(events()[0]?.query).toEqual({ results: "true" });
    await pass(30_000);
    expect(events()).toHaveLength(2);
  });

  it("goes on where versions come faster than the timeline can be read", async () => {
    let version = 2;
    const api = new FakeApi(async ({ path }) => {
      if (!path.endsWith("/events")) return json(200, generation({ version: ++version, poll_after_seconds: 1 }));
      const read = version;
      await new Promise((done) => setTimeout(done, 2_500));
      return json(200, { generation_id: ID, version: read, attempts: [], events: [] });
    });
    const { result } = render(api, () => useGenerationEvents(ID));
    await pass(3_000);
    const first = result.current.data?.version ?? 0;
    expect(first).toBeGreaterThan(0);
    await pass(10_000);
    expect(result.current.data?.version).toBeGreaterThan(first + 5);
  });
});
