/** Whether changes are pushed right now, as a hook. */
import { useCallback, useSyncExternalStore } from "react";
import type { Client } from "../client.js";

/** Draws anew when it changes, so that whoever is drawn looks at another pace. */
export function useLive({ changes }: Client): boolean {
  const subscribe = useCallback((listener: () => void) => changes.onLive?.(listener) ?? (() => undefined), [changes]);
  return useSyncExternalStore(
    subscribe,
    () => changes.isLive?.() ?? false,
    () => false,
  );
}
