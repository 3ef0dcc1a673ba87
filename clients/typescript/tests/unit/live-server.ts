/**
 * A service in memory that pushes: generations with a live worker, tickets, and sockets over a network that tests
 * spoil.
 */
import { vi } from "vitest";
import { type GenerationDetail, hasEnded, type PartialOutput } from "../../src/index.js";
import { FakeApi, generation, ID, json, problem, type Recorded, succeeded, unchanged } from "./fake-api.js";

export const LEASE_SECONDS = 40;
const HINT_SECONDS = 2;

/** A WebSocket's far end: what the client has opened, and how the network treats it. */
export class FakeSocket {
  static server: LiveServer;
  readonly sent: string[] = [];
  state: "connecting" | "open" | "closed" = "connecting";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.server.accept(this);
  }

  send(text: string): void {
    if (this.state !== "open") throw new Error(this.state);
    this.sent.push(text);
  }

  close(): void {
    this.state = "closed";
  }

  open(): void {
    if (this.state !== "connecting") return;
    this.state = "open";
    this.onopen?.();
  }

  /** Close it from the far end, or refuse it. */
  drop(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.onerror?.();
    this.onclose?.();
  }

  hear(text: string): void {
    if (this.state === "open") this.onmessage?.({ data: text });
  }
}

/** How one message reaches one socket: call `arrive` once, never, or more often. */
export type Network = (arrive: () => void, frame: Readonly<Record<string, unknown>>) => void;

export class LiveServer extends FakeApi {
  override readonly live = true;
  readonly held = new Map<string, GenerationDetail>();
  readonly sockets: FakeSocket[] = [];
  endsInSeconds = 3600;
  leaseSeconds = LEASE_SECONDS;
  /** The answer instead of a ticket. */
  refusal: (() => Response) | undefined;
  /** The fate of a handshake. */
  handshake: (socket: FakeSocket) => void = (socket) => void setTimeout(() => socket.open(), 20);
  network: Network = (arrive) => void setTimeout(arrive, 50);
  /** The answer to a look instead. */
  spoil: (request: Recorded) => Response | undefined = () => undefined;
  #tickets = 0;

  constructor() {
    super((request) => this.#answer(request));
    FakeSocket.server = this;
    vi.stubGlobal("WebSocket", FakeSocket);
  }

  accept(socket: FakeSocket): void {
    this.sockets.push(socket);
    this.handshake(socket);
  }

  get open(): FakeSocket[] {
    return this.sockets.filter(({ state }) => state === "open");
  }

  looks(id = ID): number {
    return this.to(`/v1/generations/${id}`, "GET").length;
  }

  tickets(): number {
    return this.to("/v1/live").length;
  }

  /** Store a state, and publish it as the table's stream does. */
  store(fields: Partial<GenerationDetail>, id = ID): void {
    const held = this.held.get(id);
    const now = new Date().toISOString();
    const version = (held?.version ?? 0) + 1;
    const begun = { ...(held ?? generation({ generation_id: id, created_at: now, attempt: 0, progress: 0 })) };
    this.held.set(id, { ...begun, status: "pending", ...held, ...fields, version });
    if (held !== undefined) this.tell(id);
  }

  /** Begin an attempt. */
  start(id = ID): void {
    const attempt = (this.held.get(id)?.attempt ?? 0) + 1;
    this.store({ status: "running", attempt, ...this.#beat() }, id);
  }

  /** Show progress, as a heartbeat does. */
  beat(fields: Partial<GenerationDetail> = {}, id = ID): void {
    this.store({ ...this.#beat(), ...fields }, id);
  }

  end(id = ID): void {
    const { output, reviews } = succeeded();
    this.store({ status: "succeeded", progress: 100, finished_at: new Date().toISOString(), output, reviews }, id);
  }

  /** Push a generation's head, as it is now. */
  tell(id = ID): void {
    const held = this.held.get(id);
    if (held === undefined) return;
    const { output: _output, reviews: _reviews, ...head } = held;
    const after = hasEnded(held) ? {} : { look_after_seconds: this.#untilRescue(held) };
    this.push({ type: "generation", etag: etagOf(held), ...after, generation: head });
  }

  write(partial: Partial<PartialOutput>): void {
    const whole = { generation_id: ID, attempt: 1, step: "cards", number: 1, output: { text: "…" }, ...partial };
    this.push({ type: "partial", ...whole });
  }

  push(frame: Readonly<Record<string, unknown>>): void {
    for (const socket of this.open) this.network(() => socket.hear(JSON.stringify(frame)), frame);
  }

  #answer(request: Recorded): Response {
    if (request.path === "/v1/live") return this.#ticket();
    const [, , , id] = request.path.split("/");
    const spoilt = this.spoil(request);
    if (spoilt !== undefined) return spoilt;
    if (id === undefined) {
      const generations = [...this.held.values()].map(({ output: _output, reviews: _reviews, ...head }) => head);
      return json(200, { generations: generations.reverse(), next_cursor: null });
    }
    this.rescue(id);
    const held = this.held.get(id);
    if (held === undefined) return problem(404, "not_found");
    const etag = etagOf(held);
    if (request.headers.get("if-none-match") === etag) return unchanged(etag, HINT_SECONDS);
    return json(200, hasEnded(held) ? held : { ...held, poll_after_seconds: HINT_SECONDS }, { etag });
  }

  #ticket(): Response {
    if (this.refusal !== undefined) return this.refusal();
    this.#tickets += 1;
    const ends = Math.floor(Date.now() / 1000) + this.endsInSeconds;
    return json(200, { url: `wss://live.test/?ticket=${this.#tickets}`, ends_at: ends });
  }

  /** A look at a generation whose lease is over gives it to another worker, and nothing else does. */
  rescue(id: string): void {
    const held = this.held.get(id);
    if (held?.status === "running" && this.#untilRescue(held) <= 0) this.start(id);
  }

  #beat(): Partial<GenerationDetail> {
    const until = new Date(Date.now() + this.leaseSeconds * 1000).toISOString();
    return { heartbeat_at: new Date().toISOString(), next_at: until };
  }

  #untilRescue({ heartbeat_at: at, status }: GenerationDetail): number {
    if (status !== "running" || at === undefined) return this.leaseSeconds;
    return Math.max(0, this.leaseSeconds - (Date.now() - Date.parse(at)) / 1000 + 0.2);
  }
}

function etagOf({ version, heartbeat_at: at }: GenerationDetail): string {
  return `"${version}-${at === undefined ? 0 : Date.parse(at)}"`;
}

/** Let time pass until the condition holds; fails after a minute of it. */
export async function until(isSo: () => boolean, milliseconds = 60_000): Promise<void> {
  for (let passed = 0; !isSo(); passed += 10) {
    if (passed > milliseconds) throw new Error("it does not become so");
    await vi.advanceTimersByTimeAsync(10);
    await vi.dynamicImportSettled();
  }
}
