import { expect, it } from "vitest";
import { metersOf } from "./meters";

const RATE = { name: "create", limit: 5, window_seconds: 300, remaining: 2, reset_seconds: 61 };

it("shows the month beside the day, where the deployment has a ceiling for it", () => {
  const meters = metersOf({
    rates: [RATE],
    running: { limit: 10, used: 1, remaining: 9 },
    daily_spend_usd: { limit: 5, used: 1.5, remaining: 3.5 },
    monthly_spend_usd: { limit: 40, used: 40.25, remaining: 0 },
  });
  expect(meters.map(({ name }) => name)).toEqual([
    "Started",
    "Open at once",
    "Spent today (UTC)",
    "Spent this month (UTC)",
  ]);
  expect(meters.at(-1)).toMatchObject({ used: 40.25, limit: 40 });
  expect(meters.at(-1)?.words).toMatch(/0.* of .*40.* left/);
});

it("shows no ceiling of money that the deployment does not set", () => {
  expect(metersOf({ rates: [{ ...RATE, name: "create-story" }] }).map(({ name }) => name)).toEqual(["Started: story"]);
});
