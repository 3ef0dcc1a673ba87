/** The keys of everything that the hooks keep in the QueryClient, all below "unstuck". */
import type { FeedFilter } from "../types.js";

export const keys = {
  all: ["unstuck"] as const,
  generation: (id: string) => ["unstuck", "generation", id] as const,
  events: (id: string, results: boolean) => ["unstuck", "events", id, results] as const,
  input: (id: string) => ["unstuck", "input", id] as const,
  feeds: ["unstuck", "feed"] as const,
  feed: (filter: FeedFilter) => ["unstuck", "feed", filter] as const,
  sent: ["unstuck", "sent"] as const,
  decisions: (id: string) => ["unstuck", "decisions", id] as const,
  cards: ["unstuck", "cards"] as const,
  usage: ["unstuck", "usage"] as const,
  kinds: ["unstuck", "kinds"] as const,
  health: ["unstuck", "health"] as const,
};
