import type { Suggestion } from "unstuck-client";
import { expect, it } from "vitest";
import { acceptRest, asItIs, nextOpen, shortcutOf } from "./reviewing";

const suggestion = (number: number, state: Suggestion["state"]): Suggestion => ({
  number,
  state,
  front: `F${number}`,
  back: `B${number}`,
});
const THREE = [suggestion(1, "proposed"), suggestion(2, "accepted"), suggestion(3, "proposed")];

it("goes on to the next that is not decided on, around the end, and stays when there is none", () => {
  expect(nextOpen(THREE, 0)).toBe(2);
  expect(nextOpen(THREE, 2)).toBe(0);
  expect(nextOpen([suggestion(1, "rejected")], 0)).toBe(0);
  expect(nextOpen([], 0)).toBe(0);
});

it("accepts the rest and leaves alone what was decided", () => {
  expect(acceptRest(THREE)).toEqual([
    { number: 1, decision: "accepted" },
    { number: 3, decision: "accepted" },
  ]);
});

it("goes back to a state with the texts that it had", () => {
  expect(asItIs(suggestion(2, "accepted"))).toEqual({ number: 2, decision: "accepted", front: "F2", back: "B2" });
});

it("takes single keys, and none while somebody types or holds a modifier", () => {
  const press = { key: "a", ctrlKey: false, metaKey: false, altKey: false, typing: false };
  expect(shortcutOf(press)).toBe("accept");
  expect(shortcutOf({ ...press, key: "J" })).toBe("next");
  expect(shortcutOf({ ...press, typing: true })).toBeNull();
  expect(shortcutOf({ ...press, ctrlKey: true })).toBeNull();
  expect(shortcutOf({ ...press, key: "Enter" })).toBeNull();
});
