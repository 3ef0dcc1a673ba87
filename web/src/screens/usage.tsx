// The usage: a month by day, its totals, and the limits.

import { ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";
import type { DayCounts, UsageOfMonth } from "unstuck-client";
import { useUnstuck, useUsage } from "unstuck-client/react";
import { monthsOn } from "../chart";
import { count, money, monthName, utcDay } from "../format";
import { Problem } from "../problems";
import { Button, Loading, PageHead } from "../ui/parts";
import { DayChart } from "./day-chart";
import { LimitMeters } from "./limits";

export function UsageScreen() {
  const client = useUnstuck();
  const current = new Date(client.now()).toISOString().slice(0, 7);
  const [month, setMonth] = useState(current);
  const usage = useUsage({ month });
  return (
    <>
      <PageHead
        title="Usage"
        lead="The cost of your generations. Days are in UTC. A generation counts on the day when it ends."
        actions={
          <div className="row">
            <Button icon={ChevronLeft} aria-label="Previous month" onClick={() => setMonth(monthsOn(month, -1))} />
            <span className="month" aria-live="polite">
              {monthName(month)}
            </span>
            <Button
              icon={ChevronRight}
              aria-label="Next month"
              disabled={month >= current}
              onClick={() => setMonth(monthsOn(month, 1))}
            />
          </div>
        }
      />
      {usage.data !== undefined ? (
        <Month usage={usage.data} />
      ) : usage.error !== null ? (
        <Problem error={usage.error} title="The usage could not be read" onAgain={() => void usage.refetch()} />
      ) : (
        <Loading what="the usage" />
      )}
    </>
  );
}

type Measure = "cost_usd" | "generations" | "calls" | "tokens";

const MEASURES: Record<Measure, { label: string; of: (day: DayCounts) => number; write: (value: number) => string }> = {
  cost_usd: { label: "Cost", of: (day) => day.cost_usd, write: money },
  generations: { label: "Generations", of: (day) => day.generations, write: count },
  calls: { label: "Calls", of: (day) => day.calls, write: count },
  tokens: { label: "Tokens", of: (day) => day.prompt_tokens + day.completion_tokens, write: count },
};

function Month({ usage }: { usage: UsageOfMonth }) {
  const [measure, setMeasure] = useState<Measure>("cost_usd");
  const { total } = usage;
  const { label, of, write } = MEASURES[measure];
  return (
    <div className="stack">
      <dl className="tiles">
        <Tile name="Cost" value={money(total.cost_usd)} note={`${money(total.wasted_cost_usd)} wasted`} />
        <Tile name="Generations ended" value={count(total.generations)} />
        <Tile name="Model calls" value={count(total.calls)} />
        <Tile
          name="Tokens"
          value={count(total.prompt_tokens + total.completion_tokens)}
          note={`${count(total.prompt_tokens)} in, ${count(total.completion_tokens)} out`}
        />
      </dl>
      <section className="panel panel-body stack" aria-labelledby="by-day">
        <div className="spread">
          <h2 id="by-day">By day</h2>
          <div className="choices" role="group" aria-label="Measure">
            {(Object.keys(MEASURES) as Measure[]).map((one) => (
              <button
                key={one}
                type="button"
                className="choice"
                aria-pressed={one === measure}
                onClick={() => setMeasure(one)}
              >
                {MEASURES[one].label}
              </button>
            ))}
          </div>
        </div>
        <DayChart
          month={usage.month}
          label={label}
          values={new Map(usage.days.map((day) => [day.day, of(day)]))}
          write={write}
        />
        <DayTable days={usage.days} />
      </section>
      <section className="panel panel-body stack" aria-labelledby="limits">
        <h2 id="limits">Limits</h2>
        <LimitMeters limits={usage.limits} />
      </section>
    </div>
  );
}

function Tile({ name, value, note }: { name: string; value: string; note?: string }) {
  return (
    <div className="panel tile">
      <dt className="muted small">{name}</dt>
      <dd>
        <span className="tile-value">{value}</span>
        {note && <span className="muted small">{note}</span>}
      </dd>
    </div>
  );
}

function DayTable({ days }: { days: readonly DayCounts[] }) {
  if (days.length === 0) return <p className="muted">No generation ended in this month.</p>;
  return (
    <details className="fold">
      <summary>
        <ChevronRight aria-hidden />
        Show as a table
      </summary>
      <div className="table-wrap" tabIndex={0} role="region" aria-label="Usage by day">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Generations</th>
              <th scope="col">Calls</th>
              <th scope="col">Tokens in</th>
              <th scope="col">Tokens out</th>
              <th scope="col">Cost</th>
            </tr>
          </thead>
          <tbody>
            {days.map((day) => (
              <tr key={day.day}>
                <th scope="row">{utcDay(day.day)}</th>
                <td>{count(day.generations)}</td>
                <td>{count(day.calls)}</td>
                <td>{count(day.prompt_tokens)}</td>
                <td>{count(day.completion_tokens)}</td>
                <td>{money(day.cost_usd)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
