/**
 * Keeps a connection while one is wanted: replaces it before its end, and reconnects when it is lost. Reads no message.
 */
import { Connection, opened } from "./connection.js";
import type { LiveClient } from "./live.js";
import type { Ticket, Tickets } from "./tickets.js";

const HIDDEN_SECONDS = 60;

export interface LinkEvents {
  onText: (text: string) => void;
  /** A connection is open, either as a replacement or after a gap. */
  onOpen: (afterGap: boolean) => void;
  /** It is lost, and a new one is being opened. */
  onLost: () => void;
  /** It was closed because none is wanted. */
  onClosed: () => void;
}

export class Link {
  readonly #client: LiveClient;
  readonly #tickets: Tickets;
  readonly #events: LinkEvents;
  #connection: Connection | undefined;
  /** While there should be a connection; aborted when there should be none. */
  #wanted: AbortController | undefined;
  #connecting: AbortSignal | undefined;
  /** When the connection opened, by this machine's clock. */
  openedAt = 0;

  constructor(client: LiveClient, tickets: Tickets, events: LinkEvents) {
    this.#client = client;
    this.#tickets = tickets;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#connection !== undefined;
  }

  /** Aborted as soon as there should be no connection; undefined while there should be none. */
  get signal(): AbortSignal | undefined {
    return this.#wanted?.signal;
  }

  /** Stay connected while the page is visible, until `signal` is aborted. */
  run(signal: AbortSignal, ticket?: Ticket): void {
    let hiding: ReturnType<typeof setTimeout> | undefined;
    const watch = (): void => {
      clearTimeout(hiding);
      if (isHidden()) hiding = setTimeout(() => this.disconnect(), HIDDEN_SECONDS * 1000);
      else this.#connect();
    };
    if (typeof document !== "undefined") globalThis.addEventListener("visibilitychange", watch, { signal });
    signal.addEventListener("abort", () => {
      clearTimeout(hiding);
      this.disconnect();
    });
    this.#connect(ticket);
    watch();
  }

  /** Close the connection, and open another with a ticket of the present user. */
  restart(): void {
    if (this.#wanted === undefined) return;
    this.disconnect();
    this.#connect();
  }

  /** Open another connection. The present one stays in use until the new one is open. */
  async replace(given?: Ticket): Promise<void> {
    const signal = this.#wanted?.signal;
    if (signal === undefined || this.#connecting === signal) return;
    this.#connecting = signal;
    for (let ticket = given; ; ticket = undefined) {
      ticket ??= await this.#tickets.next(signal);
      const socket = ticket && (await opened(ticket.url, signal));
      if (ticket === undefined || signal.aborted) {
        socket?.close();
        break;
      }
      if (socket === undefined) this.#tickets.failed();
      else if (ticket.user !== this.#tickets.user) socket.close();
      else {
        this.#use(socket, ticket);
        break;
      }
    }
    if (this.#connecting === signal) this.#connecting = undefined;
  }

  disconnect(): void {
    this.#wanted?.abort();
    this.#wanted = undefined;
    this.#connection?.close();
    this.#connection = undefined;
    this.#events.onClosed();
  }

  #connect(ticket?: Ticket): void {
    this.#wanted ??= new AbortController();
    if (this.#connection === undefined) void this.replace(ticket);
  }

  #use(socket: WebSocket, ticket: Ticket): void {
    const old = this.#connection;
    this.#connection = new Connection(socket, (ticket.ends_at * 1000 - this.#client.now()) / 1000, {
      onText: this.#events.onText,
      onLasting: () => this.#tickets.worked(),
      onDue: () => void this.replace(),
      onLost: () => {
        this.#connection = undefined;
        this.#tickets.failed();
        void this.replace();
        this.#events.onLost();
      },
    });
    old?.close();
    this.openedAt = Date.now();
    this.#events.onOpen(old === undefined);
  }
}

export function isHidden(): boolean {
  return typeof document !== "undefined" && document.visibilityState === "hidden";
}
