/** Every call of the API as a method. One method is one request; `watch.ts` and `pages.ts` are made of them. */
import * as is from "./answers.js";
import { dataOf } from "./answers.js";
import { type Answer, type Asked, call, type DataOf, type Verb } from "./calls.js";
import { type ChangeSource, polling } from "./changes.js";
import { randomId } from "./ids.js";
import { type JsonSchema, type KindSchema, kindsOf } from "./kinds.js";
import { live } from "./live.js";
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
  /** Whether changes may be pushed, where the deployment does that: true if absent. Polling stays underneath. */
  live?: boolean;
  /** How the client learns of changes, in place of that. */
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

/** Make a client: one for each user. It is connected while it follows something; `close()` ends what is under way. */
export function createClient(options: ClientOptions): Client {
  return new Client(options);
}

export class Client {
  readonly #transport: Transport;
  /** How changes are learned of. */
  readonly changes: ChangeSource;
  /** The API's address, without a slash at the end. */
  readonly baseUrl: string;
  /** Whether a token that is refused may be followed by another. */
  readonly mayRenew: boolean;

  constructor(options: ClientOptions) {
    this.baseUrl = options.baseUrl.replace(/\/+$/, "");
    this.#transport = new Transport(options);
    this.mayRenew = typeof options.token === "function";
    this.changes = options.changes?.(this) ?? (options.live === false ? polling(this) : live(this));
  }

  /** End all that is under way: it rejects with the code `closed`, as does every call from now on. */
  close(): void {
    this.changes.close?.();
    this.#transport.close();
  }

  /** Call `listener` when a new token has come after one was refused, until the function returned is called. */
  onToken(listener: () => void): () => void {
    return this.#transport.news.subscribe(listener);
  }

  /** Call `listener` when a token is of another user than the one before, until the function returned is called. */
  onUser(listener: () => void): () => void {
    this.#transport.onUser.add(listener);
    return () => void this.#transport.onUser.delete(listener);
  }

  /** Now by the server's clock, in milliseconds, as well as it is known. */
  now(): number {
    return this.#transport.now();
  }

  async createGeneration(request: api.CreateRequest, options: CreateOptions = {}): Promise<Submitted> {
    const { idempotencyKey = randomId(), owner, signal } = options;
    const headers = { "idempotency-key": idempotencyKey };
    return submitted(await this.#ask("post", "/v1/generations", { headers, body: request, signal }, owner));
  }

  async retryGeneration(id: string, request: api.RetryRequest = {}, options: CallOptions = {}): Promise<Submitted> {
    return submitted(await this.#ask("post", `${ONE}/retry`, { ...at(id, options), body: request }));
  }

  async getGeneration(id: string, options: CallOptions = {}): Promise<api.GenerationDetail> {
    const { generation } = await this.lookAt(id, options);
    if (generation === undefined) throw is.invalid();
    return generation;
  }

  /** Look at a generation; with `etag`, only for what changed since. */
  async lookAt(id: string, options: CallOptions & { etag?: string | undefined } = {}): Promise<Look> {
    const { etag } = options;
    const headers = etag === undefined ? undefined : { "if-none-match": etag };
    const answer = await this.#ask("get", ONE, { ...at(id, options), headers });
    const said = answer.response.headers;
    const found = { etag: said.get("etag") ?? etag, lookAfterSeconds: hintOf(said) };
    if (answer.response.status === 304 && etag !== undefined) return found;
    const generation = dataOf(answer, is.isDetail);
    if (generation.generation_id !== id.toLowerCase()) throw is.invalid(); // somebody else's answer
    return { ...found, generation, lookAfterSeconds: generation.poll_after_seconds ?? found.lookAfterSeconds };
  }

  /** One page of the feed, the newest first. */
  listGenerations(options: api.FeedFilter & PageOptions = {}): Promise<api.Feed> {
    const { signal, ...filter } = options;
    const query = filter as typeof filter & { kind?: api.Kind }; // the document names the kinds of the clone
    return this.#take(is.isFeed, "get", "/v1/generations", { query, signal });
  }

  /** The whole feed, page by page as it is asked for. */
  generations(options: api.FeedFilter & IterateOptions = {}): AsyncGenerator<api.ListedGeneration, void, undefined> {
    return iterateFeed(this, options);
  }

  cancelGeneration(id: string, options: CallOptions = {}): Promise<api.Generation> {
    return this.#take(is.isGeneration, "post", `${ONE}/cancel`, at(id, options));
  }

  dismissGeneration(id: string, options: CallOptions = {}): Promise<void> {
    return this.#take(is.isNothing, "delete", ONE, at(id, options));
  }

  listEvents(id: string, options: CallOptions & { results?: boolean } = {}): Promise<api.Timeline> {
    const query = options.results === undefined ? {} : ({ results: options.results ? "true" : "false" } as const);
    return this.#take(is.isTimeline, "get", `${ONE}/events`, { ...at(id, options), query });
  }

  getInput(id: string, options: CallOptions = {}): Promise<api.GenerationInput> {
    return this.#take(is.isInput, "get", `${ONE}/input`, at(id, options));
  }

  decide(id: string, number: number, body: api.Decide, { signal }: CallOptions = {}): Promise<api.Reviewed> {
    const path = { generation_id: id, number };
    return this.#take(is.isReviewed, "patch", `${ONE}/suggestions/{number}`, { path, body, signal });
  }

  /** Decide on 1 to 30 suggestions, on all or on none. */
  decideMany(id: string, decisions: api.DecideNumbered[], options: CallOptions = {}): Promise<api.Reviewed> {
    return this.#take(is.isReviewed, "post", `${ONE}/suggestions`, { ...at(id, options), body: { decisions } });
  }

  /** One page of cards, the newest first. */
  listCards(options: { session_id?: string } & PageOptions = {}): Promise<api.Cards> {
    const { signal, ...query } = options;
    return this.#take(is.isCards, "get", "/v1/cards", { query, signal });
  }

  /** One card, whether or not its generation is still there. */
  getCard(id: string, { signal }: CallOptions = {}): Promise<api.Card> {
    return this.#take(is.isCard, "get", CARD, { path: { card_id: id }, signal });
  }

  /** Edit the named fields of a card. */
  editCard(id: string, edit: api.EditCard, { signal }: CallOptions = {}): Promise<api.Card> {
    return this.#take(is.isCard, "patch", CARD, { path: { card_id: id }, body: edit, signal });
  }

  /** Delete a card; its suggestion is rejected while that can be reviewed. */
  deleteCard(id: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#take(is.isNothing, "delete", CARD, { path: { card_id: id }, signal });
  }

  /** All cards, page by page as they are asked for. */
  cards(options: { session_id?: string } & IterateOptions = {}): AsyncGenerator<api.Card, void, undefined> {
    return iterateCards(this, options);
  }

  /** One month's usage, `month` as YYYY-MM or this one. */
  getUsage(options: CallOptions & { month?: string } = {}): Promise<api.UsageOfMonth> {
    const { signal, ...query } = options;
    return this.#take(is.isUsage, "get", "/v1/usage", { query, signal });
  }

  /** A ticket to a WebSocket that pushes changes: good once, for 30 seconds. 404 where the deployment has none. */
  openLive({ signal }: CallOptions = {}): Promise<api.LiveTicket> {
    return this.#take(is.isLiveTicket, "post", "/v1/live", { signal });
  }

  /** Erase everything of the caller. Call again until `done`. */
  eraseMe({ signal }: CallOptions = {}): Promise<api.Erasure> {
    return this.#take(is.isErasure, "delete", "/v1/me", { signal });
  }

  getHealth({ signal }: CallOptions = {}): Promise<api.Health> {
    return this.#take(is.isHealth, "get", "/v1/health", { signal }, NOBODY);
  }

  /** The OpenAPI document that this deployment serves. */
  getOpenApi({ signal }: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.#take(is.isDocument, "get", "/v1/openapi.json", { signal }, NOBODY);
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
  createAndWait<K extends api.Kind>(
    request: api.CreateOf<K>,
    options?: CreateOptions & WaitOptions,
  ): Promise<api.DetailOf<K>>;
  createAndWait(request: api.CreateRequest, options?: CreateOptions & WaitOptions): Promise<api.GenerationDetail>;
  createAndWait(request: api.CreateRequest, options: CreateOptions & WaitOptions = {}): Promise<api.GenerationDetail> {
    return createAndWait(this, request, options);
  }

  #ask<V extends Verb, P extends keyof paths>(
    verb: V,
    path: P,
    asked: Asked<P, V>,
    owner: Owner | typeof NOBODY = {},
  ): Promise<Answer<DataOf<P, V>>> {
    const { send, sendBare } = this.#transport;
    return call(owner === NOBODY ? sendBare : (request) => send(request, owner), this.baseUrl, verb, path, asked);
  }

  async #take<V extends Verb, P extends keyof paths>(
    check: is.Check,
    verb: V,
    path: P,
    asked: Asked<P, V>,
    owner?: Owner | typeof NOBODY,
  ): Promise<DataOf<P, V>> {
    return dataOf(await this.#ask(verb, path, asked, owner), check);
  }
}

const CARD = "/v1/cards/{card_id}";
const ONE = "/v1/generations/{generation_id}";
/** Of a call that takes no token. */
const NOBODY = null;

function at(id: string, { signal }: CallOptions): { path: { generation_id: string }; signal: AbortSignal | undefined } {
  return { path: { generation_id: id }, signal };
}

function submitted(answer: Answer<api.Accepted>): Submitted {
  const headers = answer.response.headers;
  return {
    ...dataOf(answer, is.isAccepted),
    lookAfterSeconds: retryAfterSeconds(headers),
    replayed: headers.get("idempotency-replayed") === "true",
  };
}
