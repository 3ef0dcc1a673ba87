// The timeline as rows with bars on one time axis. Each row also says in words what its bar shows.

import type { CSSProperties } from "react";
import { duration } from "../format";
import { layOut, type Row, type TimelineEvent, type TimelineHead } from "../timeline";

interface Props {
  head: TimelineHead;
  events: readonly TimelineEvent[];
  now: number;
  /** Whether the running attempt's heartbeat is late. */
  late?: boolean;
}

export function TimelineView({ head, events, now, late = false }: Props) {
  const { rows, seconds, ticks } = layOut(head, events, now, late);
  return (
    <div className="timeline">
      <div className="timeline-axis" aria-hidden>
        {ticks.map((tick) => (
          <span
            key={tick}
            className={tick / seconds > 0.97 ? "at-end" : undefined}
            style={{ left: percent(tick / seconds) }}
          >
            {tick === 0 ? "0" : tickLabel(tick)}
          </span>
        ))}
      </div>
      <ol>
        {rows.map((row) => (
          <TimelineRow key={row.key} row={row} seconds={seconds} ticks={ticks} />
        ))}
      </ol>
    </div>
  );
}

function tickLabel(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : duration(seconds);
}

function TimelineRow({ row, seconds, ticks }: { row: Row; seconds: number; ticks: number[] }) {
  const isMoment = row.from === row.to && !row.open;
  const place: CSSProperties = {
    left: percent(row.from / seconds),
    ...(!isMoment && { width: percent((row.to - row.from) / seconds) }),
  };
  const shape = isMoment ? "moment" : row.roughly ? "stretch roughly" : "stretch";
  return (
    <li className={`timeline-row tone-${row.tone}`} data-row={row.label}>
      <span className="timeline-label">
        {row.label}
        <span className="muted small"> {row.note}</span>
        <span className="unseen">, {when(row, isMoment)}</span>
      </span>
      <span className="timeline-track" aria-hidden>
        {ticks.map((tick) => (
          <i key={tick} className="timeline-grid" style={{ left: percent(tick / seconds) }} />
        ))}
        <i className={`timeline-${shape}${row.open ? " open" : ""}`} style={place} />
      </span>
    </li>
  );
}

function when(row: Row, isMoment: boolean): string {
  if (isMoment) return `${duration(row.from)} after it was accepted`;
  return `from ${duration(row.from)} to ${row.open ? "now" : duration(row.to)}`;
}

function percent(share: number): string {
  return `${(Math.min(1, Math.max(0, share)) * 100).toFixed(2)}%`;
}
