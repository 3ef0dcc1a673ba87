/** The error of all calls, and how to read it from a response. For retries it only decides `retryable`. */
import { retryAfterSeconds } from "./retry-after.js";
import type { FieldError, ProblemCode } from "./types.js";

/**
 * Why a call failed: if the service answered, a problem's own code. If API Gateway or a proxy answered, it is a code
 * such as `http_401`.
 *
 * Without a usable answer:
 * - `network_error`: no answer came.
 * - `timeout`: no answer came in time.
 * - `invalid_answer`: the answer is not this API's.
 * - `token_unavailable`: the token function returned none.
 * - `another_user`: a submit's token now belongs to another user.
 * - `closed`: the client or its provider was closed.
 * - `interrupted`: the page was left.
 */
export type ErrorCode =
  | ProblemCode
  | `http_${number}`
  | "network_error"
  | "timeout"
  | "invalid_answer"
  | "token_unavailable"
  | "another_user"
  | "closed"
  | "interrupted";

export interface ErrorFacts {
  code: ErrorCode;
  /** HTTP status; 0 when there was no answer. */
  status?: number | undefined;
  message?: string | undefined;
  retryAfterSeconds?: number | undefined;
  requestId?: string | undefined;
  errors?: readonly FieldError[] | undefined;
  detail?: string | undefined;
  cause?: unknown;
}

const RETRYABLE_STATUSES = new Set([0, 408, 425, 429, 500, 502, 503, 504]);
const FINAL_CODES: ReadonlySet<ErrorCode> = new Set(["another_user", "closed", "interrupted"]);

/** A call that failed, or whose outcome is unknown. */
export class UnstuckError extends Error {
  override readonly name = "UnstuckError";
  readonly code: ErrorCode;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** How long the server asked to wait, in seconds. */
  readonly retryAfterSeconds: number | undefined;
  /** Include it when you report the problem. */
  readonly requestId: string | undefined;
  /** The faulty fields of a refused body or query, and their faults. */
  readonly errors: readonly FieldError[];
  /** Details beyond the title, if any. */
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

  /** Whether the same call may succeed later. A create is safe to resend only with its Idempotency-Key. */
  get retryable(): boolean {
    return RETRYABLE_STATUSES.has(this.status) && !FINAL_CODES.has(this.code);
  }

  /** Whether the service refused the call. If false, the call may still have succeeded. */
  get refused(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 408;
  }

  /** The data that a cache keeps beyond the page's life; `new UnstuckError(...)` reads it back. */
  toJSON(): ErrorFacts {
    return { ...this, message: this.message };
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
    if (Array.isArray(said.errors)) facts.errors = said.errors.filter(isFieldError);
  } else if (typeof said.message === "string") {
    facts.message = said.message;
  }
  return new UnstuckError(facts);
}

function isFieldError(value: unknown): value is FieldError {
  const { field, message } = (value ?? {}) as Partial<Record<keyof FieldError, unknown>>;
  return typeof field === "string" && typeof message === "string";
}
