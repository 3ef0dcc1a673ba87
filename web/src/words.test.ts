import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { callWords, failureWords, isFailureKnown, problemWords } from "./words";

const DOCS = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
const [PROBLEMS = "", FAILURES = ""] = DOCS.split("\n## Failures\n");

function codes(part: string): string[] {
  return [...part.matchAll(/^\| <a [^>]*><\/a>`([a-z_]+)`/gm)].map((match) => match[1] ?? "");
}

it("has words for every failure that the service documents", () => {
  expect(codes(FAILURES).length).toBeGreaterThan(25);
  expect(codes(FAILURES).filter((code) => !isFailureKnown(code))).toEqual([]);
});

it("has words for every problem that the service documents", () => {
  expect(codes(PROBLEMS).length).toBeGreaterThan(15);
  expect(codes(PROBLEMS).filter((code) => problemWords(code) === null)).toEqual([]);
});

it("shows the code of a failure that it does not know", () => {
  expect(failureWords("solar_flare").what).toContain("solar_flare");
});

it("says of a call what is known, and nothing of what is not", () => {
  const call = { provider_status: 503, provider_code: "overloaded", model: "a/b", answered_by: "a/b", seconds: 2.5 };
  expect(callWords(call)).toBe("HTTP 503, overloaded, after 2.5 s");
  expect(callWords({ model: "a/b", answered_by: "c/d", finish: "length" })).toBe("finish length, answered by c/d");
  expect(callWords({})).toBe("");
});
