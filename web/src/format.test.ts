import { expect, it } from "vitest";
import { ago, countdown, counted, duration, firstLine, lettersIn, money, utcDay } from "./format";

it("says how long something took, as shortly as it can be said", () => {
  expect([0, 0.44, 9.94, 9.96, 59.4, 59.6, 125, 120, 3661, 7200].map(duration)).toEqual([
    "0.0 s",
    "0.4 s",
    "9.9 s",
    "10 s",
    "59 s",
    "1 min",
    "2 min 5 s",
    "2 min",
    "1 h 1 min",
    "2 h",
  ]);
});

it("counts down to zero and never below, and never says zero too early", () => {
  expect([61, 4, 3.2, 0.1, 0, -5].map(countdown)).toEqual(["1:01", "0:04", "0:04", "0:01", "0:00", "0:00"]);
});

it("shows small sums of money as more than nothing", () => {
  expect([0, 0.000123, 0.0000001, 0.05, 1.5, 12].map(money)).toEqual([
    "$0",
    "$0.000123",
    "< $0.000001",
    "$0.0500",
    "$1.50",
    "$12.00",
  ]);
});

it("counts and shortens texts by their letters, not by their bytes", () => {
  expect(lettersIn("  🙂🙂 \n")).toBe(2);
  expect(firstLine(`${"🙂".repeat(100)}\nmore`, 5)).toBe("🙂🙂🙂🙂…");
  expect(firstLine("  short \nmore")).toBe("short");
});

it("speaks of one and of many", () => {
  expect([counted(1, "card"), counted(1200, "card"), counted(2, "reply", "replies")]).toEqual([
    "1 card",
    "1,200 cards",
    "2 replies",
  ]);
  expect([3, 42, 300, 7300, 100_000, 300_000].map(ago)).toEqual([
    "just now",
    "42 s ago",
    "5 min ago",
    "2 h ago",
    "yesterday",
    "3 days ago",
  ]);
  expect(utcDay("2026-11-22")).toBe("Sun 22 Nov");
});
