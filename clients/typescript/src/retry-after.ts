/** Reads Retry-After: seconds or an HTTP date, bounded. The cases are in tests/clients/cases, for both clients. */

/** No wait that a server asks for is read as longer than a day. */
const LONGEST_ASKED_SECONDS = 86_400;
const DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** Return the header in seconds from now, undefined where it is missing or none. A date counts from the answer's own. */
export function retryAfterSeconds(headers: Headers): number | undefined {
  const said = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(said)) return Math.min(Number(said), LONGEST_ASKED_SECONDS);
  const at = new Date(DATE.test(said) ? said : Number.NaN);
  if (at.toUTCString().slice(5) !== said.slice(5)) return undefined; // 31 Feb is no day, though it is read as one
  const sent = Date.parse(headers.get("date") ?? "");
  const seconds = (at.getTime() - (Number.isNaN(sent) ? Date.now() : sent)) / 1000;
  return Math.min(Math.max(seconds, 0), LONGEST_ASKED_SECONDS);
}

/** Return when a next look is worth it. The header holds whole seconds: a zero is no haste that anybody means. */
export function hintOf(headers: Headers): number | undefined {
  const asked = retryAfterSeconds(headers);
  return asked === undefined ? undefined : Math.max(asked, 0.5);
}
