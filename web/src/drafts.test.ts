import { beforeEach, describe, expect, it } from "vitest";
import { chooseKind, chosenKind, draftOf, dropDraft, forgetDrafts, keepDraft } from "./drafts";
import { fieldsOf } from "./forms/fields";

const store = new Map<string, string>();
globalThis.sessionStorage = {
  getItem: (name: string) => store.get(name) ?? null,
  setItem: (name: string, value: string) => void store.set(name, value),
  removeItem: (name: string) => void store.delete(name),
} as Storage;

const FIELDS = fieldsOf({
  properties: {
    premise: { type: "string" },
    user_provided_key: { type: "string", format: "password" },
    sources: {
      type: "array",
      items: { type: "object", properties: { url: { type: "string" }, key: { type: "string", format: "password" } } },
    },
  },
  required: ["premise"],
});

beforeEach(() => {
  store.clear();
  forgetDrafts("ada");
});

describe("a draft", () => {
  it("is kept by user and kind", () => {
    keepDraft("ada", "story", FIELDS, { premise: "a map" });
    keepDraft("ada", "image", FIELDS, { premise: "a fox" });
    chooseKind("ada", "image");
    expect(draftOf("ada", "story")).toEqual({ premise: "a map" });
    expect(draftOf("ada", "image")).toEqual({ premise: "a fox" });
    expect(draftOf("bob", "story")).toEqual({});
    expect([chosenKind("ada"), chosenKind("bob")]).toEqual(["image", undefined]);
  });

  it("keeps a key of the user's own in memory, and stores none", () => {
    keepDraft("ada", "story", FIELDS, { premise: "a map", user_provided_key: "sk-secret" });
    expect(draftOf("ada", "story")).toEqual({ premise: "a map", user_provided_key: "sk-secret" });
    expect([...store.values()].join()).not.toContain("sk-secret");
  });

  it("stores no key that lies deeper, and what lies around it", () => {
    const sources = [{ url: "https://a.example", key: "sk-deep" }];
    keepDraft("ada", "story", FIELDS, { premise: "a map", sources });
    expect(draftOf("ada", "story")).toEqual({ premise: "a map", sources });
    expect([...store.values()].join()).toContain("https://a.example");
    expect([...store.values()].join()).not.toContain("sk-deep");
  });

  it("goes once it was sent, but not what was typed since", () => {
    keepDraft("ada", "story", FIELDS, { premise: "a map" });
    dropDraft("ada", "story", { premise: "a map" });
    expect(draftOf("ada", "story")).toEqual({});
    keepDraft("ada", "story", FIELDS, { premise: "another" });
    dropDraft("ada", "story", { premise: "a map" });
    expect(draftOf("ada", "story")).toEqual({ premise: "another" });
  });

  it("goes with who signs out", () => {
    keepDraft("ada", "story", FIELDS, { premise: "a map", user_provided_key: "sk-secret" });
    forgetDrafts("ada");
    expect(draftOf("ada", "story")).toEqual({});
  });
});
