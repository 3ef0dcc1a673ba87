/** One WebSocket, from its opening on: pings it, and says when it should be replaced and when it is over. Reads nothing. */
import { timerMs } from "./pacing.js";

/** API Gateway closes what was silent for ten minutes. */
const PING_SECONDS = 5 * 60;
const LONGEST_OPENING_SECONDS = 10;
/** So long before its end a connection is replaced; half of what is left where that is less. */
const EARLY_SECONDS = 60;

export interface Heard {
  onText: (text: string) => void;
  /** It works still, after minutes. */
  onLasting: () => void;
  /** It should be replaced. */
  onDue: () => void;
  /** It is closed, or over, though nobody here has closed it. */
  onLost: () => void;
}

/** Open a WebSocket; undefined where it does not open, for whatever reason, or `signal` is aborted. */
export function opened(url: string, signal: AbortSignal): Promise<WebSocket | undefined> {
  return new Promise((resolve) => {
    const fail = (): void => {
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

  /** Take over an open socket that ends in so many seconds. */
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

/** Close a socket, and hear nothing more of it. */
function silence(socket: WebSocket | undefined): void {
  if (socket === undefined) return;
  socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
  socket.close();
}
