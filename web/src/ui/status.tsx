// How a generation's state is shown: the badge, the bar, and the line that says what goes on.

import { Ban, CircleCheck, CircleX, Clock, HeartPulse, LoaderCircle, type LucideIcon } from "lucide-react";
import type { Generation, Status } from "unstuck-client";

const SHOWN: Record<Status, { icon: LucideIcon; label: string }> = {
  pending: { icon: Clock, label: "Pending" },
  running: { icon: LoaderCircle, label: "Running" },
  succeeded: { icon: CircleCheck, label: "Succeeded" },
  failed: { icon: CircleX, label: "Failed" },
  canceled: { icon: Ban, label: "Canceled" },
};

export function StatusBadge({ status }: { status: Status }) {
  const { icon: Icon, label } = SHOWN[status];
  return (
    <span className={`badge badge-${status}`} data-status={status}>
      <Icon aria-hidden />
      {label}
    </span>
  );
}

export function StuckBadge() {
  return (
    <span className="badge badge-stuck" data-stuck="true">
      <HeartPulse aria-hidden />
      Stuck
    </span>
  );
}

export function RescuedBadge({ times }: { times: number }) {
  return (
    <span className="badge badge-rescue" data-rescued={times}>
      <HeartPulse aria-hidden />
      {times === 1 ? "Rescued" : `Rescued ${times} times`}
    </span>
  );
}

/** The bar. Its name says whose it is: a list has many. */
export function Bar(props: { head: Pick<Generation, "status" | "progress" | "stage">; stuck: boolean; name: string }) {
  const { head, stuck, name } = props;
  return (
    <div
      className={`bar bar-${stuck ? "stuck" : head.status}`}
      role="progressbar"
      aria-label={name}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={head.progress}
      aria-valuetext={head.stage === undefined ? `${head.progress} %` : `${head.progress} %, ${head.stage}`}
    >
      <div className="bar-fill" style={{ width: `${head.progress}%` }} />
    </div>
  );
}
