/**
 * Distinguishes this API's responses from others, such as a portal's page or a proxy's JSON. Checks the fields that
 * callers and hooks rely on.
 */
import type { Answer } from "./calls.js";
import { errorOf, UnstuckError } from "./errors.js";

export type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string" && value !== "";
const count: Check = (value) => typeof value === "number" && Number.isFinite(value);
const truth: Check = (value) => typeof value === "boolean";
const time: Check = (value) => typeof value === "string" && !Number.isNaN(Date.parse(value));
const word: Check = (value) => typeof value === "string" && /^[a-z][a-z_]*$/.test(value);
const cursor: Check = (value) => value === null || text(value);

function object(fields: Readonly<Record<string, Check>> = {}): Check {
  return (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(fields).every(([name, check]) => check((value as Record<string, unknown>)[name]));
}

function list(of: Check): Check {
  return (value) => Array.isArray(value) && value.every(of);
}

function maybe(check: Check): Check {
  return (value) => value === undefined || check(value);
}

const figures = { version: count, progress: count, attempt: count };
const times = { created_at: time, heartbeat_at: maybe(time), finished_at: maybe(time), dismissed_at: maybe(time) };
const head = { generation_id: text, kind: text, status: word, ...figures, ...times };
const suggestion = object({ number: count, state: word });
export const isCard = object({ card_id: text, kind: text, generation_id: text, number: count });

export const isGeneration = object({ ...head, error: maybe(object({ code: text })) });
export const isDetail: Check = (value) =>
  isGeneration(value) &&
  object({ poll_after_seconds: maybe(count), output: maybe(object()), reviews: maybe(text) })(value);
const isListed: Check = (value) =>
  isGeneration(value) && object({ output: maybe(object()), reviews: maybe(text), output_omitted: maybe(truth) })(value);
export const isFeed = object({ generations: list(isListed), next_cursor: cursor });
export const isAccepted = object({ generation_id: text, status: word, version: count });
export const isTimeline = object({ version: count, attempts: list(object()), events: list(object({ name: text })) });
export const isInput = object({ generation_id: text, kind: text, input: object() });
export const isReviewed = object({ generation_id: text, version: count, suggestions: list(suggestion) });
export const isCards = object({ cards: list(isCard), next_cursor: cursor });
export const isUsage = object({ month: text, days: list(object()), total: object(), limits: object() });
export const isErasure = object({ done: truth });
export const isLiveTicket = object({ url: text, ends_at: count });
export const isPartial = object({ generation_id: text, attempt: count, step: text, number: count, output: object() });
export const isHealth = object({ stale: count, oldest_pending_seconds: count });
export const isDocument = object({ paths: object() });

export const isNothing: Check = (value) => value === undefined;

/** Return the data of a successful response; throw the error of any other, `invalid_answer` if it is not this API's. */
export function dataOf<Data>({ data, response }: Answer<Data>, check: Check): Data {
  if (response.ok && check(data)) return data;
  throw response.status < 400 ? invalid() : errorOf(response, data);
}

export function invalid(): UnstuckError {
  const message = "The response is not this API's. Check the base URL, and whether the network asks for a sign-in.";
  return new UnstuckError({ code: "invalid_answer", message });
}
