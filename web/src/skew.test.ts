import { expect, it } from "vitest";
import { clockAhead } from "./skew";

it("believes a clock that nothing speaks against", () => {
  expect(clockAhead(0, undefined, { seenAt: 10_000, beat: 9_000 })).toBe(0);
  expect(clockAhead(0, { seenAt: 9_000, beat: 8_500 }, { seenAt: 10_000, beat: 9_200 })).toBe(0);
});

it("finds a clock that is ahead: a heartbeat that is new cannot be older than the look before", () => {
  const before = { seenAt: 1_000_000, beat: 699_500 };
  expect(clockAhead(0, before, { seenAt: 1_001_000, beat: 700_500 })).toBe(298_000);
});

it("finds a clock that is behind: no heartbeat is of the future", () => {
  expect(clockAhead(0, undefined, { seenAt: 10_000, beat: 70_000 })).toBe(-60_000);
});

it("never takes silence for skew: a heartbeat that stands still proves nothing", () => {
  const before = { seenAt: 10_000, beat: 9_000 };
  expect(clockAhead(0, before, { seenAt: 60_000, beat: 9_000 })).toBe(0);
});
