// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ChangeSource, createClient, type GenerationDetail, polling, type Snapshot } from "../../src/index.js";
import { FakeApi, generation, ID, json, problem, succeeded, unchanged } from "./fake-api.js";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** An API with one answer per look, repeating the last one. */
function looks(...answers: (() => Response | Promise<Response>)[]): FakeApi {
  return new FakeApi(() => {
    const next = answers.length > 1 ? answers.shift() : answers[0];
    return next?.() ?? json(500, {});
  });
}

const open =
  (fields: Partial<GenerationDetail>, etag = '"2-0"') =>
  () =>
    json(200, generation(fields), { etag });

describe("waiting", () => {
  it("looks again when the server said, and not before", async () => {
    const api = looks(open({ poll_after_seconds: 3 }), () => json(200, succeeded()));
    const done = createClient(api).waitFor(ID);
    await vi.advanceTimersByTimeAsync(2_990);
    expect(api.requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20);
    expect((await done).status).toBe("succeeded");
  });

  it("sends nothing more for 30 s after the end", async () => {
    const api = looks(() => json(200, succeeded()));
    await createClient(api).waitFor(ID);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(api.requests).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("asks for what changed since, and takes the hint of an unchanged state", async () => {
    const seen: GenerationDetail[] = [];
    const api = looks(
      open({ poll_after_seconds: 1 }, '"2-7"'),
      () => unchanged('"2-7"', 5),
      () => json(200, succeeded()),
    );
    const done = createClient(api).waitFor(ID, { onChange: (state) => seen.push(state) });
    await vi.advanceTimersByTimeAsync(1_010);
    expect(api.requests.map((request) => request.headers.get("if-none-match"))).toEqual([null, '"2-7"']);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(api.requests).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(200);
    await done;
    expect(seen.map((state) => state.status)).toEqual(["running", "succeeded"]);
  });

  it("drops a state that is older than the one before", async () => {
    const seen: number[] = [];
    const hint = { poll_after_seconds: 1 };
    const api = looks(
      open({ version: 7, progress: 85, ...hint }),
      open({ version: 6, progress: 10, ...hint }),
      open({ version: 7, progress: 85, heartbeat_at: "2025-11-22T08:26:41.000Z", ...hint }),
      open({ version: 7, progress: 80, heartbeat_at: "2025-11-22T08:26:40.500Z", ...hint }),
      () => json(200, succeeded({ version: 9 })),
    );
    const done = createClient(api).waitFor(ID, { onChange: (state) => seen.push(state.progress) });
    await vi.advanceTimersByTimeAsync(5_000);
    await done;
    expect(seen).toEqual([85, 85, 100]);
    expect(api.requests).toHaveLength(5);
  });

  it("goes on after errors that pass, waiting longer each time", async () => {
    vi.mocked(Math.random).mockReturnValue(1);
    const down = () => Promise.reject(new TypeError("fetch failed"));
    const api = looks(
      down,
      () => json(503, { message: "Service Unavailable" }),
      down,
      down,
      () => json(200, succeeded()),
    );
    const times: number[] = [];
    const begin = Date.now();
    const done = createClient(api).waitFor(ID, { onError: () => times.push((Date.now() - begin) / 1000) });
    await vi.advanceTimersByTimeAsync(20_000);
    expect((await done).status).toBe("succeeded");
    expect(times).toEqual([0, 1, 3, 7]);
  });

  it("never comes back sooner than an error asked for", async () => {
    const api = looks(
      () => problem(503, "unavailable", {}, { "retry-after": "12" }),
      () => json(200, succeeded()),
    );
    const done = createClient(api).waitFor(ID);
    await vi.advanceTimersByTimeAsync(11_990);
    expect(api.requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(100);
    await done;
  });

  it("ends at an error that will not pass", async () => {
    const api = looks(() => problem(404, "not_found"));
    await expect(createClient(api).waitFor(ID)).rejects.toMatchObject({ code: "not_found" });
    expect(api.requests).toHaveLength(1);
  });

  it("ends at once when the caller gives up, between looks too", async () => {
    const api = looks(open({ poll_after_seconds: 30 }));
    const control = new AbortController();
    const done = createClient(api).waitFor(ID, { signal: control.signal });
    const failed = expect(done).rejects.toThrow("left");
    await vi.advanceTimersByTimeAsync(1_000);
    control.abort(new Error("left"));
    await failed;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(api.requests).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("spreads a crowd's looks over the last tenth of the hint, and comes no later than it says", async () => {
    for (const [chance, soonest, latest] of [
      [0.99, 8_900, 9_100],
      [0, 9_900, 10_000],
    ] as const) {
      vi.mocked(Math.random).mockReturnValue(chance);
      const api = looks(open({ poll_after_seconds: 10 }));
      void createClient(api).waitFor(ID);
      await vi.advanceTimersByTimeAsync(soonest);
      expect(api.requests).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(latest - soonest);
      expect(api.requests).toHaveLength(2);
    }
  });
});

describe("polling", () => {
  it("never gives an older state than the one that is known, and looks again", async () => {
    const api = looks(open({ version: 7, progress: 85 }), open({ version: 3, progress: 10, poll_after_seconds: 4 }));
    const { changes } = createClient(api);
    const first = await changes.look(ID, undefined);
    const second = await changes.look(ID, first);
    expect(second.generation).toBe(first.generation);
    expect(changes.lookAfter(second)).toBe(4);
  });

  it("looks as often as who shows progress wants it, and sooner where the server says so", async () => {
    const hints = [9, 0.5, 9, 9];
    const api = new FakeApi(() => json(200, generation({ poll_after_seconds: hints.shift() ?? 9 })));
    const client = createClient({ ...api, changes: (own) => polling(own, { atMostSeconds: 2 }) });
    const control = new AbortController();
    const failed = expect(client.waitFor(ID, { signal: control.signal })).rejects.toThrow("left");
    const counts: number[] = [];
    for (let second = 0; second < 5; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      counts.push(api.requests.length);
    }
    expect(counts).toEqual([1, 2, 3, 3, 4]);
    control.abort(new Error("left"));
    await failed;
  });
});

const accepted = { generation_id: ID, status: "pending", version: 1, urls: { self: `/v1/generations/${ID}` } };

describe("creating and waiting", () => {
  it("keeps one Idempotency-Key however often the create is sent", async () => {
    let sends = 0;
    const api = new FakeApi(({ method }) => {
      if (method === "GET") return json(200, succeeded());
      sends += 1;
      return sends < 3 ? Promise.reject(new TypeError("fetch failed")) : json(202, accepted, { "retry-after": "2" });
    });
    const done = createClient(api).createAndWait({ source_text: "x" });
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await done).status).toBe("succeeded");
    const keys = api.to("/v1/generations").map((request) => request.headers.get("idempotency-key"));
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
  });

  it("does not try on against a limit of the user's", async () => {
    const api = new FakeApi(() => problem(429, "rate_limited", {}, { "retry-after": "200" }));
    await expect(createClient(api).createAndWait({ source_text: "x" })).rejects.toMatchObject({
      code: "rate_limited",
      retryAfterSeconds: 200,
    });
    expect(api.requests).toHaveLength(1);
  });

  it("gives up a create that is never taken", async () => {
    const api = new FakeApi(() => problem(503, "unavailable"));
    const failed = expect(createClient(api).createAndWait({ source_text: "x" })).rejects.toMatchObject({ status: 503 });
    await vi.advanceTimersByTimeAsync(300_000);
    await failed;
    expect(api.requests).toHaveLength(6);
  });
});

describe("a channel that pushes", () => {
  /** A push channel in miniature: one look at the start, then pushes. */
  function channel(first: GenerationDetail): { source: ChangeSource; push: (state: GenerationDetail) => void } {
    let listener: ((snapshot: Snapshot) => void) | undefined;
    const snapshot = (state: GenerationDetail): Snapshot => ({
      generation: state,
      etag: undefined,
      seenAt: Date.now(),
      lookAfterSeconds: undefined,
    });
    const source: ChangeSource = {
      look: () => Promise.resolve(snapshot(first)),
      lookAfter: () => undefined,
      subscribe: (_id, onChange) => {
        listener = onChange;
        return () => {
          listener = undefined;
        };
      },
    };
    return { source, push: (state) => listener?.(snapshot(state)) };
  }

  it("takes the place of polling without a change to who waits", async () => {
    const { source, push } = channel(generation({ version: 3 }));
    const api = new FakeApi(() => json(500, {}));
    const seen: number[] = [];
    const client = createClient({ ...api, changes: () => source });
    const done = client.waitFor(ID, { onChange: (state) => seen.push(state.version) });
    await vi.advanceTimersByTimeAsync(10);
    push(generation({ version: 4 }));
    await vi.advanceTimersByTimeAsync(10);
    push(generation({ version: 2 }));
    await vi.advanceTimersByTimeAsync(10);
    push(succeeded({ version: 6 }));
    expect((await done).status).toBe("succeeded");
    expect(seen).toEqual([3, 4, 6]);
    expect(api.requests).toHaveLength(0);
  });

  it("can be given up", async () => {
    const { source } = channel(generation());
    const control = new AbortController();
    const client = createClient({ baseUrl: "https://api.test", changes: () => source });
    const failed = expect(client.waitFor(ID, { signal: control.signal })).rejects.toThrow("left");
    await vi.advanceTimersByTimeAsync(10);
    control.abort(new Error("left"));
    await failed;
  });
});
