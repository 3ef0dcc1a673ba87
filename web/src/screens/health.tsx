// The service's health: a line, and a warning if the sweeper does not run.

import type { Health } from "unstuck-client";
import { useHealth } from "unstuck-client/react";
import { ago, counted } from "../format";
import { Notice } from "../ui/parts";

/** The sweeper runs every minute; docs/http.md calls it dead after two or three. */
const DEAD_SECONDS = 180;

function isDead({ last_sweep_at: at, last_sweep_age_seconds: age }: Health): boolean {
  return at !== null && (age ?? 0) > DEAD_SECONDS;
}

export function HealthWarning() {
  const health = useHealth().data;
  if (health === undefined || !isDead(health)) return null;
  return (
    <Notice tone="stuck" title="The sweeper has not run for a while" role="status">
      <p>
        It last ran {ago(health.last_sweep_age_seconds ?? 0)}. Generations that you open still recover. Report this to
        the operator of the service.
      </p>
    </Notice>
  );
}

export function HealthLine() {
  const health = useHealth().data;
  if (health === undefined) return null;
  if (health.last_sweep_at === null) return <p className="muted small">The sweeper has not run yet.</p>;
  return (
    <p className="muted small figures">
      The sweeper last ran {ago(health.last_sweep_age_seconds ?? 0)} and rescued {counted(health.stale, "generation")}.
    </p>
  );
}
