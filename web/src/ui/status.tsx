// How a generation's state is shown: the badge, the bar, and the line about its activity.

import { Ban, CircleCheck, CircleX, Clock, HeartPulse, LoaderCircle, type LucideIcon } from "lucide-react";
import { type Generation, type Status, type StatusFacts, statusFacts } from "unstuck-client";
import { type Open, reason, stateName } from "../doing";

/** The client defines words and tones; the page chooses the icon and colour of each tone. */
const ICONS: Record<StatusFacts["tone"], LucideIcon> = {
  waiting: Clock,
  working: LoaderCircle,
  good: CircleCheck,
  bad: CircleX,
  quiet: Ban,
};

export function StatusBadge({ status }: { status: Status }) {
  const { tone, label } = statusFacts(status);
  const Icon = ICONS[tone];
  return (
    <span className={`badge badge-${tone}`} data-status={status}>
      <Icon aria-hidden />
      {label}
    </span>
  );
}

/**
 * The activity of an open one, in the service's word; its title is why the previous attempt ended. Does not repeat the
 * badge.
 */
export function Doing({ head }: { head: Open }) {
  const name = stateName(head);
  if (name === "" || head.state === "working") return null;
  return (
    <span className="muted small" data-state={head.state} title={reason(head) || undefined}>
      {name}
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

/** The bar. Its name says which entry it belongs to: a list has many. */
export function Bar(props: { head: Pick<Generation, "status" | "progress" | "stage">; stuck: boolean; name: string }) {
  const { head, stuck, name } = props;
  return (
    <div
      className={`bar bar-${stuck ? "stuck" : statusFacts(head.status).tone}`}
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

/** How this page learns of changes: by push, or by polling. */
export function LiveMark({ live, offline }: { live: boolean; offline: boolean }) {
  const [word, means] = offline ? LIVE.offline : live ? LIVE.live : LIVE.polling;
  return (
    <span
      className="live-mark"
      role="img"
      aria-label={`${word}: ${means}`}
      title={means}
      data-live={word.toLowerCase()}
    >
      {word}
    </span>
  );
}

const LIVE = {
  live: ["Live", "this page gets each change as it happens"],
  polling: ["Polling", "this page asks for changes every few seconds"],
  offline: ["Offline", "this page cannot reach the service"],
} as const;
