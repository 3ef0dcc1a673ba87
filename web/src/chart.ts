// Lays out the bars of a month. Pure: heights are fractions of the chart.

export interface Bar {
  day: string;
  value: number;
  height: number;
}

/** Every day of the month, including empty ones. The axis ends at a round number. */
export function bars(month: string, values: ReadonlyMap<string, number>): { bars: Bar[]; top: number } {
  const days = daysOf(month).map((day) => ({ day, value: values.get(day) ?? 0 }));
  const top = roundUp(Math.max(0, ...days.map((entry) => entry.value)));
  return { top, bars: days.map((entry) => ({ ...entry, height: top === 0 ? 0 : entry.value / top })) };
}

function daysOf(month: string): string[] {
  const [year = 0, number = 1] = month.split("-").map(Number);
  const last = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return Array.from({ length: last }, (_, index) => `${month}-${String(index + 1).padStart(2, "0")}`);
}

/** The next 1, 2, 2.5 or 5 times a power of ten. */
export function roundUp(value: number): number {
  if (value <= 0) return 0;
  const unit = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((size) => value <= size * unit * (1 + 1e-9)) ?? 10;
  return Number((step * unit).toPrecision(6));
}

/** The month before or after, as YYYY-MM. */
export function monthsOn(month: string, by: number): string {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}
