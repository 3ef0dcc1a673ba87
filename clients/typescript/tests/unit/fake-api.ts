/** An API that answers as a test says and remembers every request. Knows nothing of the client. */
import type { GenerationDetail } from "../../src/index.js";

export interface Recorded {
  method: string;
  path: string;
  query: Readonly<Record<string, string>>;
  headers: Headers;
  body: unknown;
}

export type Answering = (request: Recorded) => Response | Promise<Response>;

export class FakeApi {
  readonly requests: Recorded[] = [];
  readonly baseUrl = "https://api.test";
  /** Its clients poll, unless a test says otherwise. */
  readonly live: boolean = false;

  constructor(public answer: Answering) {}

  readonly fetch = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const text = await request.text();
    const recorded: Recorded = {
      method: request.method,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
    this.requests.push(recorded);
    return this.answer(recorded);
  };

  /** The requests to `path` so far. */
  to(path: string, method?: string): Recorded[] {
    return this.requests.filter((one) => one.path === path && (method === undefined || one.method === method));
  }
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}

export function problem(
  status: number,
  code: string,
  more: Readonly<Record<string, unknown>> = {},
  headers = {},
): Response {
  return json(
    status,
    {
      type: `/v1/openapi.json#/x-problems/${code}`,
      title: `Title of ${code}.`,
      status,
      code,
      request_id: "r-1",
      ...more,
    },
    {
      "content-type": "application/problem+json",
      ...headers,
    },
  );
}

export function gatewayMessage(status: number, message: string): Response {
  return json(status, { message });
}

export function unchanged(etag: string, retryAfter: number): Response {
  return new Response(null, { status: 304, headers: { etag, "retry-after": String(retryAfter) } });
}

export const ID = idAt(1_763_800_000_000);

/** The id that the server makes at a time, in milliseconds; `tail` distinguishes ids of one millisecond. */
export function idAt(milliseconds: number, tail = 0): string {
  const time = milliseconds.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail.toString(16).padStart(12, "0")}`;
}

/** A running generation, with these `fields`. */
export function generation(fields: Partial<GenerationDetail> = {}): GenerationDetail {
  return {
    generation_id: ID,
    kind: "flashcards",
    status: "running",
    version: 2,
    progress: 10,
    steps_done: 0,
    attempt: 1,
    created_at: "2025-11-22T08:26:40.000Z",
    deadline_at: "2025-11-22T08:41:40.000Z",
    usage: { calls: 1, prompt_tokens: 0, completion_tokens: 0, cost_usd: 0, wasted_cost_usd: 0 },
    ...fields,
  };
}

export const SUGGESTIONS = [1, 2, 3].map((number) => ({
  number,
  front: `front ${number}`,
  back: `back ${number}`,
  state: "proposed" as const,
}));

export function succeeded(fields: Partial<GenerationDetail> = {}): GenerationDetail {
  return generation({
    status: "succeeded",
    version: 5,
    progress: 100,
    output: { suggestions: SUGGESTIONS },
    reviews: "suggestions",
    ...fields,
  });
}
