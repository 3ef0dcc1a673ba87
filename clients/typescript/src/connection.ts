/**
 * One WebSocket, from its opening on: pings it, and reports when to replace it and when it has ended. Reads no message.
 */
import { timerMs } from "./pacing.js";

/** API Gateway closes connections that were silent for ten minutes. */
const PING_SECONDS = 5 * 60;
const LONGEST_OPENING_SECONDS = 10;
/** Replace a connection this long before its end, or after half of its remaining time if that is less. */
const EARLY_SECONDS = 60;

export interface Heard {
  onText: (text: string) => void;
  /** It still works, after minutes. */
  onLasting: () => void;
  /** It should be replaced. */
  onDue: () => void;
  /** It has closed or ended, although this side did not close it. */
  onLost: () => void;
}

/** Open a WebSocket. Returns undefined if it does not open for any reason, or if `signal` is aborted. */
export function opened(url: string, signal: AbortSignal): Promise<WebSocket | undefined> {
  return new Promise((resolve) => {
    const fail = (): void => {
      signal.removeEventListener("abort", fail);
      clearTimeout(timer);
      silence(socket);
      resolve(undefined);
    };
    const timer = setTimeout(fail, LONGEST_OPENING_SECONDS * 1000);
    let socket: WebSocket | undefined;
    try {
      socket = new WebSocket(url);
    } catch {
      return fail(); // a page's policy may forbid it
    }
    socket.onclose = fail;
    socket.onerror = fail;
    socket.onopen = () => {
      signal.removeEventListener("abort", fail);
      clearTimeout(timer);
      resolve(socket);
    };
    signal.addEventListener("abort", fail, { once: true });
    if (signal.aborted) fail();
  });
}

export class Connection {
  readonly #socket: WebSocket;
  readonly #timers: ReturnType<typeof setTimeout>[];
  readonly #pings: ReturnType<typeof setInterval>;

  /** Take over an open socket that ends in this many seconds. */
  constructor(socket: WebSocket, endsInSeconds: number, { onText, onLasting, onDue, onLost }: Heard) {
    this.#socket = socket;
    const lost = (): void => {
      this.close();
      onLost();
    };
    socket.onmessage = ({ data }) => onText(String(data));
    socket.onclose = lost;
    socket.onerror = lost;
    this.#pings = setInterval(() => {
      socket.send('{"action":"ping"}');
      onLasting();
    }, PING_SECONDS * 1000);
    const due = Math.max(endsInSeconds - EARLY_SECONDS, endsInSeconds / 2);
    this.#timers = [setTimeout(onDue, timerMs(due)), setTimeout(lost, timerMs(endsInSeconds))];
  }

  close(): void {
    clearInterval(this.#pings);
    for (const timer of this.#timers) clearTimeout(timer);
    silence(this.#socket);
  }
}

/** Close a socket and ignore its further events. */
function silence(socket: WebSocket | undefined): void {
  if (socket === undefined) return;
  socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
  socket.close();
}
