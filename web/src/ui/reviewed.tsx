// The owner's decisions about an output: how many there are, and the badge of each.

import type { Suggestion } from "unstuck-client";

const BADGES: Record<Suggestion["state"], string> = {
  proposed: "",
  accepted: "badge-good",
  rejected: "badge-bad",
};

export function ReviewBadge({ state }: { state: Suggestion["state"] }) {
  return <span className={`badge ${BADGES[state]}`}>{state}</span>;
}

export function ReviewCount({ suggestions }: { suggestions: readonly Suggestion[] }) {
  const accepted = suggestions.filter((one) => one.state === "accepted").length;
  const open = suggestions.filter((one) => one.state === "proposed").length;
  return (
    <span className="muted small">
      {accepted} accepted, {open} to review
    </span>
  );
}
