/** The proxy routes of examples/proxy in front of the running API: an app with cookie sessions, and no token in its page. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Client, createClient } from "../../src/index.js";
import { type Framework, fromPage, serve } from "../proxied.js";
import { EXPIRED_TOKEN, OTHER_TOKEN, ownText, TOKEN, URL } from "./stack.js";

const SESSIONS = {
  alice: { token: TOKEN, renewed: TOKEN },
  away: { token: EXPIRED_TOKEN, renewed: TOKEN },
  bob: { token: OTHER_TOKEN, renewed: OTHER_TOKEN },
  lapsed: { token: EXPIRED_TOKEN, renewed: EXPIRED_TOKEN },
};

describe.each<Framework>(["astro", "next"])("an app with %s and cookie sessions", (framework) => {
  let app: { origin: string; close(): void };

  beforeAll(async () => {
    vi.stubEnv("UNSTUCK_URL", URL);
    app = await serve(framework, SESSIONS);
  });
  afterAll(() => {
    app.close();
    vi.unstubAllEnvs();
  });

  const clientOf = (session: string | null): Client =>
    createClient({ baseUrl: `${app.origin}/api/unstuck`, fetch: fromPage(session) });

  it("makes cards from the page to the review, with no token in the page", async () => {
    const client = clientOf("alice");
    const seen: number[] = [];
    const done = await client.createAndWait(
      { kind: "flashcards", source_text: ownText(), model: "local/slow:1" },
      { onChange: ({ progress }) => seen.push(progress) },
    );
    expect(done.status).toBe("succeeded");
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
    expect(done.output?.suggestions.length).toBeGreaterThan(0);
    const [decided] = await client
      .decideMany(done.generation_id, [{ number: 1, decision: "accepted" }])
      .then(({ suggestions }) => suggestions);
    expect(decided?.state).toBe("accepted");
    const look = await client.lookAt(done.generation_id);
    const again = await client.lookAt(done.generation_id, { etag: look.etag });
    expect(again.generation).toBeUndefined();
    await expect(clientOf("bob").getGeneration(done.generation_id)).rejects.toMatchObject({ code: "not_found" });
  });

  it("renews a token that has expired, and the page notices nothing", async () => {
    expect((await clientOf("away").getUsage()).month).toMatch(/^\d{4}-\d\d$/);
  });

  it("has the page sign in again without a session, or when it cannot be renewed", async () => {
    await expect(clientOf(null).getUsage()).rejects.toMatchObject({ status: 401 });
    await expect(clientOf("lapsed").getUsage()).rejects.toMatchObject({ status: 401 });
  });

  it("starts nothing for another site's page", async () => {
    const foreign = createClient({ baseUrl: `${app.origin}/api/unstuck`, fetch: fromPage("alice", "cross-site") });
    await expect(foreign.createGeneration({ source_text: ownText() })).rejects.toMatchObject({ status: 403 });
  });
});
