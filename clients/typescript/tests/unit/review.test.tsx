import { act } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useCards, useGeneration, useReview } from "../../src/react/index.js";
import { json, problem, type Recorded, succeeded } from "./fake-api.js";
import { pass, render, restore } from "./harness.js";
import { FakeServer } from "./server.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(restore);

function start() {
  const server = new FakeServer();
  const { generation_id: _id, ...done } = succeeded();
  const { generation_id: id } = server.add(done);
  const rendered = render(server, () => ({ review: useReview(id), one: useGeneration(id) }));
  const states = () => rendered.result.current.review.suggestions?.map((suggestion) => suggestion.state);
  const decide = (number: number, decision: "accepted" | "rejected", texts = {}) =>
    act(() => void rendered.result.current.review.decide({ number, decision, ...texts }).catch(() => undefined));
  return { server, id, ...rendered, states, decide };
}

/** Hold every decision until the returned function is called, which then answers them in their present state. */
function holdDecisions(server: FakeServer): () => void {
  const plain = server.answer;
  const waiting: (() => void)[] = [];
  let held = true;
  server.answer = async (request) => {
    if (held && isDecision(request)) await new Promise<void>((resolve) => waiting.push(resolve));
    return plain(request);
  };
  return () => {
    held = false;
    for (const go of waiting) go();
  };
}

function isDecision({ path }: Recorded): boolean {
  return path.includes("/suggestions");
}

describe("useReview", () => {
  it("shows a decision at once, and the same when it is stored", async () => {
    const { server, result, states, decide } = start();
    await pass(10);
    const letGo = holdDecisions(server);
    decide(2, "accepted", { front: "better" });
    await pass(10);
    expect(states()).toEqual(["proposed", "accepted", "proposed"]);
    expect(result.current.review.suggestions?.[1]?.front).toBe("better");
    expect(result.current.review.pending).toEqual([2]);
    letGo();
    await pass(10);
    expect(states()).toEqual(["proposed", "accepted", "proposed"]);
    expect(result.current.review).toMatchObject({ pending: [], isPending: false });
    expect(result.current.one.data?.version).toBe(6);
  });

  it("shows what was decided elsewhere meanwhile, beside its own decision", async () => {
    const { client, id, states, decide } = start();
    await pass(10);
    await client.decide(id, 3, { decision: "rejected" });
    decide(1, "accepted");
    await pass(100);
    expect(states()).toEqual(["accepted", "proposed", "rejected"]);
  });

  it("loses no decision that is made before the suggestions are known, while an older answer is under way", async () => {
    const { server, states, decide } = start();
    const plain = server.answer;
    let late: (() => void) | undefined;
    server.answer = async (request) => {
      const answer = await plain(request);
      if (request.method === "GET" && late === undefined) await new Promise<void>((resolve) => (late = resolve));
      return answer;
    };
    await pass(10);
    decide(1, "accepted");
    await pass(10);
    late?.();
    await pass(10);
    decide(2, "rejected");
    await pass(100);
    expect(states()).toEqual(["accepted", "rejected", "proposed"]);
  });

  it("takes back the refused one alone", async () => {
    const { server, result, states, decide } = start();
    await pass(10);
    server.before = (request) =>
      isDecision(request) && request.path.endsWith("/1") ? problem(404, "suggestion_not_found") : undefined;
    decide(1, "accepted");
    decide(2, "rejected");
    await pass(10);
    expect(states()).toEqual(["proposed", "rejected", "proposed"]);
    decide(1, "accepted");
    await pass(100);
    expect(result.current.review.error?.code).toBe("suggestion_not_found");
  });

  it("is done with decisions that were under way side by side once each is stored", async () => {
    const { server, result, states, decide } = start();
    await pass(10);
    const letGo = holdDecisions(server);
    decide(1, "accepted");
    await pass(10);
    decide(2, "rejected");
    decide(3, "accepted", { back: "better" });
    await pass(10);
    expect(result.current.review.pending).toEqual([1, 2, 3]);
    letGo();
    await pass(100);
    expect(states()).toEqual(["accepted", "rejected", "accepted"]);
    expect(result.current.review).toMatchObject({ pending: [], isPending: false });
  });

  it("sends decisions one after the other, so that the last one holds", async () => {
    const { server, id, states, decide } = start();
    await pass(10);
    const letGo = holdDecisions(server);
    decide(1, "accepted");
    decide(1, "rejected");
    await pass(10);
    expect(server.requests.filter(isDecision)).toHaveLength(1);
    expect(states()).toEqual(["rejected", "proposed", "proposed"]);
    letGo();
    await pass(100);
    expect(states()).toEqual(["rejected", "proposed", "proposed"]);
    expect(server.held.get(id)?.output).toMatchObject({ suggestions: [{ state: "rejected" }, {}, {}] });
  });

  it("repeats a decision whose answer did not come", async () => {
    const { server, states, decide } = start();
    await pass(10);
    let lost = 2;
    server.after = (request) => {
      if (!isDecision(request) || lost === 0) return undefined;
      lost -= 1;
      return Promise.reject(new TypeError("connection lost"));
    };
    decide(3, "rejected");
    await pass(10_000);
    expect(server.requests.filter(isDecision)).toHaveLength(3);
    expect(states()).toEqual(["proposed", "proposed", "rejected"]);
  });

  it("sends several in one call", async () => {
    const { server, result } = start();
    await pass(10);
    const decisions = [1, 2].map((number) => ({ number, decision: "accepted" as const }));
    server.before = (request) =>
      isDecision(request) ? json(200, { generation_id: "g", version: 6, suggestions: [] }) : undefined;
    act(() => void result.current.review.decideMany(decisions));
    await pass(10);
    expect(server.requests.filter(isDecision).map(({ method, body }) => [method, body])).toEqual([
      ["POST", { decisions }],
    ]);
  });

  it("has nothing to review while the generation is open", async () => {
    const server = new FakeServer();
    const { generation_id: id } = server.add({ status: "running" });
    const { result } = render(server, () => useReview(id));
    await pass(10);
    expect(result.current.suggestions).toBeUndefined();
  });
});

describe("useCards", () => {
  it("reads all pages without showing a card twice, and anew after a review", async () => {
    const { server, id } = start();
    const card = (n: number) => ({
      card_id: `c${n}`,
      kind: "flashcards",
      generation_id: id,
      number: n,
      front: "f",
      back: "b",
      created_at: "",
    });
    let pages = [
      { cards: [card(3), card(2)], next_cursor: "x" },
      { cards: [card(2), card(1)], next_cursor: null },
    ];
    server.before = ({ path, query }) =>
      path === "/v1/cards" ? json(200, pages[query.cursor === "x" ? 1 : 0]) : undefined;
    const { result } = render(server, () => ({ cards: useCards({ pageSize: 2 }), review: useReview(id) }));
    await pass(10);
    act(() => result.current.cards.fetchNextPage());
    await pass(10);
    expect(result.current.cards.cards.map((one) => one.card_id)).toEqual(["c3", "c2", "c1"]);
    expect(result.current.cards.hasNextPage).toBe(false);
    pages = [{ cards: [card(4)], next_cursor: null }];
    act(() => void result.current.review.decide({ number: 1, decision: "accepted" }));
    await pass(100);
    expect(result.current.cards.cards.map((one) => one.card_id)).toEqual(["c4"]);
  });
});
