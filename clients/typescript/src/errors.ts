/** The one error that calls end with, and how it is read from an answer. Decides nothing about trying again but `retryable`. */
import type { FieldError, ProblemCode } from "./types.js";

/**
 * What went wrong. A problem's own code where the service answered; `http_401` and the like where API Gateway or a proxy
 * did; `network_error` when no answer came, `timeout` when none came in time, `invalid_answer` when it could not be
 * read, `token_unavailable` when the token function failed.
 */
export type ErrorCode =
  | ProblemCode
  | `http_${number}`
  | "network_error"
  | "timeout"
  | "invalid_answer"
  | "token_unavailable";

export interface ErrorFacts {
  code: ErrorCode;
  /** HTTP status; 0 when there was no answer. */
  status?: number;
  message?: string;
  retryAfterSeconds?: number;
  requestId?: string;
  errors?: readonly FieldError[];
  detail?: string;
  cause?: unknown;
}

const RETRYABLE_STATUSES = new Set([0, 408, 425, 429, 500, 502, 503, 504]);

/** A call that was not done, or of which it is not known whether it was. */
export class UnstuckError extends Error {
  override readonly name = "UnstuckError";
  readonly code: ErrorCode;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** What the server asked to wait, in seconds. */
  readonly retryAfterSeconds: number | undefined;
  /** Name it when you report the problem. */
  readonly requestId: string | undefined;
  /** What is wrong with which field, of a refused body or query. */
  readonly errors: readonly FieldError[];
  /** More than the title says, where there is more. */
  readonly detail: string | undefined;

  constructor(facts: ErrorFacts) {
    super(facts.message ?? facts.code, { cause: facts.cause });
    this.code = facts.code;
    this.status = facts.status ?? 0;
    this.retryAfterSeconds = facts.retryAfterSeconds;
    this.requestId = facts.requestId;
    this.errors = facts.errors ?? [];
    this.detail = facts.detail;
  }

  /** Whether the same call may do better later. A create is repeated safely with its Idempotency-Key alone. */
  get retryable(): boolean {
    return RETRYABLE_STATUSES.has(this.status);
  }

  /** Whether the service decided: false when the call may have been carried out all the same. */
  get refused(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 408;
  }
}

/** Return an answer's error: from problem+json, from the gateway's `{"message"}`, or from anything else. */
export function errorOf(response: Response, body: unknown): UnstuckError {
  const facts: ErrorFacts = {
    code: `http_${response.status}`,
    status: response.status,
    message: response.statusText || `HTTP ${response.status}`,
    retryAfterSeconds: retryAfterSeconds(response.headers),
    requestId: response.headers.get("apigw-requestid") ?? undefined,
  };
  if (typeof body !== "object" || body === null) return new UnstuckError(facts);
  const said = body as Record<string, unknown>;
  if (typeof said.code === "string" && typeof said.title === "string") {
    facts.code = said.code as ProblemCode;
    facts.message = said.title;
    if (typeof said.request_id === "string") facts.requestId = said.request_id;
    if (typeof said.detail === "string") facts.detail = said.detail;
    if (Array.isArray(said.errors)) facts.errors = said.errors as FieldError[];
  } else if (typeof said.message === "string") {
    facts.message = said.message;
  }
  return new UnstuckError(facts);
}

/** Return the Retry-After header in seconds; dates, which this API does not send, are not read. */
export function retryAfterSeconds(headers: Headers): number | undefined {
  const said = headers.get("retry-after");
  if (said === null || !/^\d+(\.\d+)?$/.test(said.trim())) return undefined;
  return Number(said);
}
