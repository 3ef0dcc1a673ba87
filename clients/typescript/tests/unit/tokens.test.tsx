/** Tokens that expire, are refused for a while, hang, or become another user's. */
import { act } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createClient, type UnstuckError } from "../../src/index.js";
import { useCreateGeneration, useGeneration, useGenerationFeed } from "../../src/react/index.js";
import { FakeApi, gatewayMessage, ID, json, succeeded } from "./fake-api.js";
import { pass, render, restore } from "./harness.js";
import { FakeServer } from "./server.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(restore);

function jwt(sub: string, validSeconds = 3600, nonce = 0): string {
  const exp = Math.floor(Date.now() / 1000) + validSeconds;
  const claims = btoa(JSON.stringify({ iss: "https://issuer.example", sub, exp, nonce }));
  return `e30.${claims.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.x`;
}

/** An API that accepts only one token; for others it returns the result of `refuse`. */
function taking(good: string, refuse: () => Response | Promise<Response>): FakeApi {
  return new FakeApi(({ headers }) =>
    headers.get("authorization") === `Bearer ${good}` ? json(200, succeeded()) : refuse(),
  );
}

const blocked = () => Promise.reject(new TypeError("Failed to fetch"));
const caught = (call: Promise<unknown>): Promise<UnstuckError> => call.then(Promise.reject, (error) => error);

describe("renewing", () => {
  it.each([401, 403])("asks once for another token after a %i", async (status) => {
    const api = taking("new", () => gatewayMessage(status, "no"));
    const client = createClient({ ...api, token: ({ renew }) => (renew ? "new" : "old") });
    expect((await client.getGeneration(ID)).status).toBe("succeeded");
    expect(api.requests).toHaveLength(2);
  });

  it("takes no answer for a refusal where the token's own time is over, and only there", async () => {
    const good = jwt("ada", 3600, 1);
    for (const [validSeconds, sends] of [
      [-60, 2],
      [600, 1],
    ] as const) {
      const api = taking(good, blocked);
      const old = jwt("ada", validSeconds);
      const client = createClient({ ...api, token: ({ renew }) => (renew ? good : old) });
      await client.getGeneration(ID).catch(() => undefined);
      expect(api.requests).toHaveLength(sends);
    }
  });

  it("covers a token function that hangs by the time limit, and by the caller's signal", async () => {
    const hangs = () => new Promise<string>(() => undefined);
    const client = createClient({ ...taking("t", blocked), token: hangs, timeoutSeconds: 20 });
    const late = caught(client.getUsage());
    const control = new AbortController();
    const left = caught(client.getUsage({ signal: control.signal }));
    control.abort(new Error("left the page"));
    expect((await left).message).toBe("left the page");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await late).toMatchObject({ code: "timeout" });
  });

  it.each(["eyJ\nsecret", "geheimnis-schlüssel", "", undefined])(
    "says nothing of a token that is none: %j",
    async (bad) => {
      for (const token of [bad as string, () => bad as string]) {
        if (token === undefined) continue;
        const error = await caught(createClient({ ...taking("t", blocked), token }).getUsage());
        expect(error).toMatchObject({ code: "token_unavailable" });
        const shown = `${error} ${error.stack} ${String(error.cause)} ${JSON.stringify(error)}`;
        if (bad) expect(shown).not.toContain(bad.slice(-6));
      }
    },
  );
});

describe("looks", () => {
  it.each([401, 403])("go on after a %i that passes", async (status) => {
    const server = new FakeServer();
    const { generation_id: id } = server.add({ status: "running" });
    const client = createClient({ ...server, token: () => "t" });
    const { result } = render(server, () => ({ feed: useGenerationFeed(), one: useGeneration(id) }), client);
    await pass(10);
    server.before = () => gatewayMessage(status, "no");
    await pass(60_000);
    expect(result.current.one.error?.status).toBe(status);
    expect(result.current.feed.error?.status).toBe(status);
    expect(result.current.one.data?.status).toBe("running");
    server.before = () => undefined;
    server.change(id, { status: "succeeded" });
    await pass(31_000);
    expect(result.current.one).toMatchObject({ error: null, data: { status: "succeeded" } });
    expect(result.current.feed.error).toBeNull();
  });

  it("go on at once when a new token comes, and are no storm until then", async () => {
    const server = new FakeServer();
    const { generation_id: id } = server.add({ status: "running" });
    let token = "old";
    server.before = ({ headers }) =>
      headers.get("authorization") === "Bearer new" ? undefined : gatewayMessage(401, "no");
    const client = createClient({ ...server, token: () => token });
    const { result } = render(server, () => ({ feed: useGenerationFeed(), one: useGeneration(id) }), client);
    await pass(120_000);
    expect(result.current.one.data).toBeUndefined();
    expect(server.requests.length).toBeLessThan(50);
    token = "new";
    await pass(3_000);
    expect(result.current.one.data?.status).toBe("running");
    expect(result.current.feed.entries).toHaveLength(1);
  });

  it("of a wait go on, too, and at once", async () => {
    let token = "old";
    const api = taking("new", () => gatewayMessage(403, "no"));
    const done = createClient({ ...api, token: () => token }).waitFor(ID);
    await vi.advanceTimersByTimeAsync(60_000);
    token = "new";
    await vi.advanceTimersByTimeAsync(3_000);
    expect((await done).status).toBe("succeeded");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("of a wait end where the token stays refused", async () => {
    const refused = new FakeApi(() => gatewayMessage(401, "no"));
    const fixed = caught(createClient({ ...refused, token: "t" }).waitFor(ID));
    expect((await fixed).status).toBe(401);
    const asked = caught(createClient({ ...refused, token: () => "t" }).waitFor(ID));
    await vi.advanceTimersByTimeAsync(180_000);
    expect((await asked).status).toBe(401);
    expect(vi.getTimerCount()).toBe(0);
  });
});

const REQUEST = { kind: "story", premise: "A lighthouse keeper finds a door in the sea." } as const;

describe("a submit", () => {
  it("is not repeated under another user's token, whatever became of the cache", async () => {
    const server = new FakeServer();
    let user = "ada";
    const client = createClient({ ...server, token: () => jwt(user) });
    server.before = ({ method }) => (method === "POST" ? gatewayMessage(503, "no") : undefined);
    const { result, queries } = render(server, () => useCreateGeneration(), client);
    let error: UnstuckError | undefined;
    act(() => void result.current.submit(REQUEST).catch((reason) => (error = reason)));
    await pass(100);
    user = "bob";
    queries.clear();
    server.before = () => undefined;
    await pass(60_000);
    expect(server.held.size).toBe(0);
    expect(error?.retryable).toBe(false);
  });

  it("goes on under a new token of the same user", async () => {
    const server = new FakeServer();
    let nonce = 0;
    const client = createClient({ ...server, token: () => jwt("ada", 3600, nonce++) });
    server.before = ({ method }) => (method === "POST" && nonce < 3 ? gatewayMessage(503, "no") : undefined);
    const { result } = render(server, () => useCreateGeneration(), client);
    act(() => void result.current.submit(REQUEST));
    await pass(10_000);
    expect(server.held.size).toBe(1);
  });

  it.each(["closed", "unmounted"])("ends when its client or provider is %s", async (how) => {
    const server = new FakeServer();
    const client = createClient({ ...server, token: () => jwt("ada") });
    server.before = () => gatewayMessage(503, "no");
    const { result, unmount } = render(server, () => useCreateGeneration(), client);
    let error: UnstuckError | undefined;
    act(() => void result.current.submit(REQUEST).catch((reason) => (error = reason)));
    await pass(100);
    if (how === "closed") client.close();
    else unmount();
    server.before = () => undefined;
    await pass(60_000);
    expect(server.held.size).toBe(0);
    expect(error?.code).toBe("closed");
  });

  it("cannot be resent as another user, and can as its own", async () => {
    const server = new FakeServer();
    let user = "ada";
    const client = createClient({ ...server, token: () => jwt(user) });
    server.before = ({ method }) => (method === "POST" ? gatewayMessage(400, "no") : undefined);
    const { result } = render(server, () => ({ create: useCreateGeneration(), feed: useGenerationFeed() }), client);
    act(() => void result.current.create.submit(REQUEST).catch(() => undefined));
    await pass(100);
    server.before = () => undefined;
    const key = result.current.feed.entries[0]?.key ?? "";
    user = "bob";
    const refused = caught(result.current.create.resend(key));
    await pass(100);
    expect(await refused).toMatchObject({ code: "another_user" });
    expect(server.held.size).toBe(0);
    user = "ada";
    act(() => void result.current.create.resend(key));
    await pass(100);
    expect(server.held.size).toBe(1);
  });
});
