// Which screen the address names. The address is the part after #, since the page is static files at any location.

import { useSyncExternalStore } from "react";

export type Route =
  | { screen: "playground" }
  | { screen: "feed"; session: string | null }
  | { screen: "generation"; id: string }
  | { screen: "review"; id: string }
  | { screen: "cards"; session: string | null }
  | { screen: "usage" }
  | { screen: "faults"; id: string | null }
  | { screen: "nowhere" };

export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const parts = path.split("/").filter((part) => part !== "");
  const session = new URLSearchParams(query).get("session");
  const [first, second, third, ...rest] = parts;
  if (rest.length > 0) return { screen: "nowhere" };
  if (first === undefined) return { screen: "playground" };
  if (first === "generations" && second !== undefined) {
    if (third === undefined) return { screen: "generation", id: second };
    return third === "review" ? { screen: "review", id: second } : { screen: "nowhere" };
  }
  if (third !== undefined) return { screen: "nowhere" };
  if (first === "faults") return { screen: "faults", id: second ?? null };
  if (second !== undefined) return { screen: "nowhere" };
  if (first === "feed" || first === "cards") return { screen: first, session };
  return first === "usage" ? { screen: "usage" } : { screen: "nowhere" };
}

/** The addresses of the screens, for links. */
export const to = {
  playground: "#/",
  feed: (session?: string) => `#/feed${named(session)}`,
  generation: (id: string) => `#/generations/${id}`,
  review: (id: string) => `#/generations/${id}/review`,
  cards: (session?: string) => `#/cards${named(session)}`,
  usage: "#/usage",
  faults: (id?: string) => (id === undefined ? "#/faults" : `#/faults/${id}`),
};

function named(session: string | undefined): string {
  return session === undefined ? "" : `?${new URLSearchParams({ session }).toString()}`;
}

export function go(address: string): void {
  location.hash = address;
}

/** Remember where the user is. The returned function continues from there, but not if they have since left. */
export function staying(): (address: string) => boolean {
  const before = location.hash;
  return (address) => {
    const isHere = location.hash === before;
    if (isHere) go(address);
    return isHere;
  };
}

export function useHash(): string {
  return useSyncExternalStore(
    (changed) => {
      addEventListener("hashchange", changed);
      return () => removeEventListener("hashchange", changed);
    },
    () => location.hash,
  );
}
