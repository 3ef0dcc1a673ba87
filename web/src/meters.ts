// Lays out an owner's limits, with one meter each. Pure.

import type { UserLimits } from "unstuck-client";
import { count, duration, money } from "./format";

export interface Meter {
  name: string;
  used: number;
  limit: number;
  words: string;
}

/** Every limit of the deployment, in the order in which a create checks them. */
export function metersOf({ rates, running, daily_spend_usd: today, monthly_spend_usd: month }: UserLimits): Meter[] {
  const rows: Meter[] = rates.map((rate) => ({
    name: rate.name === "create" ? "Started" : `Started: ${rate.name.replace("create-", "")}`,
    used: rate.limit - rate.remaining,
    limit: rate.limit,
    words: `${count(rate.remaining)} of ${count(rate.limit)} left in ${duration(rate.window_seconds)}`,
  }));
  if (running) {
    const words = `${count(running.remaining)} of ${count(running.limit)} left`;
    rows.push({ name: "Open at once", used: running.used, limit: running.limit, words });
  }
  for (const [name, spend] of [
    ["Spent today (UTC)", today],
    ["Spent this month (UTC)", month],
  ] as const) {
    if (!spend) continue;
    const words = `${money(spend.remaining)} of ${money(spend.limit)} left`;
    rows.push({ name, used: spend.used, limit: spend.limit, words });
  }
  return rows;
}
