/** Every call of the API as a method. One method is one request; `watch.ts` and `pages.ts` are made of them. */
import createFetch, { type Client as FetchClient } from "openapi-fetch";
import * as is from "./answers.js";
import { type Answer, dataOf, done, received, taken } from "./answers.js";
import { type ChangeSource, polling } from "./changes.js";
import { randomId } from "./ids.js";
import { type JsonSchema, type KindSchema, kindsOf } from "./kinds.js";
import { type IterateOptions, iterateCards, iterateFeed } from "./pages.js";
import { hintOf, retryAfterSeconds } from "./retry-after.js";
import type { paths } from "./schema.js";
import type { Owner } from "./tokens.js";
import { Transport, type TransportOptions } from "./transport.js";
import type * as api from "./types.js";
import { createAndWait, type WaitOptions, waitFor } from "./watch.js";

export interface ClientOptions extends TransportOptions {
  /** The API's address, without `/v1`. */
  baseUrl: string;
  /** How the client learns of changes; polling if absent. */
  changes?: (client: Client) => ChangeSource;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
}

export interface CreateOptions extends CallOptions {
  /** Made anew if absent: give the same one to repeat a create whose answer did not come. */
  idempotencyKey?: string;
  /** Give the same object to each repetition: none goes out with a token of another user than the first one's. */
  owner?: Owner;
}

/** What a create or a retry answers, with what its headers say. */
export interface Submitted extends api.Accepted {
  /** When a first look is worth it, in seconds. */
  lookAfterSeconds: number | undefined;
  /** Whether the same request was accepted before. */
  replayed: boolean;
}

/** What one look found; `generation` is absent when it is still as the ETag that was sent names it. */
export interface Look {
  generation?: api.GenerationDetail;
  etag: string | undefined;
  lookAfterSeconds: number | undefined;
}

interface PageOptions extends CallOptions {
  limit?: number | undefined;
  cursor?: string | undefined;
}

/** Make a client: one for each user. It holds no connection; `close()` ends what is under way. */
export function createClient(options: ClientOptions): Client {
  return new Client(options);
}

export class Client {
  readonly #transport: Transport;
  readonly #http: FetchClient<paths>;
  /** How changes are learned of. */
  readonly changes: ChangeSource;
  /** The API's address, without a slash at the end. */
  readonly baseUrl: string;
  /** Whether a token that is refused may be followed by another. */
  readonly mayRenew: boolean;

  constructor(options: ClientOptions) {
    this.baseUrl = options.baseUrl.replace(/\/+$/, "");
    this.#transport = new Transport(options);
    this.#http = createFetch<paths>({ baseUrl: this.baseUrl, fetch: this.#transport.send });
    this.mayRenew = typeof options.token === "function";
    this.changes = options.changes?.(this) ?? polling(this);
  }

  /** End all that is under way: it rejects with the code `closed`, as does every call from now on. */
  close(): void {
    this.#transport.close();
  }

  /** Call `listener` when a new token has come after one was refused, until the function returned is called. */
  onToken(listener: () => void): () => void {
    return this.#transport.news.subscribe(listener);
  }

  /** Now by the server's clock, in milliseconds, as well as it is known. */
  now(): number {
    return this.#transport.now();
  }

  async createGeneration(request: api.CreateRequest, options: CreateOptions = {}): Promise<Submitted> {
    return this.#submitted(
      this.#http.POST("/v1/generations", {
        body: request,
        params: { header: { "Idempotency-Key": options.idempotencyKey ?? randomId() } },
        signal: options.signal,
        fetch: this.#transport.sendFor(options.owner ?? {}),
      }),
    );
  }

  async retryGeneration(id: string, request: api.RetryRequest = {}, options: CallOptions = {}): Promise<Submitted> {
    return this.#submitted(
      this.#http.POST("/v1/generations/{generation_id}/retry", { ...at(id), ...options, body: request }),
    );
  }

  async getGeneration(id: string, options: CallOptions = {}): Promise<api.GenerationDetail> {
    const { generation } = await this.lookAt(id, options);
    if (generation === undefined) throw is.invalid();
    return generation;
  }

  /** Look at a generation; with `etag`, only for what changed since. */
  async lookAt(id: string, options: CallOptions & { etag?: string | undefined } = {}): Promise<Look> {
    const header = options.etag === undefined ? {} : { "If-None-Match": options.etag };
    const answer = await received(
      this.#http.GET("/v1/generations/{generation_id}", {
        params: { ...at(id).params, header },
        signal: options.signal,
      }),
    );
    const headers = answer.response.headers;
    const found = { etag: headers.get("etag") ?? options.etag, lookAfterSeconds: hintOf(headers) };
    if (answer.response.status === 304 && options.etag !== undefined) return found;
    const generation = dataOf(answer, is.isDetail);
    if (generation.generation_id !== id.toLowerCase()) throw is.invalid(); // somebody else's answer
    return { ...found, generation, lookAfterSeconds: generation.poll_after_seconds ?? found.lookAfterSeconds };
  }

  /** One page of the feed, the newest first. */
  async listGenerations(options: api.FeedFilter & PageOptions = {}): Promise<api.Feed> {
    const { signal, ...filter } = options;
    const query = filter as typeof filter & { kind?: api.Kind }; // the document names the kinds of the clone
    return taken(this.#http.GET("/v1/generations", { params: { query }, signal }), is.isFeed);
  }

  /** The whole feed, page by page as it is asked for. */
  generations(options: api.FeedFilter & IterateOptions = {}): AsyncGenerator<api.ListedGeneration, void, undefined> {
    return iterateFeed(this, options);
  }

  async cancelGeneration(id: string, options: CallOptions = {}): Promise<api.Generation> {
    return taken(this.#http.POST("/v1/generations/{generation_id}/cancel", { ...at(id), ...options }), is.isGeneration);
  }

  async dismissGeneration(id: string, options: CallOptions = {}): Promise<void> {
    await done(this.#http.DELETE("/v1/generations/{generation_id}", { ...at(id), signal: options.signal }));
  }

  async listEvents(id: string, options: CallOptions & { results?: boolean } = {}): Promise<api.Timeline> {
    const query = options.results === undefined ? {} : ({ results: options.results ? "true" : "false" } as const);
    const params = { ...at(id).params, query };
    return taken(
      this.#http.GET("/v1/generations/{generation_id}/events", { params, signal: options.signal }),
      is.isTimeline,
    );
  }

  async getInput(id: string, options: CallOptions = {}): Promise<api.GenerationInput> {
    return taken(this.#http.GET("/v1/generations/{generation_id}/input", { ...at(id), ...options }), is.isInput);
  }

  async decide(id: string, number: number, body: api.Decide, options: CallOptions = {}): Promise<api.Reviewed> {
    return taken(
      this.#http.PATCH("/v1/generations/{generation_id}/suggestions/{number}", {
        params: { path: { generation_id: id, number } },
        body,
        ...options,
      }),
      is.isReviewed,
    );
  }

  /** Decide on 1 to 30 suggestions, on all or on none. */
  async decideMany(id: string, decisions: api.DecideNumbered[], options: CallOptions = {}): Promise<api.Reviewed> {
    const body = { decisions };
    return taken(
      this.#http.POST("/v1/generations/{generation_id}/suggestions", { ...at(id), body, ...options }),
      is.isReviewed,
    );
  }

  /** One page of cards, the newest first. */
  async listCards(options: { session_id?: string } & PageOptions = {}): Promise<api.Cards> {
    const { signal, ...query } = options;
    return taken(this.#http.GET("/v1/cards", { params: { query }, signal }), is.isCards);
  }

  /** All cards, page by page as they are asked for. */
  cards(options: { session_id?: string } & IterateOptions = {}): AsyncGenerator<api.Card, void, undefined> {
    return iterateCards(this, options);
  }

  /** One month's usage, `month` as YYYY-MM or this one. */
  async getUsage(options: CallOptions & { month?: string } = {}): Promise<api.UsageOfMonth> {
    const { signal, ...query } = options;
    return taken(this.#http.GET("/v1/usage", { params: { query }, signal }), is.isUsage);
  }

  /** Erase everything of the caller. Call again until `done`. */
  async eraseMe(options: CallOptions = {}): Promise<api.Erasure> {
    return taken(this.#http.DELETE("/v1/me", { signal: options.signal }), is.isErasure);
  }

  async getHealth(options: CallOptions = {}): Promise<api.Health> {
    return taken(
      this.#http.GET("/v1/health", { signal: options.signal, fetch: this.#transport.sendBare }),
      is.isHealth,
    );
  }

  /** The OpenAPI document that this deployment serves. */
  async getOpenApi(options: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    return taken(
      this.#http.GET("/v1/openapi.json", { signal: options.signal, fetch: this.#transport.sendBare }),
      is.isDocument,
    );
  }

  /** The kinds that this deployment makes, and the JSON Schema of what each takes. */
  async kinds(options: CallOptions = {}): Promise<KindSchema[]> {
    return kindsOf((await this.getOpenApi(options)) as JsonSchema);
  }

  /** Wait until a generation has ended, whichever way, and return it. See WaitOptions. */
  waitFor(id: string, options: WaitOptions = {}): Promise<api.GenerationDetail> {
    return waitFor(this, id, options);
  }

  /** Create, with one Idempotency-Key however often it is sent, and wait for the end. */
  createAndWait(request: api.CreateRequest, options: CreateOptions & WaitOptions = {}): Promise<api.GenerationDetail> {
    return createAndWait(this, request, options);
  }

  async #submitted(call: Promise<Answer<api.Accepted>>): Promise<Submitted> {
    const answer = await received(call);
    const headers = answer.response.headers;
    return {
      ...dataOf(answer, is.isAccepted),
      lookAfterSeconds: retryAfterSeconds(headers),
      replayed: headers.get("idempotency-replayed") === "true",
    };
  }
}

function at(id: string): { params: { path: { generation_id: string } } } {
  return { params: { path: { generation_id: id } } };
}
