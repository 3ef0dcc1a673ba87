// @vitest-environment node
/** Random lives of a generation over random networks, both drawn from seeds. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createClient, type GenerationDetail, isOlder, type PartialOutput } from "../../src/index.js";
import { ID, problem } from "./fake-api.js";
import { LEASE_SECONDS, LiveServer } from "./live-server.js";

const SEEDS = 150;
const LONGEST_SECONDS = 300;
/** A heartbeat, three seconds, the wait for a missed message, and the cost of a lost look. */
const LATEST_SECONDS = 13 + 3 + 2 + 2;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** mulberry32: the same numbers for the same seed. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Life {
  server: LiveServer;
  endedAt: number | undefined;
  /** The attempt of the worker that died last. */
  dead: number;
  /** How many looks this should take, if every message arrives. */
  looks: number;
}

/** Spoil the network: once for its manner, then for the fate of each message. */
function spoil(server: LiveServer, random: () => number): void {
  const [lost, doubled, slow] = [random() ** 2, random() * 0.5, random() * 4_000];
  server.network = (arrive) => {
    if (random() < lost) return;
    setTimeout(arrive, random() * slow);
    if (random() < doubled) setTimeout(arrive, random() * 2 * slow);
  };
  server.handshake = (socket) => {
    const fate = random();
    if (fate < 0.7) setTimeout(() => socket.open(), random() * 500);
    else if (fate < 0.9) setTimeout(() => socket.drop(), random() * 500);
  };
  const refused = random() * 0.4;
  const fails = random() * 0.2;
  server.spoil = () => (random() < fails ? problem(503, "unavailable") : undefined);
  server.refusal = undefined;
  const { fetch } = server;
  Object.assign(server, {
    fetch: async (request: Request) => {
      if (!request.url.endsWith("/v1/live") || random() >= refused) return fetch(request);
      return random() < 0.5
        ? problem(503, "unavailable")
        : problem(429, "too_many_connections", {}, { "retry-after": "9" });
    },
  });
}

/** Live a second: heartbeats, texts, a worker's death, the end; and sockets that close. */
function liveOn(life: Life, second: number, random: () => number): void {
  const { server } = life;
  const held = server.held.get(ID);
  if (held === undefined || life.endedAt !== undefined) return;
  if (random() < 0.02 && server.open.length > 0) {
    life.looks += 2 + 1; // when it closes, when the next one opens, and perhaps one by the hint in between
    server.open[0]?.drop();
  }
  if (held.status === "pending") {
    life.looks += 1;
    if (random() < 0.3) server.start();
    return;
  }
  if (held.attempt <= life.dead) return; // its worker is dead: only a look makes progress
  if (random() < 0.01) {
    life.dead = held.attempt;
    life.looks += (LEASE_SECONDS - 13) / 2 + 3; // by the hint, once it is silent
  }
  if (second % 10 === 0) server.beat({ progress: Math.min(99, held.progress + 5) });
  else if (random() < 0.3) server.write({ attempt: held.attempt, step: `step-${held.steps_done}`, number: second });
  else if (random() < 0.05) server.beat({ steps_done: held.steps_done + 1 });
  if (random() < 0.03 || second > LONGEST_SECONDS) {
    server.end();
    life.endedAt = Date.now();
  }
}

function assertNeverBack(seen: readonly GenerationDetail[]): void {
  for (const [place, state] of seen.entries()) {
    const before = seen[place - 1];
    expect(before !== undefined && isOlder(state, before)).toBe(false);
    expect(state.status !== "succeeded" || state.output !== undefined).toBe(true);
  }
}

function assertTextsNeverBack(texts: readonly (PartialOutput | undefined)[]): void {
  const newest = new Map<string, number>();
  let attempt = 0;
  for (const text of texts) {
    if (text === undefined) continue;
    expect(text.attempt).toBeGreaterThanOrEqual(attempt);
    attempt = text.attempt;
    const of = `${text.attempt} ${text.step}`;
    expect(text.number).toBeGreaterThan(newest.get(of) ?? 0);
    newest.set(of, text.number);
  }
}

it.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  "whatever the network does, as seed %i draws it",
  async (seed) => {
    const random = dice(seed);
    vi.spyOn(Math, "random").mockImplementation(random);
    const server = new LiveServer();
    const isSpoilt = seed % 5 !== 0;
    if (isSpoilt) spoil(server, random);
    server.store({});
    const client = createClient(server);
    const seen: GenerationDetail[] = [];
    const texts: (PartialOutput | undefined)[] = [];
    let cameAt: number | undefined;
    const done = client.waitFor(ID, { onChange: (state) => seen.push(state), onPartial: (text) => texts.push(text) });
    void done.then(() => {
      cameAt = Date.now();
    });
    const life: Life = { server, endedAt: undefined, dead: 0, looks: 4 };
    for (let second = 1; cameAt === undefined; second += 1) {
      liveOn(life, second, random);
      await vi.advanceTimersByTimeAsync(1_000);
      await vi.dynamicImportSettled();
      expect(second, "it ends").toBeLessThan(3 * LONGEST_SECONDS);
    }
    expect((await done).output).toBeDefined();
    expect((cameAt - (life.endedAt ?? 0)) / 1000).toBeLessThan(LATEST_SECONDS + (isSpoilt ? 10 : 0));
    assertNeverBack(seen);
    assertTextsNeverBack(texts);
    expect(texts.at(-1)).toBeUndefined();
    const began = server.held.get(ID)?.created_at ?? "";
    const byPolls = (cameAt - Date.parse(began)) / 1000 / 1.8;
    expect(server.looks()).toBeLessThan(isSpoilt ? life.looks + byPolls : life.looks + 1);
    client.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.open).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  },
);
