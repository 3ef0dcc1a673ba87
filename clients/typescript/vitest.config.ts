/** Two sets of tests: those on this machine alone, and those against a running API, whose address the environment names. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const SRC = fileURLToPath(new URL("src", import.meta.url));

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.{ts,tsx}"],
          environment: "jsdom",
          testTimeout: 60_000, // of this machine's time; the tests' own time is a fake one
        },
      },
      {
        test: {
          name: "stack",
          include: ["tests/stack/**/*.test.{ts,tsx}"],
          // The documents' examples import the package by its name.
          alias: { "unstuck-client/react": `${SRC}/react/index.ts`, "unstuck-client": `${SRC}/index.ts` },
          fileParallelism: false, // the emulator has one machine to itself
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
