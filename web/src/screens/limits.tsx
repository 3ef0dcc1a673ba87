// The limits: a line for the playground, all of them for the usage screen.

import { Gauge } from "lucide-react";
import type { UserLimits } from "unstuck-client";
import { useUsage } from "unstuck-client/react";
import { count, duration } from "../format";
import { metersOf } from "../meters";

/** How many more generations may start now. */
export function LimitsLeft({ kind }: { kind: string }) {
  const limits = useUsage().data?.limits;
  const rate =
    limits?.rates.find((one) => one.name === `create-${kind}`) ?? limits?.rates.find((one) => one.name === "create");
  if (rate === undefined) return null;
  return (
    <p className="muted small figures limit-line">
      <Gauge aria-hidden />
      {count(rate.remaining)} of {count(rate.limit)} left in {duration(rate.window_seconds)}
      {rate.remaining === 0 && `, one more in ${duration(rate.reset_seconds)}`}
    </p>
  );
}

export function LimitMeters({ limits }: { limits: UserLimits }) {
  const shown = metersOf(limits);
  if (shown.length === 0) return <p className="muted">This deployment sets no limits.</p>;
  return (
    <ul className="meters">
      {shown.map(({ name, used, limit, words }) => (
        <li key={name}>
          <div className="spread">
            <span>{name}</span>
            <span className="muted small figures">{words}</span>
          </div>
          <div
            className={`bar ${used >= limit ? "bar-failed" : ""}`}
            role="meter"
            aria-label={name}
            aria-valuemin={0}
            aria-valuemax={limit}
            aria-valuenow={Math.min(used, limit)}
            aria-valuetext={words}
          >
            <div className="bar-fill" style={{ width: `${Math.min(100, (used / limit) * 100)}%` }} />
          </div>
        </li>
      ))}
    </ul>
  );
}
