// The surroundings of the generation being broken: other open ones, and the worker processes.

import { type LucideIcon, Play, Snowflake } from "lucide-react";
import { useEffect, useState } from "react";
import { hasEnded } from "unstuck-client";
import { useGenerationFeed } from "unstuck-client/react";
import { shortId } from "../format";
import type { FaultsLook, Local } from "../local";
import { to } from "../router";
import { StatusBadge } from "../ui/status";
import { kindName } from "../words";
import { HealthLine } from "./health";

/** The other open generations, to choose from. */
export function Open({ id }: { id: string | null }) {
  const feed = useGenerationFeed({ pageSize: 10 });
  const open = feed.entries.flatMap(({ generation }) =>
    generation !== undefined && generation.generation_id !== id && !hasEnded(generation) ? [generation] : [],
  );
  if (open.length === 0) return null;
  return (
    <section className="panel panel-body stack-tight" aria-labelledby="open">
      <h2 id="open">Other open generations</h2>
      <ul className="misbehaviours">
        {open.map((one) => (
          <li key={one.generation_id}>
            <StatusBadge status={one.status} />
            <a href={to.faults(one.generation_id)}>
              {kindName(one.kind)} {shortId(one.generation_id)}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Doing {
  name: string;
  icon: LucideIcon;
}

const AWAKE: Doing = { name: "at work", icon: Play };
const FROZEN: Doing = { name: "frozen", icon: Snowflake };

const LOOK_MS = 2000;

/** The worker processes on this machine, read from the local stack, not from the service. */
export function Workers({ local }: { local: Local }) {
  const [look, setLook] = useState<FaultsLook>();
  useEffect(() => {
    let stopped = false;
    const ask = (): void => {
      if (document.hidden) return;
      // The stack may be stopping. The last known state stays until it responds again.
      local.look().then(
        (found) => !stopped && setLook(found),
        () => undefined,
      );
    };
    ask();
    const timer = setInterval(ask, LOOK_MS);
    return () => {
      stopped = true;
      clearInterval(timer);
    };
  }, [local]);
  if (look === undefined || look.workers.length === 0) return null;
  return (
    <section className="panel panel-body stack-tight" aria-labelledby="workers">
      <h2 id="workers">Worker processes</h2>
      <HealthLine />
      <ul className="workers small">
        {look.workers.map((worker) => {
          const { name, icon: Icon } = worker.frozen_until === null ? AWAKE : FROZEN;
          const idle = worker.generation_ids.length === 0 && worker.frozen_until === null;
          return (
            <li key={worker.pid}>
              <code>{worker.pid}</code>
              <span className="badge">
                {!idle && <Icon aria-hidden />}
                {idle ? "idle" : name}
              </span>
              {worker.generation_ids.map((held) => (
                <a key={held} href={to.faults(held)}>
                  {shortId(held)}
                </a>
              ))}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
