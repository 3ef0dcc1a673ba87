// Formats numbers and times for people. Uses no screen and no clock.

const MINUTE = 60;
const HOUR = 3600;

/** A duration in seconds, as short as possible: `0.4 s`, `12 s`, `2 min 5 s`, `3 h 2 min`. */
export function duration(seconds: number): string {
  const length = Math.max(0, seconds);
  if (length < 9.95) return `${length.toFixed(1)} s`;
  if (Math.round(length) < MINUTE) return `${Math.round(length)} s`;
  if (length < HOUR) return withRest(Math.round(length), MINUTE, "min", "s");
  return withRest(Math.round(length / MINUTE), 60, "h", "min");
}

function withRest(value: number, unit: number, large: string, small: string): string {
  const rest = value % unit;
  return rest === 0 ? `${Math.floor(value / unit)} ${large}` : `${Math.floor(value / unit)} ${large} ${rest} ${small}`;
}

/** Remaining seconds as on a clock: `0:04`. Rounded up, so that 0:00 never appears too early. */
export function countdown(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / MINUTE)}:${String(whole % MINUTE).padStart(2, "0")}`;
}

/** How long ago something was, in words that do not change every second after the first minute. */
export function ago(seconds: number): string {
  if (seconds < 5) return "just now";
  if (seconds < MINUTE) return `${Math.floor(seconds)} s ago`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ago`;
  if (seconds < 24 * HOUR) return `${Math.floor(seconds / HOUR)} h ago`;
  const days = Math.floor(seconds / (24 * HOUR));
  return days === 1 ? "yesterday" : `${days} days ago`;
}

/** US dollars with enough decimal places to show a small amount. */
export function money(usd: number): string {
  if (usd === 0) return "$0";
  if (usd < 0.000001) return "< $0.000001";
  if (usd < 0.01) return `$${trimZeros(usd.toFixed(6))}`;
  return `$${usd.toFixed(usd < 1 ? 4 : 2)}`;
}

function trimZeros(figure: string): string {
  return figure.replace(/0+$/, "").replace(/\.$/, "");
}

const WHOLE = new Intl.NumberFormat("en-US");

export function count(value: number): string {
  return WHOLE.format(value);
}

/** `1 card`, `2 cards`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
const UTC_DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });

export function timeOfDay(moment: string): string {
  return CLOCK.format(new Date(moment));
}

export function dayAndTime(moment: string): string {
  const at = new Date(moment);
  return `${DAY.format(at)}, ${CLOCK.format(at)}`;
}

export function fullMoment(moment: string): string {
  return FULL.format(new Date(moment));
}

/** `2026-11-22` as `22 November 2026`: a date is the same in every time zone. */
export function dateOf(day: string): string {
  return DATE.format(new Date(day));
}

/** `2026-11` as `November 2026`. */
export function monthName(month: string): string {
  return MONTH.format(new Date(`${month}-01T00:00:00Z`));
}

/** `2026-11-22` as `Sun 22 Nov`: the days of the usage are UTC's. */
export function utcDay(day: string): string {
  return UTC_DAY.format(new Date(`${day}T00:00:00Z`)).replace(",", "");
}

/** A short part of an id that is enough to distinguish ids. The first letters of a UUIDv7 are only its time. */
export function shortId(id: string): string {
  return id.slice(-8);
}

/** The length of a text as the service counts it: code points, without surrounding white space. */
export function lettersIn(text: string): number {
  return [...text.trim()].length;
}

export function firstLine(text: string, most = 90): string {
  const line = (text.trim().split(/\r?\n/, 1)[0] ?? "").trimEnd();
  const letters = [...line];
  return letters.length <= most
    ? line
    : `${letters
        .slice(0, most - 1)
        .join("")
        .trimEnd()}…`;
}
