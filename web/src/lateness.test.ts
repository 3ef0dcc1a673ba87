import { describe, expect, it } from "vitest";
import { asSeen, explain, isStuck, nextDoubt, pulse, type Rhythm, type Watched } from "./lateness";

const RHYTHM: Rhythm = { heartbeatSeconds: 0.5, leaseSeconds: 5, graceSeconds: 10 };
const BEAT = Date.parse("2026-11-22T10:00:00.000Z");

function head(changes: Partial<Watched> = {}): Watched {
  return {
    status: "running",
    attempt: 1,
    created_at: "2026-11-22T09:59:58.000Z",
    started_at: "2026-11-22T09:59:59.000Z",
    heartbeat_at: "2026-11-22T10:00:00.000Z",
    deadline_at: "2026-11-22T10:15:00.000Z",
    ...changes,
  };
}

describe("a running generation", () => {
  it("beats while the heartbeat was fresh when it was last looked at", () => {
    const found = pulse(head(), BEAT + 700, BEAT + 3000, RHYTHM);
    expect(found).toEqual({ name: "beating", seconds: 3 });
    expect(isStuck(found)).toBe(false);
  });

  it("is stuck from the look that shows a heartbeat older than one and a half intervals", () => {
    expect(isStuck(pulse(head(), BEAT + 750, BEAT + 750, RHYTHM))).toBe(false);
    expect(isStuck(pulse(head(), BEAT + 751, BEAT + 751, RHYTHM))).toBe(true);
  });

  it("says when its lease ends, and then that it is over", () => {
    const silent = pulse(head(), BEAT + 1000, BEAT + 1200, RHYTHM);
    expect(explain(silent)).toBe(
      "No heartbeat for 1.2 s. In 0:04 the next reader or the sweeper gives it to another worker.",
    );
    expect(pulse(head(), BEAT + 1000, BEAT + 5000, RHYTHM)).toEqual({ name: "lapsed", seconds: 5 });
  });

  it("counts from its start where it has not beaten yet", () => {
    const { heartbeat_at: _, ...rest } = head();
    expect(pulse(rest, BEAT, BEAT, RHYTHM)).toMatchObject({ name: "silent", seconds: 1 });
  });

  it("is worth a look when the heartbeat would be late, then when the lease is over", () => {
    expect(nextDoubt(head(), BEAT, RHYTHM)).toBe(850);
    expect(nextDoubt(head(), BEAT + 1000, RHYTHM)).toBe(4100);
    expect(nextDoubt(head(), BEAT + 60_000, RHYTHM)).toBe(500);
  });
});

describe("a page that gets no answer", () => {
  it("speaks of what it saw last, and blames no worker for its own silence", () => {
    const found = asSeen(head(), BEAT + 300, BEAT + 60_300, RHYTHM, true);
    expect(isStuck(found)).toBe(false);
    expect(explain(found)).toBe(
      "This page has had no answer from the service for 1 min. As it was seen last: The last heartbeat seen here was 0.3 s ago.",
    );
  });

  it("still says stuck of what was stuck when it was seen, and nothing of what has ended", () => {
    expect(isStuck(asSeen(head(), BEAT + 2000, BEAT + 90_000, RHYTHM, true))).toBe(true);
    const ended = head({ status: "succeeded", finished_at: "2026-11-22T10:00:01.000Z" });
    expect(asSeen(ended, BEAT, BEAT + 90_000, RHYTHM, true)).toEqual({ name: "ended" });
  });
});

describe("a pending generation", () => {
  const pending = head({ status: "pending", attempt: 0 });
  const created = Date.parse(pending.created_at);

  it("waits in the queue, and is stuck once half the time is over after which its message is taken for lost", () => {
    expect(pulse(pending, created + 5000, created + 9000, RHYTHM)).toEqual({ name: "queued", seconds: 9 });
    const found = pulse(pending, created + 5001, created + 6000, RHYTHM);
    expect(isStuck(found)).toBe(true);
    expect(explain(found)).toBe(
      "No worker has taken it for 6.0 s. In 0:04 the next reader or the sweeper sends its message again.",
    );
    expect(explain(pulse(pending, created + 11_000, created + 11_000, RHYTHM))).toContain("was sent again");
  });

  it("is worth a look when that is slow, and when its message is taken for lost", () => {
    expect(nextDoubt(pending, created, RHYTHM)).toBe(5100);
    expect(nextDoubt(pending, created + 6000, RHYTHM)).toBe(4100);
    expect(nextDoubt(pending, created + 11_000, RHYTHM)).toBeNull();
  });

  it("rests until the moment that the provider or the backoff named", () => {
    const resting = head({ status: "pending", not_before: "2026-11-22T10:00:30.000Z" });
    expect(explain(pulse(resting, BEAT, BEAT, RHYTHM))).toContain("begins in 0:30");
    expect(pulse(resting, BEAT, BEAT + 31_000, RHYTHM)).toEqual({ name: "between", attempt: 1 });
  });
});

it("is never stuck once it has ended, however old its heartbeat", () => {
  for (const status of ["succeeded", "failed", "canceled"] as const) {
    expect(pulse(head({ status }), BEAT + 1e9, BEAT + 1e9, RHYTHM)).toEqual({ name: "ended" });
    expect(nextDoubt(head({ status }), BEAT, RHYTHM)).toBeNull();
  }
});
