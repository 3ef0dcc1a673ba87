import { expect, it } from "vitest";
import { bySession } from "./sessions";

it("groups by session, the newest first, and keeps the order inside of a group", () => {
  const feed = [
    { id: 5, session_id: "b" },
    { id: 4 },
    { id: 3, session_id: "a" },
    { id: 2, session_id: "b" },
    { id: 1 },
  ];
  expect(bySession(feed).map((group) => [group.session, group.entries.map((entry) => entry.id)])).toEqual([
    ["b", [5, 2]],
    [null, [4, 1]],
    ["a", [3]],
  ]);
});

it("keeps the groups where they are when older entries come in", () => {
  const newest = [{ id: 3, session_id: "a" }, { id: 2 }];
  const more = [...newest, { id: 1, session_id: "c" }, { id: 0, session_id: "a" }];
  expect(bySession(more).map((group) => group.session)).toEqual(["a", null, "c"]);
});
