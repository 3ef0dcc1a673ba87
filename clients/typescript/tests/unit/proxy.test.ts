// @vitest-environment node
import { createServer, type IncomingHttpHeaders, request as plainRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Framework, fromPage, serve } from "../proxied.js";

/** The requests that reached the API. */
interface Came {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}
interface Said {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

const SESSIONS = { alice: { token: "old", renewed: "new" }, bob: { token: "bob's", renewed: "bob's" } };

describe.each<Framework>(["astro", "next"])("the proxy route for %s", (framework) => {
  let api: Server;
  let app: { origin: string; close(): void };
  let came: Came[];
  let says: (came: Came) => Said;

  beforeEach(async () => {
    came = [];
    says = () => ({ body: "{}" });
    api = createServer(async (asked, answer) => {
      let body = "";
      for await (const part of asked) body += part;
      const one = { method: asked.method ?? "", url: asked.url ?? "", headers: asked.headers, body };
      came.push(one);
      const said = says(one);
      answer.writeHead(said.status ?? 200, { "content-type": "application/json", ...said.headers });
      answer.end(said.body);
    });
    await new Promise<void>((listening) => api.listen(0, "127.0.0.1", listening));
    vi.stubEnv("UNSTUCK_URL", `http://127.0.0.1:${(api.address() as AddressInfo).port}/`);
    app = await serve(framework, SESSIONS);
  });

  afterEach(() => {
    app.close();
    api.closeAllConnections();
    api.close();
    vi.unstubAllEnvs();
  });

  const ask = (path: string, init: RequestInit = {}, session: string | null = "alice", site = "same-origin") =>
    fromPage(session, site)(new Request(`${app.origin}/api/unstuck${path}`, init));

  it("sends the session's token, and neither the cookie nor a token or header of the page's", async () => {
    const headers = {
      authorization: "Bearer of-the-page",
      "x-forwarded-host": "evil.example",
      "idempotency-key": '"k"',
    };
    await ask("/v1/generations?limit=2", { method: "POST", body: '{"a":1}', headers }, "bob");
    expect(came).toMatchObject([{ method: "POST", url: "/v1/generations?limit=2", body: '{"a":1}' }]);
    expect(came[0]?.headers).toMatchObject({ authorization: "Bearer bob's", "idempotency-key": '"k"' });
    expect(came[0]?.headers.cookie).toBeUndefined();
    expect(came[0]?.headers["x-forwarded-host"]).toBeUndefined();
  });

  it.each([
    [401, "application/json"],
    [403, "application/json"],
    [401, "application/problem+json"],
  ])("renews a token that was refused with %i as %s, and sends the same call once more", async (status, type) => {
    says = ({ headers }) =>
      headers.authorization === "Bearer new" ? { status: 202 } : { status, headers: { "content-type": type } };
    const answer = await ask("/v1/generations", { method: "POST", body: '{"once":1}' });
    expect(answer.status).toBe(202);
    expect(came.map(({ body }) => body)).toEqual(['{"once":1}', '{"once":1}']);
  });

  it("renews once: what is refused again is the answer", async () => {
    says = () => ({ status: 401, body: '{"message":"Unauthorized"}' });
    expect((await ask("/v1/usage")).status).toBe(401);
    expect(came.length).toBe(2);
  });

  it("takes a 403 that is a problem for an answer, not for a refused token", async () => {
    says = () => ({ status: 403, headers: { "content-type": "application/problem+json" }, body: '{"code":"x"}' });
    expect(await (await ask("/v1/usage")).json()).toEqual({ code: "x" });
    expect(came.length).toBe(1);
  });

  it("answers 401 without a session, in API Gateway's form, and asks nobody", async () => {
    for (const session of [null, "unknown"]) {
      const answer = await ask("/v1/generations", {}, session);
      expect([answer.status, await answer.json()]).toEqual([401, { message: "Unauthorized" }]);
    }
    expect(came).toEqual([]);
  });

  it.each(["cross-site", "same-site", "none"])("lets no other page change anything (%s)", async (site) => {
    for (const method of ["POST", "PATCH", "DELETE"]) {
      expect((await ask("/v1/me", { method }, "alice", site)).status).toBe(403);
    }
    expect(came).toEqual([]);
  });

  it("goes by the origin where a browser says no site, and lets nothing pass that says neither", async () => {
    const send = (headers: Record<string, string>) =>
      fetch(`${app.origin}/api/unstuck/v1/me`, { method: "DELETE", headers: { cookie: "session=alice", ...headers } });
    const own = await bare(app.origin, "DELETE", "/api/unstuck/v1/me", { cookie: "session=alice", origin: app.origin });
    expect(own).toBe(200);
    expect(await bare(app.origin, "DELETE", "/api/unstuck/v1/me", { cookie: "session=alice" })).toBe(403);
    expect((await send({ origin: "https://evil.example", "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect(came.length).toBe(1);
  });

  it.each([
    "/v1",
    "/v1/",
    "/v2/generations",
    "/v1/../admin",
    "/v1/%2e%2e/admin",
    "/v1/a%2fb",
    "/v1//evil.example",
    "/v1/generations;x",
    "@evil.example/v1/generations",
  ])("has no such address: %s", async (path) => {
    expect(await bare(app.origin, "GET", `/api/unstuck${path}`, { cookie: "session=alice" })).toBe(404);
    expect(came).toEqual([]);
  });

  it("passes what the clients read, never lets an answer be kept, and leads a Location through itself", async () => {
    const headers = {
      etag: '"7"',
      location: "/v1/generations/1",
      "retry-after": "2",
      ratelimit: '"create";r=4;t=1',
      "set-cookie": "x=1",
      "cache-control": "max-age=60",
      "x-amzn-requestid": "1",
    };
    says = () => ({ status: 202, headers, body: '{"generation_id":"1"}' });
    const answer = await ask("/v1/generations", { method: "POST", body: "{}" });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      etag: '"7"',
      location: "/api/unstuck/v1/generations/1",
      "retry-after": "2",
      ratelimit: '"create";r=4;t=1',
      "cache-control": "private, no-store",
      vary: "cookie",
    });
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect(answer.headers.get("x-amzn-requestid")).toBeNull();
  });

  it("passes a 304 and a 204 without a body, and follows no redirect", async () => {
    for (const status of [304, 204, 307]) {
      says = () => ({ status, headers: { location: "http://127.0.0.1:1/" } });
      const answer = await ask("/v1/generations/1", { redirect: "manual" });
      expect([answer.status, await answer.text()]).toEqual([status, ""]);
    }
    expect(came.length).toBe(3);
  });

  it("refuses a body that the API would refuse, before it is read whole", async () => {
    expect((await ask("/v1/generations", { method: "POST", body: "x".repeat(256 * 1024 + 1) })).status).toBe(413);
    expect(came).toEqual([]);
    expect((await ask("/v1/generations", { method: "POST", body: "x".repeat(256 * 1024) })).status).toBe(200);
  });

  it("answers 502 while the API cannot be reached", async () => {
    api.closeAllConnections();
    await new Promise((closed) => api.close(closed));
    expect((await ask("/v1/usage")).status).toBe(502);
  });
});

/** Send a call byte for byte, because fetch would normalise it and add headers; returns its status. */
function bare(origin: string, method: string, path: string, headers: Record<string, string>): Promise<number> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const sent = plainRequest({ hostname, port, method, path, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end();
  });
}
