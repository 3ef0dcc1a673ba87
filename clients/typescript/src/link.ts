/** Keeps a connection while one is wanted: replaces it before its end, and makes another when it is lost. Reads nothing. */
import { Connection, opened } from "./connection.js";
import type { LiveClient } from "./live.js";
import type { Ticket, Tickets } from "./tickets.js";

const HIDDEN_SECONDS = 60;

export interface LinkEvents {
  onText: (text: string) => void;
  /** A connection stands, in place of another or after a time without one. */
  onOpen: (afterGap: boolean) => void;
  /** It is gone, and another is being made. */
  onLost: () => void;
  /** It was closed, since none is wanted. */
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

  /** Be connected, while the page is seen, until `signal` is aborted. */
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

  /** Close the connection, and make another with a ticket of the user that there is now. */
  restart(): void {
    if (this.#wanted === undefined) return;
    this.disconnect();
    this.#connect();
  }

  /** Make another connection. The one that there is goes on until that stands. */
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
