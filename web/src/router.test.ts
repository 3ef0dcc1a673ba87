import { expect, it } from "vitest";
import { routeOf, to } from "./router";

const ID = "019ce3a1-0000-7000-8000-000000000001";

it("reads back every address that it makes", () => {
  expect(routeOf("")).toEqual({ screen: "playground" });
  expect(routeOf(to.playground)).toEqual({ screen: "playground" });
  expect(routeOf(to.feed())).toEqual({ screen: "feed", session: null });
  expect(routeOf(to.feed("a~b:c.d"))).toEqual({ screen: "feed", session: "a~b:c.d" });
  expect(routeOf(to.generation(ID))).toEqual({ screen: "generation", id: ID });
  expect(routeOf(to.review(ID))).toEqual({ screen: "review", id: ID });
  expect(routeOf(to.cards())).toEqual({ screen: "cards", session: null });
  expect(routeOf(to.usage)).toEqual({ screen: "usage" });
  expect(routeOf(to.faults(ID))).toEqual({ screen: "faults", id: ID });
});

it("knows what leads nowhere", () => {
  for (const hash of ["#/nope", "#/feed/1", "#/generations", `#/generations/${ID}/review/x`, "#/usage/2"]) {
    expect(routeOf(hash)).toEqual({ screen: "nowhere" });
  }
});
