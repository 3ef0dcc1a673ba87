import { expect, it } from "vitest";
import { bars, monthsOn, roundUp } from "./chart";

it("has a bar for every day of the month, leap years included", () => {
  expect(bars("2026-11", new Map()).bars).toHaveLength(30);
  expect(bars("2028-02", new Map()).bars.at(-1)).toEqual({ day: "2028-02-29", value: 0, height: 0 });
});

it("scales to the next round figure", () => {
  const { bars: laid, top } = bars(
    "2026-11",
    new Map([
      ["2026-11-03", 0.0031],
      ["2026-11-22", 0.0016],
    ]),
  );
  expect(top).toBe(0.005);
  expect(laid[2]?.height).toBeCloseTo(0.62);
  expect([0, 1, 1.1, 20, 21, 0.3].map(roundUp)).toEqual([0, 1, 2, 20, 25, 0.5]);
});

it("turns the year with the month", () => {
  expect([monthsOn("2026-01", -1), monthsOn("2026-12", 1), monthsOn("2026-03", 0)]).toEqual([
    "2025-12",
    "2027-01",
    "2026-03",
  ]);
});
