/** Renders hooks within their providers, and plays the browser: fake time, and hidden tabs. */
import { focusManager, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { type Client, createClient } from "../../src/index.js";
import { type OnEnded, UnstuckProvider } from "../../src/react/index.js";
import type { FakeApi } from "./fake-api.js";

export interface Rendered<Result> {
  result: { current: Result };
  queries: QueryClient;
  client: Client;
  unmount: () => void;
}

const clients = new Set<Client>();

/** Render one hook in its own application. */
export function render<Result>(
  api: FakeApi,
  hook: () => Result,
  client = createClient(api),
  queries = new QueryClient(),
  onEnded?: OnEnded,
): Rendered<Result> {
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>
      <UnstuckProvider client={client} onEnded={onEnded}>
        {children}
      </UnstuckProvider>
    </QueryClientProvider>
  );
  clients.add(client);
  const { result, unmount } = renderHook(hook, { wrapper });
  return { result, queries, client, unmount };
}

/** Let time pass, with all of its effects. */
export async function pass(milliseconds: number): Promise<void> {
  await act(() => vi.advanceTimersByTimeAsync(milliseconds));
}

/** Hide the tab or show it, as the browser reports it. */
export async function tab(visible: boolean): Promise<void> {
  Object.defineProperty(document, "visibilityState", { configurable: true, value: visible ? "visible" : "hidden" });
  await act(async () => {
    window.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(0);
  });
}

/**
 * The cleanups after each test, to be awaited: nothing that was rendered is left, nor work of React's. React does what
 * was changed outside of `act` in a later turn of the event loop, where after the last test there is no window.
 */
export async function restore(): Promise<void> {
  cleanup(); // the library's own cleanup after each test needs tests whose functions are global
  for (const client of clients) client.close(); // listeners on the tab would also hear the next test
  clients.clear();
  Object.defineProperty(document, "visibilityState", { configurable: true, value: "visible" });
  focusManager.setFocused(undefined);
  vi.restoreAllMocks();
  vi.useRealTimers();
  await new Promise(setImmediate);
}
