import { describe, expect, it } from "vitest";
import { explain, explainUnseen, isLate, type Open, reason, stateName } from "./doing";

const BEAT = Date.parse("2026-11-22T10:00:00.000Z");

function head(changes: Partial<Open> = {}): Open {
  return {
    status: "running",
    attempt: 1,
    created_at: "2026-11-22T09:59:58.000Z",
    started_at: "2026-11-22T09:59:59.000Z",
    heartbeat_at: "2026-11-22T10:00:00.000Z",
    state: "working",
    next_at: "2026-11-22T10:00:40.000Z",
    stuck: false,
    ...changes,
  };
}

describe("what a generation does", () => {
  it("uses the service's own word, whatever the heartbeat's age", () => {
    expect(explain(head(), BEAT + 39_000)).toBe("The last heartbeat was 39 s ago.");
    expect(isLate(head())).toBe(false);
    expect(isLate(head({ stuck: true }))).toBe(true);
  });

  it("counts down to the moment that the service names", () => {
    const late = head({ stuck: true });
    expect(explain(late, BEAT + 16_000)).toBe("No heartbeat for 16 s. Another worker takes over in 0:24.");
    expect(explain(late, BEAT + 41_000)).toContain("takes over now");
    const waiting = head({ status: "pending", state: "waiting_to_retry", because: "provider_rate_limited" });
    expect(explain(waiting, BEAT)).toContain("starts in 0:40");
    expect(explain(waiting, BEAT + 41_000)).toContain("starts now");
    expect(explain(head({ state: "waiting_for_provider" }), BEAT)).toContain("asked for a pause");
  });

  it("tells a lost worker from a lost message", () => {
    expect(explain(head({ state: "lost", stuck: true }), BEAT + 41_000)).toContain("takes over at the next check");
    expect(explain(head({ state: "lost", stuck: true, status: "pending" }), BEAT)).toContain(
      "next check sends it again",
    );
  });

  it("waits in the queue, at first or between attempts, and is late there by the service's word", () => {
    const pending = head({ status: "pending", state: "queued", attempt: 0 });
    expect(explain(pending, BEAT + 7000)).toBe("Waiting for a worker for 9.0 s.");
    expect(explain({ ...pending, attempt: 2 }, BEAT)).toContain("Attempt 2 has ended");
    expect(explain({ ...pending, stuck: true }, BEAT + 7000)).toBe(
      "No worker has taken it for 9.0 s. Its message is sent again in 0:33.",
    );
    expect(explain({ ...pending, attempt: 2, stuck: true }, BEAT)).toContain("continued it");
  });

  it("has a name and a reason", () => {
    const waiting = head({ status: "pending", state: "waiting_for_provider", because: "provider_rate_limited" });
    expect(stateName(waiting)).toBe("Waiting for provider");
    expect(reason(waiting)).not.toContain("provider_rate_limited");
    expect(reason(waiting)).toMatch(/\.$/);
    expect(reason(head({ because: "zebra_crossing" }))).toBe("Zebra crossing.");
    expect(reason(head())).toBe("");
  });

  it("is shown under its own name where a newer service has a state that is not known here", () => {
    const odd = { ...head(), state: "being_translated" } as unknown as Open;
    expect(stateName(odd)).toBe("Being translated");
    expect(explain(odd, BEAT)).toBe("");
  });

  it("is nothing where an older service does not say", () => {
    const { state: _state, next_at: _next, stuck: _stuck, ...old } = head();
    expect([stateName(old), explain(old, BEAT), isLate(old)]).toEqual(["", "", false]);
  });

  it("is nothing once it has ended, whatever is still said of it", () => {
    for (const status of ["succeeded", "failed", "canceled"] as const) {
      const ended = head({ status, stuck: true, because: "x" });
      expect([stateName(ended), explain(ended, BEAT), reason(ended), isLate(ended)]).toEqual(["", "", "", false]);
      expect(explainUnseen(ended, BEAT, BEAT + 9e9)).toBe("");
    }
  });
});

it("speaks of what it saw last where the page itself gets no answer, and blames no worker", () => {
  expect(explainUnseen(head(), BEAT + 300, BEAT + 60_300)).toBe(
    "This page has had no response from the service for 1 min. Last known state: The last heartbeat was 0.3 s ago.",
  );
});
