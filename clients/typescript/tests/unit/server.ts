/**
 * A small server in memory that keeps generations as the real one does: UUIDv7 ids, keyset pages, idempotency, reviews.
 */
import type { CreateRequest, Generation, GenerationDetail, ListedGeneration } from "../../src/index.js";
import { FakeApi, generation, idAt, json, problem, type Recorded } from "./fake-api.js";

export class FakeServer extends FakeApi {
  readonly held = new Map<string, GenerationDetail>();
  readonly #byKey = new Map<string, string>();
  /** Called before each request: its result is the answer instead. */
  before: (request: Recorded) => Response | Promise<Response> | undefined = () => undefined;
  /** Called after each request was carried out: its result is the answer instead. */
  after: (request: Recorded) => Response | Promise<Response> | undefined = () => undefined;
  #made = 0;

  constructor() {
    super(async (request) => {
      const early = this.before(request);
      if (early !== undefined) return early;
      const answer = this.#carryOut(request);
      return this.after(request) ?? answer;
    });
  }

  /** Add a new generation, as if another page had made it. */
  add(fields: Partial<GenerationDetail> = {}, at = Date.now()): GenerationDetail {
    this.#made += 1;
    const made = generation({
      generation_id: idAt(at, this.#made),
      status: "pending",
      version: 1,
      progress: 0,
      created_at: new Date(at).toISOString(),
      ...fields,
    });
    this.held.set(made.generation_id, made);
    return made;
  }

  change(id: string, fields: Partial<GenerationDetail>): void {
    const held = this.held.get(id);
    if (held === undefined) throw new Error(`no ${id}`);
    this.held.set(id, { ...held, ...fields, version: held.version + 1 });
  }

  #carryOut(request: Recorded): Response {
    const [, , , id, part, number] = request.path.split("/");
    if (request.path === "/v1/generations")
      return request.method === "POST" ? this.#create(request) : this.#list(request);
    const held = this.held.get(id ?? "");
    if (held === undefined) return problem(404, "not_found");
    if (request.method === "DELETE") return this.#dismiss(held);
    if (part === "cancel") {
      this.change(held.generation_id, { status: "canceled" });
      return json(200, headOf(this.held.get(held.generation_id) ?? held));
    }
    if (part === "suggestions") return this.#decide(held, Number(number), request.body as Decision);
    return json(200, { ...held, poll_after_seconds: 1 });
  }

  #create({ headers, body }: Recorded): Response {
    const key = headers.get("idempotency-key") ?? "";
    const replayed = this.#byKey.get(key);
    const request = body as CreateRequest;
    const made = replayed ?? this.#store(request).generation_id;
    this.#byKey.set(key, made);
    const accepted = { generation_id: made, status: "pending", version: 1, urls: { self: `/v1/generations/${made}` } };
    return json(202, accepted, { "retry-after": "1", ...(replayed ? { "idempotency-replayed": "true" } : {}) });
  }

  #store({ kind, client_id, session_id }: CreateRequest): GenerationDetail {
    return this.add({
      kind: kind ?? "flashcards",
      ...(client_id ? { client_id } : {}),
      ...(session_id ? { session_id } : {}),
    });
  }

  #list({ query }: Recorded): Response {
    const limit = Number(query.limit ?? 20);
    const after = query.cursor ?? "~";
    const rest = [...this.held.values()]
      .filter((one) => one.generation_id < after && one.dismissed_at === undefined)
      .filter((one) => query.status === undefined || query.status === one.status)
      .filter((one) => query.session_id === undefined || query.session_id === one.session_id)
      .sort((one, other) => (one.generation_id < other.generation_id ? 1 : -1));
    const page = rest.slice(0, limit).map(query.fields === "output" ? listed : headOf);
    const last = page.at(-1)?.generation_id;
    return json(200, { generations: page, next_cursor: rest.length > limit ? last : null });
  }

  #dismiss(held: GenerationDetail): Response {
    if (held.status === "pending" || held.status === "running") return problem(409, "not_terminal");
    this.change(held.generation_id, { dismissed_at: new Date().toISOString() });
    return new Response(null, { status: 204 });
  }

  #decide(held: GenerationDetail, number: number, { decision, ...texts }: Decision): Response {
    if (held.output === undefined || !("suggestions" in held.output)) return problem(409, "not_succeeded");
    const { suggestions } = held.output;
    const decided = suggestions.map((one) => (one.number === number ? { ...one, ...texts, state: decision } : one));
    this.change(held.generation_id, { output: { suggestions: decided } });
    const version = held.version + 1;
    return json(200, { generation_id: held.generation_id, version, suggestions: [decided[number - 1]] });
  }
}

interface Decision {
  decision: "accepted" | "rejected" | "proposed";
  front?: string;
  back?: string;
}

function listed(held: GenerationDetail): ListedGeneration {
  const isLarge = JSON.stringify(held.output ?? {}).length > 32 * 1024;
  return isLarge ? { ...headOf(held), output_omitted: true } : held;
}

function headOf({ output: _output, reviews: _reviews, ...head }: GenerationDetail): Generation {
  return head;
}
