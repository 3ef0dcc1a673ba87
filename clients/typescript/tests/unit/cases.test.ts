// @vitest-environment node
/**
 * The cases that both clients' tests read: how long a Retry-After asks to wait, and which answers are not the API's.
 */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Client, createClient, type GenerationDetail, hasEnded } from "../../src/index.js";
import { backoff } from "../../src/pacing.js";
import { FakeApi, json } from "./fake-api.js";

interface Waiting {
  name: string;
  header: string | null;
  date?: string;
  asks: number | null;
  waits: [number, number];
}

interface Answered {
  name: string;
  call: string;
  status: number;
  headers?: Record<string, string>;
  text?: string;
  body?: unknown;
  is: "invalid" | "open" | "ended" | "fine";
}

const waiting = table<{ now: string; cases: Waiting[] }>("retry_after");
const answers = table<{ id: string; cases: Answered[] }>("answers");
const ID = answers.id;

function table<Table>(name: string): Table {
  return JSON.parse(readFileSync(`../../tests/clients/cases/${name}.json`, "utf8")) as Table;
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse(waiting.now) });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const calls: Record<string, (client: Client) => Promise<unknown>> = {
  look: (client) => client.getGeneration(ID),
  list: (client) => client.listGenerations(),
  create: (client) => client.createGeneration({ source_text: "x" }),
  usage: (client) => client.getUsage(),
  cards: (client) => client.listCards(),
  events: (client) => client.listEvents(ID),
  input: (client) => client.getInput(ID),
  decide: (client) => client.decide(ID, 1, { decision: "accepted" }),
  erase: (client) => client.eraseMe(),
  health: (client) => client.getHealth(),
  openapi: (client) => client.getOpenApi(),
  cancel: (client) => client.cancelGeneration(ID),
  dismiss: (client) => client.dismissGeneration(ID),
};

function answer({ status, headers, text, body }: Answered): Response {
  const empty = status === 204 || status === 304;
  return new Response(empty ? null : (text ?? JSON.stringify(body)), { status, ...(headers && { headers }) });
}

describe("Retry-After", () => {
  it.each(waiting.cases)("$name", async ({ header, date, asks, waits }) => {
    const headers = { ...(header !== null && { "retry-after": header }), ...(date && { date }) };
    const api = new FakeApi(() => json(503, { message: "busy" }, headers));
    const error = await createClient(api)
      .getUsage()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "http_503", retryAfterSeconds: asks ?? undefined });
    for (const chance of [0, 0.999]) {
      vi.spyOn(Math, "random").mockReturnValue(chance);
      expect(backoff(1, error)).toBeGreaterThanOrEqual(waits[0]);
      expect(backoff(1, error)).toBeLessThanOrEqual(waits[1]);
    }
  });
});

describe("answers", () => {
  it.each(answers.cases)("$call: $name", async (row) => {
    const api = new FakeApi(() => answer(row));
    const found = await calls[row.call]?.(createClient(api)).catch((reason: unknown) => reason);
    if (row.is === "invalid") expect(found).toMatchObject({ code: "invalid_answer", name: "UnstuckError" });
    else expect(found).not.toBeInstanceOf(Error);
    if (row.call === "look" && row.is !== "invalid")
      expect(hasEnded(found as GenerationDetail)).toBe(row.is === "ended");
  });

  it.each(answers.cases.filter(({ call }) => call === "look"))("only an end ends a wait: $name", async (row) => {
    const end = { ...(answers.cases.find(({ name }) => name === "succeeded")?.body as object), version: 9 };
    const script = [answer(row), json(200, end)];
    const api = new FakeApi(() => script.shift() ?? json(500, {}));
    const done = createClient(api).waitFor(ID);
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await done).version).toBe(row.is === "ended" ? 2 : 9);
    expect(script).toHaveLength(row.is === "ended" ? 1 : 0);
  });
});
