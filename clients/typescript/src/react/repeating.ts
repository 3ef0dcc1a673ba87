/** How a mutation is retried after a transient failure. A browser that reports offline does not hold it back. */
import { backoff, mayRepeat } from "../pacing.js";

const MOST_RETRIES = 4;

/** The options of a mutation that is sent up to five times while `may` allows it for its error. */
export function repeating(may: (error: unknown) => boolean = mayRepeat) {
  return {
    networkMode: "always" as const,
    retry: (failures: number, error: unknown): boolean => failures < MOST_RETRIES && may(error),
    retryDelay: (failures: number, error: unknown): number => backoff(failures + 1, error) * 1000,
  };
}
