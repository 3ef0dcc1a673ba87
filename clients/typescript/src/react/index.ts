"use client";
/** `unstuck-client/react`: the hooks. They need React and TanStack Query v5, which the application brings. */
export { type ActionResult, type RetryInput, useCancel, useDismiss, useRetry } from "./actions.js";
export {
  type ResendOptions,
  type SubmitOptions,
  type UseCreateGenerationResult,
  useCreateGeneration,
} from "./create.js";
export type { Ended, OnEnded } from "./endings.js";
export {
  type FeedEntry,
  type UseGenerationFeedOptions,
  type UseGenerationFeedResult,
  useGenerationFeed,
} from "./feed.js";
export {
  type UseGenerationEventsResult,
  type UseGenerationInputResult,
  type UseGenerationResult,
  useGeneration,
  useGenerationEvents,
  useGenerationInput,
} from "./generation.js";
export { keys } from "./keys.js";
export {
  type QueryResult,
  type UseCardsOptions,
  type UseCardsResult,
  useCards,
  useHealth,
  useKinds,
  useUsage,
} from "./lists.js";
export type { Standing } from "./looking.js";
export { UnstuckProvider, type UnstuckProviderProps, useUnstuck } from "./provider.js";
export { type UseReviewResult, useReview } from "./review.js";
