// A bar for each day of a month. For readers who cannot see it, the table below has the same data.

import { bars } from "../chart";
import { utcDay } from "../format";

interface Props {
  month: string;
  label: string;
  values: ReadonlyMap<string, number>;
  write: (value: number) => string;
}

export function DayChart({ month, label, values, write }: Props) {
  const { bars: laid, top } = bars(month, values);
  const sum = laid.reduce((all, bar) => all + bar.value, 0);
  return (
    <figure
      className="chart"
      role="img"
      aria-label={`${label} by day: ${write(sum)} in all. The table below has each day.`}
    >
      <div className="chart-scale muted small figures" aria-hidden>
        <span>{write(top)}</span>
        <span>{write(top / 2)}</span>
        <span>{write(0)}</span>
      </div>
      <div className="chart-plot" aria-hidden>
        {laid.map((bar) => (
          <div key={bar.day} className="chart-day" title={`${utcDay(bar.day)}: ${write(bar.value)}`}>
            <div className="chart-bar" style={{ height: `${bar.height * 100}%` }} data-empty={bar.value === 0} />
          </div>
        ))}
      </div>
      <div className="chart-days muted small figures" aria-hidden>
        {laid.map((bar, index) => (
          <span key={bar.day}>{index % 5 === 0 ? index + 1 : ""}</span>
        ))}
      </div>
    </figure>
  );
}
