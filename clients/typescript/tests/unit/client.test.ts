// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createClient, UnstuckError } from "../../src/index.js";
import { readOlder } from "../../src/reading.js";
import { FakeApi, gatewayMessage, generation, ID, json, problem, unchanged } from "./fake-api.js";

/** Passes for any answer that these tests do not look into. */
const ANSWERS = { stale: 0, oldest_pending_seconds: 0, paths: {} };

async function failure(promise: Promise<unknown>): Promise<UnstuckError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UnstuckError)) throw new Error(`not an UnstuckError: ${String(error)}`);
  return error;
}

describe("errors", () => {
  it("reads a problem with all that it says", async () => {
    const errors = [{ field: "source_text", code: "string_too_short", message: "too short" }];
    const api = new FakeApi(() => problem(400, "validation_failed", { errors, detail: "more" }));
    const error = await failure(createClient(api).createGeneration({ source_text: "x" }));
    expect(error).toMatchObject({ code: "validation_failed", status: 400, requestId: "r-1", detail: "more", errors });
    expect(error.message).toBe("Title of validation_failed.");
    expect(error.retryable).toBe(false);
    expect(error.refused).toBe(true);
  });

  it("reads what a limit asks to wait", async () => {
    const api = new FakeApi(() => problem(429, "rate_limited", {}, { "retry-after": "297" }));
    const error = await failure(createClient(api).createGeneration({ source_text: "x" }));
    expect(error).toMatchObject({ code: "rate_limited", retryAfterSeconds: 297, retryable: true });
  });

  it("reads the gateway's own form", async () => {
    const api = new FakeApi(() => gatewayMessage(503, "Service Unavailable"));
    const error = await failure(createClient(api).getUsage());
    expect(error).toMatchObject({ code: "http_503", status: 503, message: "Service Unavailable", retryable: true });
  });

  it("reads an answer that is no JSON", async () => {
    const api = new FakeApi(() => new Response("<h1>Bad gateway</h1>", { status: 502 }));
    expect(await failure(createClient(api).getHealth())).toMatchObject({
      code: "http_502",
      retryable: true,
      errors: [],
    });
  });

  it("says so when a good answer cannot be read", async () => {
    const api = new FakeApi(() => new Response('{"generations": [', { status: 200 }));
    expect(await failure(createClient(api).listGenerations())).toMatchObject({ code: "invalid_answer" });
  });

  it("says so when a list leads to itself, as behind a proxy that drops the query", async () => {
    const feed = new FakeApi(() => json(200, { generations: [generation()], next_cursor: "same" }));
    const cards = new FakeApi(() => json(200, { cards: [], next_cursor: "same" }));
    const all = async (items: AsyncIterable<unknown>) => {
      for await (const _ of items);
    };
    expect(await failure(all(createClient(feed).generations()))).toMatchObject({ code: "invalid_answer" });
    expect(await failure(all(createClient(cards).cards()))).toMatchObject({ code: "invalid_answer" });
    expect([feed.requests.length, cards.requests.length]).toEqual([2, 2]);
    const empty = new FakeApi(() => json(200, { generations: [], next_cursor: "same" }));
    const older = readOlder(createClient(empty), { filter: {}, pageSize: 20 }, "same");
    expect(await failure(older)).toMatchObject({ code: "invalid_answer" });
  });

  it("tells no answer from a refusal", async () => {
    const api = new FakeApi(() => Promise.reject(new TypeError("fetch failed")));
    const error = await failure(createClient(api).getHealth());
    expect(error).toMatchObject({ code: "network_error", status: 0, retryable: true, refused: false });
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  it("passes on the reason of the caller's own signal", async () => {
    const api = new FakeApi(() => new Promise<Response>(() => undefined));
    const control = new AbortController();
    const waiting = createClient(api).getHealth({ signal: control.signal });
    control.abort(new Error("left the page"));
    await expect(waiting).rejects.toThrow("left the page");
  });
});

describe("tokens", () => {
  it("asks for another token once, and sends the request again with it", async () => {
    const asked: boolean[] = [];
    const api = new FakeApi(({ headers }) =>
      headers.get("authorization") === "Bearer new" ? json(202, accepted) : gatewayMessage(401, "Unauthorized"),
    );
    const client = createClient({
      ...api,
      token: ({ renew }) => {
        asked.push(renew);
        return renew ? "new" : "old";
      },
    });
    await client.createGeneration({ source_text: "x" }, { idempotencyKey: "k" });
    expect(asked).toEqual([false, true]);
    const keys = api.requests.map((request) => request.headers.get("idempotency-key"));
    expect(keys).toEqual(["k", "k"]);
    expect(api.requests.map((request) => request.body)).toEqual([{ source_text: "x" }, { source_text: "x" }]);
  });

  it("does not ask a third time", async () => {
    const api = new FakeApi(() => gatewayMessage(401, "Unauthorized"));
    const client = createClient({ ...api, token: () => "bad" });
    expect(await failure(client.getUsage())).toMatchObject({ code: "http_401", retryable: false });
    expect(api.requests).toHaveLength(2);
  });

  it("sends nothing twice with a token that cannot be renewed", async () => {
    const api = new FakeApi(() => gatewayMessage(401, "Unauthorized"));
    await failure(createClient({ ...api, token: "fixed" }).getUsage());
    expect(api.requests).toHaveLength(1);
  });

  it("says so when the token function fails", async () => {
    const api = new FakeApi(() => json(200, ANSWERS));
    const client = createClient({ ...api, token: () => Promise.reject(new Error("signed out")) });
    expect(await failure(client.getUsage())).toMatchObject({ code: "token_unavailable" });
    expect(api.requests).toHaveLength(0);
  });

  it("sends none where none is taken", async () => {
    const api = new FakeApi(() => json(200, ANSWERS));
    const client = createClient({ ...api, token: "t" });
    await client.getHealth();
    await client.getOpenApi();
    expect(api.requests.map((request) => request.headers.get("authorization"))).toEqual([null, null]);
  });
});

const accepted = { generation_id: ID, status: "pending", version: 1, urls: { self: `/v1/generations/${ID}` } };

describe("calls", () => {
  it("makes an Idempotency-Key for a create that has none, another each time", async () => {
    const api = new FakeApi(() => json(202, accepted, { "retry-after": "3", "idempotency-replayed": "true" }));
    const client = createClient(api);
    const submitted = await client.createGeneration({ source_text: "x" });
    await client.createGeneration({ source_text: "x" });
    expect(submitted).toEqual({ ...accepted, lookAfterSeconds: 3, replayed: true });
    const keys = api.requests.map((request) => request.headers.get("idempotency-key"));
    expect(new Set(keys).size).toBe(2);
    expect(keys).not.toContain(null);
  });

  it("does not send what is left out of a query", async () => {
    const api = new FakeApi(() => json(200, { generations: [], next_cursor: null }));
    await createClient(api).listGenerations({ status: "failed", limit: undefined });
    expect(api.requests[0]?.query).toEqual({ status: "failed" });
  });

  it("takes a base URL with a path and a slash", async () => {
    const api = new FakeApi(() => json(200, ANSWERS));
    await createClient({ fetch: api.fetch, baseUrl: "https://api.test/a/$default/" }).getHealth();
    expect(api.requests[0]?.path).toBe("/a/$default/v1/health");
  });

  it("takes an unchanged state for an answer", async () => {
    const api = new FakeApi(() => unchanged('"2-0"', 7));
    const look = await createClient(api).lookAt(ID, { etag: '"2-0"' });
    expect(look).toEqual({ etag: '"2-0"', lookAfterSeconds: 7 });
    expect(api.requests[0]?.headers.get("if-none-match")).toBe('"2-0"');
  });

  it("prefers the finer hint of the body", async () => {
    const api = new FakeApi(() => json(200, generation({ poll_after_seconds: 1.3 }), { "retry-after": "2" }));
    expect((await createClient(api).lookAt(ID)).lookAfterSeconds).toBe(1.3);
  });

  it("walks a list to its end, over pages that are empty", async () => {
    const pages = [
      { generations: [generation({ version: 1 })], next_cursor: "a" },
      { generations: [], next_cursor: "b" },
      { generations: [generation({ version: 2 })], next_cursor: null },
    ];
    const api = new FakeApi(() => json(200, pages.shift()));
    const versions: number[] = [];
    for await (const seen of createClient(api).generations({ pageSize: 1, kind: "story" })) versions.push(seen.version);
    expect(versions).toEqual([1, 2]);
    expect(api.requests.map((request) => request.query)).toEqual([
      { kind: "story", limit: "1" },
      { kind: "story", limit: "1", cursor: "a" },
      { kind: "story", limit: "1", cursor: "b" },
    ]);
  });

  it("finds the kinds in the served document, what each takes and makes, with references resolved", async () => {
    const api = new FakeApi(() => json(200, document));
    expect(await createClient(api).kinds()).toEqual([
      {
        kind: "poem",
        description: "A topic.",
        schema: {
          description: "A topic.",
          properties: { kind: { const: "poem" }, mood: { enum: ["glad"], description: "Its mood." } },
        },
        output: { properties: { mood: { enum: ["glad"] } } },
      },
    ]);
  });
});

const document = {
  paths: {
    "/v1/generations": {
      post: {
        requestBody: {
          content: { "application/json": { schema: { oneOf: [{ $ref: "#/components/schemas/CreatePoem" }] } } },
        },
      },
    },
  },
  components: {
    schemas: {
      Mood: { enum: ["glad"] },
      PoemOutput: { properties: { mood: { $ref: "#/components/schemas/Mood" } } },
      CreatePoem: {
        description: "A topic.",
        properties: { kind: { const: "poem" }, mood: { $ref: "#/components/schemas/Mood", description: "Its mood." } },
      },
    },
  },
};

describe("time", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("gives up on an answer that does not come", async () => {
    const api = new FakeApi(() => new Promise<Response>(() => undefined));
    const failed = failure(createClient({ ...api, timeoutSeconds: 20 }).getHealth());
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await failed).toMatchObject({ code: "timeout", retryable: true });
  });

  it("gives up on a body that does not end", async () => {
    const api = new FakeApi(() => new Response(new ReadableStream({ start: () => undefined }), { status: 200 }));
    const failed = failure(createClient({ ...api, timeoutSeconds: 20 }).getHealth());
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await failed).toMatchObject({ code: "timeout" });
  });

  it("knows the server's time where the machine's clock is wrong", async () => {
    const serverNow = 1_000_000_000_000 + 3_600_000;
    const api = new FakeApi(() =>
      json(200, ANSWERS, { "cache-control": "no-store", date: new Date(serverNow).toUTCString() }),
    );
    const client = createClient(api);
    expect(client.now()).toBe(1_000_000_000_000);
    await client.getHealth();
    expect(Math.abs(client.now() - serverNow)).toBeLessThanOrEqual(500);
  });

  it("does not take the time of an answer that may have been kept", async () => {
    const date = new Date(1_000_000_000_000 - 300_000).toUTCString();
    const api = new FakeApi(() => json(200, ANSWERS, { "cache-control": "public, max-age=300", date }));
    const client = createClient(api);
    await client.getOpenApi();
    expect(client.now()).toBe(1_000_000_000_000);
  });

  it("takes the machine's clock for right where it is within two seconds", async () => {
    const api = new FakeApi(() =>
      json(200, ANSWERS, { "cache-control": "no-store", date: new Date(1_000_000_000_000 - 1_000).toUTCString() }),
    );
    const client = createClient(api);
    await client.getHealth();
    expect(client.now()).toBe(1_000_000_000_000);
  });
});
