// @vitest-environment node
import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { opened } from "../../src/connection.js";

/** Does at its making what a network may do. */
class Socket {
  static fate: (socket: Socket) => void;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(readonly url: string) {
    Socket.fate(this);
  }

  close(): void {}
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("a socket that does not open", () => {
  const fates: Record<string, (socket: Socket) => void> = {
    "is closed": (socket) => queueMicrotask(() => socket.onclose?.()),
    "fails, and is closed": (socket) =>
      queueMicrotask(() => {
        const { onerror, onclose } = socket;
        onerror?.();
        onclose?.();
      }),
    hangs: () => undefined,
    "is forbidden": () => {
      throw new Error("the page's policy");
    },
  };

  it.each(Object.keys(fates))("and %s leaves nothing with the signal, which lives for hours", async (name) => {
    vi.useFakeTimers();
    vi.stubGlobal("WebSocket", Socket);
    Socket.fate = fates[name] ?? fail;
    const { signal } = new AbortController();
    const found = opened("ws://x", signal);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await found).toBeUndefined();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});

function fail(): void {
  throw new Error("no such fate");
}
