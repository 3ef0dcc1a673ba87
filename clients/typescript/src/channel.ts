/**
 * Delivers pushed changes to their followers, and detects missed pushes. A message holds a whole state, so a lost,
 * doubled or late one does no harm. The newer state stays, and looks find what messages missed.
 */
import { isGeneration, isPartial } from "./answers.js";
import { type ChangeSource, isOlder, type PartialOutput, type Snapshot } from "./changes.js";
import { isHidden, Link } from "./link.js";
import type { Follower, Follows, LiveClient } from "./live.js";
import { backoff, pause } from "./pacing.js";
import { hasEnded } from "./statuses.js";
import { Texts } from "./texts.js";
import type { Ticket, Tickets } from "./tickets.js";
import type { Generation } from "./types.js";

/**
 * A worker's heartbeat interval, by default. With shorter leases it beats more often: at least three times per lease.
 */
const HEARTBEAT_SECONDS = 10;
const BEATS_IN_A_LEASE = 3;
/** How long a message may take before it counts as missed: less for short leases, so that a page soon says "stuck". */
const LATE_SECONDS = 3;
const LATE_OF_A_LEASE = 1 / 10;
/** A generation that waits for a worker sends nothing. */
const PENDING_SECONDS = 10;
/** For states that are no longer pushed, if no look has said when to look again. */
const UNKNOWN_HINT_SECONDS = 2;
/** A rescue is certain to be done this long after the lease ends. */
const RESCUED_AFTER_SECONDS = 0.5;
const SHORTEST_SECONDS = 0.1;
const MOST_TRIES_AT_AN_END = 5;
const MOST_REMEMBERED = 500;

export class Channel {
  readonly #client: LiveClient;
  readonly #link: Link;
  readonly #polls: ChangeSource;
  readonly #follows: Follows;
  readonly #tickets: Tickets;
  readonly #texts = new Texts();
  readonly #known: Map<string, Snapshot>;
  /** Generations whose last change came from a look, and not yet from a message. */
  readonly #doubts = new Map<string, ReturnType<typeof setTimeout>>();
  /** Whether messages have been missed, with none since. */
  #isDoubted = false;
  #wasLive = false;

  constructor(client: LiveClient, polls: ChangeSource, follows: Follows, tickets: Tickets) {
    this.#client = client;
    this.#polls = polls;
    this.#follows = follows;
    this.#known = follows.known;
    this.#tickets = tickets;
    this.#link = new Link(client, tickets, {
      onText: (text) => this.#hear(text),
      onOpen: (afterGap) => this.#open(afterGap),
      onLost: () => this.#lose(),
      onClosed: () => this.#turn(),
    });
    tickets.onUser = () => {
      this.#forget(); // another user has signed in: nobody may receive the previous user's data
      this.#link.restart();
    };
  }

  get isLive(): boolean {
    return this.#link.isOpen && !this.#isDoubted;
  }

  /** Stay connected while the page is visible, until `signal` is aborted. */
  run(signal: AbortSignal, ticket?: Ticket): void {
    signal.addEventListener("abort", () => this.#forget());
    this.#link.run(signal, ticket);
  }

  async look(id: string, known: Snapshot | undefined, signal?: AbortSignal): Promise<Snapshot> {
    const { user } = this.#tickets;
    const began = Date.now();
    const found = this.#asHeld(await this.#polls.look(id, known, signal));
    if (user === this.#tickets.user) this.#learn(found, began);
    return found;
  }

  /** One state is one object, whether a push or several looks brought it: so each follower gets it once. */
  #asHeld(found: Snapshot): Snapshot {
    const held = this.#known.get(found.generation.generation_id);
    if (held === undefined || held.etag === undefined || held.etag !== found.etag) return found;
    return hasEnded(held.generation) ? found : { ...found, generation: held.generation };
  }

  lookAfter({ generation, lookAfterSeconds: hint, seenAt, isPushed }: Snapshot): number | undefined {
    if (hint === undefined || hasEnded(generation)) return hint;
    const isHeard = this.isLive && !this.#doubts.has(generation.generation_id);
    if (!isHeard) return isPushed ? Math.min(hint, UNKNOWN_HINT_SECONDS) : hint;
    if (generation.status !== "running") return Math.max(Math.min(hint, PENDING_SECONDS), SHORTEST_SECONDS);
    const { heartbeat_at: beat, started_at: started, next_at: next } = generation;
    const seen = seenAt + this.#client.now() - Date.now(); // by the server's clock
    const until = (moment: string): number => (Date.parse(moment) - seen) / 1000;
    const heard = until(beat ?? started ?? generation.created_at);
    const lease = next === undefined ? Number.POSITIVE_INFINITY : until(next) - heard;
    const late = Math.min(LATE_SECONDS, lease * LATE_OF_A_LEASE);
    const patience = Math.min(HEARTBEAT_SECONDS, lease / BEATS_IN_A_LEASE) + late;
    const silent = heard + patience;
    if (isPushed) return Math.max(Math.min(silent > 0 ? silent : patience, hint), SHORTEST_SECONDS);
    const rescued = heard + lease + RESCUED_AFTER_SECONDS;
    const due = silent > SHORTEST_SECONDS ? Math.min(silent, rescued) : Math.min(hint, rescued);
    return due > SHORTEST_SECONDS ? due : hint;
  }

  /** Give a new follower the known state, if it is current. */
  greet(id: string, { onChange, onPartial }: Follower): void {
    const known = this.#known.get(id);
    if (known !== undefined && this.isLive && !hasEnded(known.generation)) onChange(known);
    const partial = this.#texts.of(id);
    if (partial !== undefined) onPartial?.(partial);
  }

  learned(generations: readonly Generation[]): void {
    const seenAt = Date.now();
    for (const generation of generations)
      this.#learn({ generation, etag: undefined, seenAt, lookAfterSeconds: UNKNOWN_HINT_SECONDS }, seenAt);
  }

  #open(afterGap: boolean): void {
    if (afterGap) this.#forgetUnfollowed();
    this.#announce();
    this.#catchUp();
  }

  #lose(): void {
    this.#turn();
    this.#catchUp();
  }

  /** The connection is gone: changes that a look finds now are not missed messages. */
  #turn(): void {
    for (const id of [...this.#doubts.keys()]) this.#trust(id);
    this.#announce();
  }

  /** After a gap, a state counts as current only after a look. */
  #forgetUnfollowed(): void {
    for (const id of [...this.#known.keys()]) if (!this.#follows.ones.has(id)) this.#known.delete(id);
  }

  /** Drop all known states and all visible texts. */
  #forget(): void {
    this.#known.clear();
    for (const id of this.#texts.clear()) this.#show(id);
  }

  /** Look at all followed generations: nothing pushes the changes that happened without a connection. */
  #catchUp(): void {
    if (isHidden()) return;
    for (const id of this.#follows.ones.keys()) {
      const known = this.#known.get(id);
      if (known === undefined || !hasEnded(known.generation)) this.#bring(id, known).catch(() => undefined);
    }
  }

  /** Look, and pass the result on. Each follower repeats failed looks itself, and reports their errors. */
  async #bring(id: string, known: Snapshot | undefined): Promise<boolean> {
    const { user } = this.#tickets;
    const found = await this.look(id, known);
    if (user !== this.#tickets.user) return true;
    const newest = this.#known.get(id)?.generation;
    if (newest !== undefined && isOlder(found.generation, newest)) return false;
    this.#deliver(found);
    return true;
  }

  /** Fetch the output of an ended generation, because no message has it. */
  async #bringEnd(told: Snapshot): Promise<void> {
    const id = told.generation.generation_id;
    const signal = this.#link.signal;
    for (let failures = 1; failures <= MOST_TRIES_AT_AN_END && this.#follows.ones.has(id); failures += 1) {
      if (await this.#bring(id, undefined).catch(() => false)) return;
      await pause(backoff(failures), signal).catch(() => undefined);
      if (signal?.aborted) return;
    }
    for (const onChange of this.#follows.all) onChange(told);
  }

  #hear(text: string): void {
    const message = read(text);
    if (message?.type === "partial" && isPartial(message)) this.#takePartial(message as unknown as PartialOutput);
    if (message?.type !== "generation" || !isGeneration(message.generation)) return;
    const { generation, etag, look_after_seconds: after } = message;
    this.#told({
      generation: generation as Generation,
      etag: typeof etag === "string" ? etag : undefined,
      seenAt: Date.now(),
      lookAfterSeconds: typeof after === "number" ? after : UNKNOWN_HINT_SECONDS,
      isPushed: true,
    });
  }

  #takePartial(partial: PartialOutput): void {
    const id = partial.generation_id;
    if (this.#texts.take(partial, this.#known.get(id)?.generation)) this.#show(id);
  }

  #told(snapshot: Snapshot): void {
    const { generation } = snapshot;
    const id = generation.generation_id;
    this.#tickets.worked();
    const known = this.#known.get(id)?.generation;
    if (known === undefined || !isOlder(generation, known)) this.#trust(id);
    this.#isDoubted = false;
    this.#announce();
    if (known !== undefined && !isOlder(known, generation)) return;
    this.#remember(snapshot);
    if (hasEnded(generation) && this.#follows.ones.has(id)) void this.#bringEnd(snapshot);
    else this.#deliver(snapshot);
  }

  /** Take in the result of a look. If it is new here, its message should arrive within seconds. */
  #learn(found: Snapshot, began: number): void {
    const id = found.generation.generation_id;
    const known = this.#known.get(id)?.generation;
    if (known !== undefined && isOlder(found.generation, known)) return;
    this.#remember(found);
    const isNews = known !== undefined && isOlder(known, found.generation);
    if (!isNews || !this.#link.isOpen || began < this.#link.openedAt + LATE_SECONDS * 1000) return;
    if (!this.#doubts.has(id))
      this.#doubts.set(
        id,
        setTimeout(() => this.#miss(id), LATE_SECONDS * 1000),
      );
  }

  /** A message was missed: distrust the channel until the next one arrives, and reconnect. */
  #miss(id: string): void {
    this.#doubts.delete(id);
    if (this.#isDoubted) this.#tickets.failed();
    this.#isDoubted = true;
    void this.#link.replace();
    this.#announce();
  }

  #trust(id: string): void {
    clearTimeout(this.#doubts.get(id));
    this.#doubts.delete(id);
  }

  #remember(snapshot: Snapshot): void {
    const { generation } = snapshot;
    this.#known.set(generation.generation_id, snapshot);
    if (this.#texts.heed(generation)) this.#show(generation.generation_id);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
  }

  #deliver(snapshot: Snapshot): void {
    const followers = this.#follows.ones.get(snapshot.generation.generation_id) ?? [];
    for (const { onChange } of [...followers]) onChange(snapshot);
    for (const onChange of [...this.#follows.all]) onChange(snapshot);
  }

  #show(id: string): void {
    const partial = this.#texts.of(id);
    for (const { onPartial } of [...(this.#follows.ones.get(id) ?? [])]) onPartial?.(partial);
  }

  #announce(): void {
    if (this.#wasLive === this.isLive) return;
    this.#wasLive = this.isLive;
    for (const listener of [...this.#follows.switched]) listener();
  }
}

function read(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === "object" && message !== null ? (message as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
