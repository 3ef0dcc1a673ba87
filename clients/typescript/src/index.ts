/** `unstuck-client`: the typed client, for browsers and Node. Knows no React. */
export {
  type ChangeSource,
  isOlder,
  newer,
  type OnPartial,
  type PartialOutput,
  type PollingOptions,
  polling,
  type Snapshot,
} from "./changes.js";
export {
  type CallOptions,
  Client,
  type ClientOptions,
  type CreateOptions,
  createClient,
  type Look,
  type Submitted,
} from "./client.js";
export { type ErrorCode, UnstuckError } from "./errors.js";
export type { JsonSchema, KindSchema } from "./kinds.js";
export type { IterateOptions } from "./pages.js";
export { ALL_STATUSES, hasEnded, STATUSES, type StatusFacts, statusFacts } from "./statuses.js";
export type { Owner, TokenSource } from "./tokens.js";
export type { Fetch } from "./transport.js";
export * from "./types.js";
export type { WaitOptions } from "./watch.js";
