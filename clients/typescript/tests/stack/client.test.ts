import { describe, expect, it } from "vitest";
import { type Card, type Generation, type GenerationDetail, hasEnded, outputOf } from "../../src/index.js";
import { connect, EXPIRED_TOKEN, listening, OTHER_TOKEN, ownSession, ownText, TOKEN } from "./stack.js";

const client = connect();

/** Make a generation and poll it more often than the server's hint says, which saves these tests minutes. */
async function done(fields: Partial<{ model: string; session_id: string }> = {}): Promise<GenerationDetail> {
  const request = { source_text: ownText(), model: "local/cards", ...fields };
  const { generation_id: id } = await client.createGeneration(request);
  return ended(id);
}

async function ended(id: string, as = client): Promise<GenerationDetail> {
  for (;;) {
    const seen = await as.getGeneration(id);
    if (hasEnded(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describe("a generation", () => {
  it("is created, watched without a step back, and found again by its ETag", async () => {
    const { fetch, statuses } = listening();
    const watching = connect({ fetch });
    const seen: GenerationDetail[] = [];
    const request = { kind: "flashcards", source_text: ownText(), model: "local/slow:4", client_id: "mine" } as const;
    const submitted = await watching.createGeneration(request);
    expect(submitted.lookAfterSeconds).toBeGreaterThan(0);
    const end = await watching.waitFor(submitted.generation_id, { onChange: (state) => seen.push(state) });
    expect(end).toMatchObject({ status: "succeeded", progress: 100, client_id: "mine" });
    expect(outputOf("flashcards", end)?.suggestions.length).toBeGreaterThan(3);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.map((state) => state.version)).toEqual(seen.map((state) => state.version).sort((a, b) => a - b));
    expect(seen.map((state) => state.progress)).toEqual(seen.map((state) => state.progress).sort((a, b) => a - b));
    expect(statuses.length).toBeLessThan(30);
    const { etag } = await watching.lookAt(end.generation_id);
    const again = await watching.lookAt(end.generation_id, { etag });
    expect(again).toMatchObject({ etag });
    expect(again.generation).toBeUndefined();
    expect(statuses.at(-1)).toBe(304);
  });

  it("is made once, however often it is sent with one key", async () => {
    const request = { source_text: ownText(), model: "local/cards" };
    const options = { idempotencyKey: crypto.randomUUID() };
    const first = await client.createGeneration(request, options);
    const second = await client.createGeneration(request, options);
    expect(second).toMatchObject({ generation_id: first.generation_id, replayed: true });
    expect(first.replayed).toBe(false);
    await expect(client.createGeneration({ source_text: ownText() }, options)).rejects.toMatchObject({
      code: "idempotency_key_reused",
      status: 422,
      retryable: false,
    });
    await ended(first.generation_id);
  });

  it("is canceled, retried, and dismissed", async () => {
    const { generation_id: id } = await client.createGeneration({ source_text: ownText(), model: "local/slow:30" });
    await expect(client.dismissGeneration(id)).rejects.toMatchObject({ code: "not_terminal", status: 409 });
    expect(await client.cancelGeneration(id)).toMatchObject({ status: "canceled" });
    expect((await client.waitFor(id)).status).toBe("canceled");
    const retried = await client.retryGeneration(id, { from: "start" });
    expect(await client.getGeneration(retried.generation_id)).toMatchObject({ retry_of: id });
    expect(await client.getGeneration(id)).toMatchObject({ retried_as: retried.generation_id });
    await client.cancelGeneration(retried.generation_id);
    await client.dismissGeneration(id);
    await client.dismissGeneration(id);
    expect((await client.getGeneration(id)).dismissed_at).toBeDefined();
    const listed: string[] = [];
    for await (const one of client.generations()) listed.push(one.generation_id);
    expect(listed).toContain(retried.generation_id);
    expect(listed).not.toContain(id);
  });

  it("that fails says why, and waiting for it ends", async () => {
    const end = await client.createAndWait({ source_text: ownText(), model: "local/refuse" });
    expect(end).toMatchObject({ status: "failed", error: { code: "output_refused" } });
  });

  it("tells what happened and what was sent in", async () => {
    const end = await done();
    const timeline = await client.listEvents(end.generation_id, { results: true });
    expect(timeline.events.map((event) => event.name)).toEqual(
      expect.arrayContaining(["created", "started", "succeeded"]),
    );
    expect(timeline.events.some((event) => event.name === "step_stored" && event.result !== undefined)).toBe(true);
    const sent = await client.getInput(end.generation_id);
    expect(sent).toMatchObject({ kind: "flashcards", model: "local/cards" });
    expect(sent.input.source_text).toContain("(Copy ");
  });
});

describe("reviewing", () => {
  it("makes cards of what is accepted, with the edits", async () => {
    const session = ownSession();
    const { generation_id: id } = await done({ session_id: session });
    const one = await client.decide(id, 1, { decision: "accepted", front: "My own words" });
    expect(one.suggestions).toMatchObject([{ number: 1, state: "accepted", front: "My own words" }]);
    const two = await client.decideMany(id, [
      { number: 2, decision: "accepted" },
      { number: 3, decision: "rejected" },
    ]);
    expect(two.version).toBeGreaterThan(one.version);
    const made = outputOf("flashcards", await client.getGeneration(id));
    const states = made?.suggestions.slice(0, 4).map((suggestion) => suggestion.state);
    expect(states).toEqual(["accepted", "accepted", "rejected", "proposed"]);
    const cards: Card[] = [];
    for await (const card of client.cards({ session_id: session, pageSize: 1 })) cards.push(card);
    expect(cards.map((card) => card.number).sort()).toEqual([1, 2]);
    expect(cards.find((card) => card.number === 1)?.front).toBe("My own words");
  });

  it("is refused where there is nothing of that number", async () => {
    const { generation_id: id } = await done();
    await expect(client.decide(id, 99, { decision: "accepted" })).rejects.toMatchObject({
      code: "suggestion_not_found",
    });
  });
});

describe("lists", () => {
  it("are walked page by page, the newest first, none lost and none twice", async () => {
    const session = ownSession();
    const made: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      const request = {
        kind: "assistant",
        sentence: "Plan my week.",
        session_id: session,
        model: "local/cards",
      } as const;
      made.push((await client.createGeneration(request)).generation_id);
    }
    const found: Generation[] = [];
    for await (const one of client.generations({ session_id: session, pageSize: 2 })) found.push(one);
    expect(found.map((one) => one.generation_id)).toEqual(made.reverse());
    for (const id of made) await ended(id);
  });

  it("say what is wrong with a query", async () => {
    await expect(client.listGenerations({ limit: 1000 })).rejects.toMatchObject({
      code: "invalid_query",
      errors: [{ field: "limit" }],
    });
  });
});

describe("the account", () => {
  it("has its usage, and where it stands with the limits", async () => {
    await done();
    const usage = await client.getUsage();
    expect(usage.total.generations).toBeGreaterThan(0);
    expect(usage.limits.rates[0]).toMatchObject({ name: "create" });
    await expect(client.getUsage({ month: "May" })).rejects.toMatchObject({ code: "invalid_query" });
  });

  it("is erased when it is asked for until it is done", async () => {
    const other = connect({ token: OTHER_TOKEN });
    const { generation_id: id } = await other.createGeneration({ source_text: ownText(), model: "local/cards" });
    await ended(id, other);
    let erased = await other.eraseMe();
    while (!erased.content_erased) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      erased = await other.eraseMe();
    }
    await expect(other.getGeneration(id)).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("errors", () => {
  it("of a body name each field", async () => {
    await expect(client.createGeneration({ source_text: "too short" })).rejects.toMatchObject({
      code: "validation_failed",
      status: 400,
      retryable: false,
      requestId: expect.stringMatching(/.+/),
      errors: [{ field: "source_text", code: "string_too_short" }],
    });
  });

  it("do not tell another's generation from none", async () => {
    const { generation_id: id } = await done();
    await expect(connect({ token: OTHER_TOKEN }).getGeneration(id)).rejects.toMatchObject({ code: "not_found" });
  });

  it("of the gateway are read, too, and a new token is asked for once", async () => {
    const asked: boolean[] = [];
    const { fetch, statuses } = listening();
    const renewing = connect({
      fetch,
      token: ({ renew }) => {
        asked.push(renew);
        return renew ? TOKEN : EXPIRED_TOKEN;
      },
    });
    await renewing.listGenerations();
    expect(asked).toEqual([false, true]);
    expect(statuses).toEqual([401, 200]);
    await expect(connect({ token: () => EXPIRED_TOKEN }).getUsage()).rejects.toMatchObject({
      code: "http_401",
      message: "Unauthorized",
    });
  });

  it("of a server that is not there may pass", async () => {
    const nobody = connect({ baseUrl: "http://127.0.0.1:9" });
    await expect(nobody.getHealth()).rejects.toMatchObject({ code: "network_error", retryable: true });
  });
});

describe("what takes no token", () => {
  const anonymous = connect({ token: undefined });

  it("tells whether the machinery turns", async () => {
    expect(await anonymous.getHealth()).toMatchObject({ stale: expect.any(Number) });
  });

  it("tells each kind, and what it takes", async () => {
    const kinds = await anonymous.kinds();
    expect(kinds.map(({ kind }) => kind).sort()).toEqual(["assistant", "flashcards", "image", "story"]);
    const flashcards = kinds.find(({ kind }) => kind === "flashcards")?.schema;
    expect(flashcards?.properties?.source_text).toMatchObject({ type: "string", minLength: 1000, maxLength: 10000 });
    expect(JSON.stringify(kinds)).not.toContain("$ref");
  });
});

describe("time", () => {
  it("is the server's as far as its answers tell", async () => {
    await client.getHealth();
    expect(Math.abs(client.now() - Date.now())).toBeLessThan(2_000);
  });
});
