import { describe, expect, it } from "vitest";
import { layOut, type TimelineEvent, type TimelineHead, ticks } from "./timeline";

const ZERO = Date.parse("2026-11-22T10:00:00.000Z");
const at = (seconds: number): string => new Date(ZERO + seconds * 1000).toISOString();
const head = (changes: Partial<TimelineHead> = {}): TimelineHead => ({
  status: "succeeded",
  attempt: 1,
  created_at: at(0),
  ...changes,
});
const shown = (head: TimelineHead, events: TimelineEvent[], now = 0) =>
  layOut(head, events, ZERO + now * 1000).rows.map((row) => [row.label, row.from, row.to]);

describe("the timeline", () => {
  it("of a plain success: queue, attempt, step, end", () => {
    const events: TimelineEvent[] = [
      { name: "created", at: at(0) },
      { name: "started", at: at(0.5), attempt: 1 },
      { name: "step_stored", at: at(3), step: "cards", duration_seconds: 2 },
      { name: "succeeded", at: at(3.2), attempt: 1 },
    ];
    expect(shown(head({ finished_at: at(3.2) }), events)).toEqual([
      ["Accepted", 0, 0],
      ["In the queue", 0, 0.5],
      ["Attempt 1", 0.5, 3.2],
      ["Step: cards", 1, 3],
      ["Succeeded", 3.2, 3.2],
    ]);
  });

  it("of a rescue: the lost attempt ends where it was given back, and the next one goes on", () => {
    const events: TimelineEvent[] = [
      { name: "created", at: at(0) },
      { name: "started", at: at(1), attempt: 1 },
      { name: "given_back", at: at(7), attempt: 1 },
      { name: "step_stored", at: at(10), step: "cards", duration_seconds: 2.5 },
      { name: "succeeded", at: at(10), attempt: 2 },
    ];
    const layout = layOut(head({ attempt: 2, finished_at: at(10) }), events, ZERO);
    expect(layout.rows.map((row) => [row.label, row.from, row.to, row.roughly])).toEqual([
      ["Accepted", 0, 0, false],
      ["In the queue", 0, 1, false],
      ["Attempt 1", 1, 7, false],
      ["Rescued", 7, 7, false],
      ["Attempt 2", 7, 10, true],
      ["Step: cards", 7.5, 10, false],
      ["Succeeded", 10, 10, false],
    ]);
    expect(layout.rows[4]?.note).toBe("at most 3.0 s");
  });

  it("of an answer of no use, after which the model was asked again, and of a call that a cancel closed", () => {
    const events: TimelineEvent[] = [
      { name: "created", at: at(0) },
      { name: "started", at: at(1), attempt: 1 },
      { name: "asked_again", at: at(3), attempt: 1, code: "output_invalid" },
      { name: "canceled", at: at(5), attempt: 1 },
      { name: "interrupted", at: at(5), attempt: 1 },
    ];
    expect(shown(head({ status: "canceled", finished_at: at(5) }), events).slice(2)).toEqual([
      ["Attempt 1", 1, 5],
      ["Asked again", 3, 3],
      ["Canceled", 5, 5],
      ["Call closed", 5, 5],
    ]);
  });

  it("of a pause that the provider asked for", () => {
    const events: TimelineEvent[] = [
      { name: "created", at: at(0) },
      { name: "started", at: at(1), attempt: 1 },
      { name: "released", at: at(2), attempt: 1, code: "provider_rate_limited", delay_seconds: 5 },
    ];
    const waiting = head({ status: "pending", not_before: at(7) });
    expect(shown(waiting, events, 4).slice(2)).toEqual([
      ["Attempt 1", 1, 2],
      ["Released", 2, 2],
      ["Pause", 2, 7],
    ]);
    expect(shown(waiting, events, 9).at(-1)).toEqual(["Waiting for a worker", 7, 9]);
  });

  it("of a message that was lost and sent again", () => {
    const events: TimelineEvent[] = [
      { name: "created", at: at(0) },
      { name: "sent_again", at: at(10), attempt: 0 },
    ];
    expect(shown(head({ status: "pending", attempt: 0 }), events, 11)).toEqual([
      ["Accepted", 0, 0],
      ["Sent again", 10, 10],
      ["In the queue", 0, 11],
    ]);
  });

  it("of an attempt whose beginning is not known begins no earlier than it was last seen waiting", () => {
    const events: TimelineEvent[] = [
      { name: "created", at: at(0) },
      { name: "started", at: at(1), attempt: 1 },
      { name: "given_back", at: at(6), attempt: 1 },
      { name: "sent_again", at: at(16), attempt: 1 },
      { name: "succeeded", at: at(20), attempt: 2 },
    ];
    expect(shown(head({ attempt: 2, finished_at: at(20) }), events).slice(3)).toEqual([
      ["Rescued", 6, 6],
      ["Sent again", 16, 16],
      ["Waiting for a worker", 6, 16],
      ["Attempt 2", 16, 20],
      ["Succeeded", 20, 20],
    ]);
  });

  it("of one whose heartbeat is late shows since when", () => {
    const events: TimelineEvent[] = [
      { name: "created", at: at(0) },
      { name: "started", at: at(1), attempt: 1 },
    ];
    const running = head({ status: "running", heartbeat_at: at(3) });
    const late = layOut(running, events, ZERO + 7000, true).rows.at(-1);
    expect(late).toMatchObject({ label: "No heartbeat", from: 3, to: 7, note: "4.0 s so far", open: true });
    expect(shown(running, events, 7).at(-1)).toEqual(["Attempt 1", 1, 7]);
  });

  it("of one that runs goes on to now, and of one that has ended does not", () => {
    const events: TimelineEvent[] = [
      { name: "created", at: at(0) },
      { name: "started", at: at(1), attempt: 1 },
    ];
    const running = layOut(head({ status: "running" }), events, ZERO + 5000).rows.at(-1);
    expect(running).toMatchObject({ label: "Attempt 1", from: 1, to: 5, open: true, note: "4.0 s so far" });
    const ended = [...events, { name: "canceled", at: at(3), attempt: 1 }];
    expect(shown(head({ status: "canceled", finished_at: at(3) }), ended, 100).at(-1)).toEqual(["Canceled", 3, 3]);
  });

  it("of a retry shows the steps that were taken over, and an end before any attempt has none", () => {
    const events: TimelineEvent[] = [
      { name: "created", at: at(0) },
      { name: "step_stored", at: at(-60), step: "outline", duration_seconds: 3 },
      { name: "canceled", at: at(2), attempt: 0 },
    ];
    expect(shown(head({ status: "canceled", attempt: 0, finished_at: at(2) }), events)).toEqual([
      ["Accepted", 0, 0],
      ["Step: outline", 0, 0],
      ["In the queue", 0, 2],
      ["Canceled", 2, 2],
    ]);
  });
});

it("marks the axis at round times, at most six of them", () => {
  expect(ticks(4)).toEqual([0, 1, 2, 3, 4]);
  expect(ticks(47)).toEqual([0, 10, 20, 30, 40]);
  for (const seconds of [0.3, 1, 7, 59, 61, 900, 4000, 100_000]) expect(ticks(seconds).length).toBeLessThanOrEqual(6);
});
