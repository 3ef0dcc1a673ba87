/** Whether changes are pushed right now, as a hook. */
import { useCallback, useSyncExternalStore } from "react";
import type { Client } from "../client.js";

/** Renders again when it changes, so that the component polls at another pace. */
export function useLive({ changes }: Client): boolean {
  const subscribe = useCallback((listener: () => void) => changes.onLive?.(listener) ?? (() => undefined), [changes]);
  return useSyncExternalStore(
    subscribe,
    () => changes.isLive?.() ?? false,
    () => false,
  );
}
