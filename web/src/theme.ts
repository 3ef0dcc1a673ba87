// Light or dark: the system's preference, until the user chooses.

import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";

const KEPT = "unstuck.theme";
const listeners = new Set<() => void>();
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function current(): Theme {
  const kept = localStorage.getItem(KEPT);
  if (kept === "light" || kept === "dark") return kept;
  return prefersDark.matches ? "dark" : "light";
}

function apply(): void {
  document.documentElement.dataset.theme = current();
  for (const listener of listeners) listener();
}

/** Shows the theme from the start, and follows the system until the user chooses. */
export function startTheme(): void {
  prefersDark.addEventListener("change", apply);
  addEventListener("storage", apply);
  apply();
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEPT, theme);
  apply();
}

export function useTheme(): Theme {
  return useSyncExternalStore((changed) => {
    listeners.add(changed);
    return () => listeners.delete(changed);
  }, current);
}
