import type { JsonSchema } from "unstuck-client";
import { describe, expect, it } from "vitest";
import { check, faultsFrom } from "./faults";
import { type Field, fieldOf, fieldsOf } from "./fields";
import { PARTY } from "./nested.example";
import { bodyOf, initialValues, jsonOf, openOf, startOf, type Values } from "./typed";

const fields = fieldsOf(PARTY);
const start = initialValues(fields);
const field = (name: string): Field => fields.find((one) => one.name === name) as Field;
const FULL: Values = {
  ...start,
  on: "2027-05-01",
  guests: [
    { name: "Ada", age: "36", meal: "meat" },
    { name: "Bo", age: "", meal: "plants" },
  ],
  place: { chosen: "1", 0: { rooms: "" }, 1: { has_tent: "true" } },
  budget: "10.50",
  corner: { 0: "3", 1: "north" },
};

describe("a form of what is nested", () => {
  it("has a control for each, and JSON for that alone which has none", () => {
    expect(Object.fromEntries(fields.map(({ name, control }) => [name, control]))).toEqual({
      on: "date",
      guests: "list",
      place: "union",
      budget: "number",
      corner: "group",
      host: "group",
      songs: "lines",
      prizes: "lines",
      table: "json",
      grade: "choice",
      opens_at: "dateTime",
    });
    expect(field("on").label).toBe("Day");
    expect(field("place").parts.map(({ label }) => label)).toEqual(["House", "Garden"]);
    expect(field("guests").item?.parts.map(({ control }) => control)).toEqual(["text", "number", "choice"]);
  });

  it("begins with what is needed, open, and with the defaults", () => {
    expect(start).toMatchObject({
      guests: [{ name: "", age: "", meal: "plants" }],
      place: { chosen: "0", 0: { rooms: "" } },
      corner: { 0: "", 1: "" },
      host: "",
      songs: "",
      table: "{}",
      grade: "2",
    });
  });

  it("sends the JSON that was typed, and leaves out what stands as it stood", () => {
    expect(bodyOf(fields, FULL)).toEqual({
      on: "2027-05-01",
      guests: [
        { name: "Ada", age: 36, meal: "meat" },
        { name: "Bo", meal: "plants" },
      ],
      place: { form: "garden", has_tent: true },
      budget: "10.50",
      corner: [3, "north"],
    });
    const more = { ...FULL, grade: "3", songs: "one\n two ", prizes: "3\n5", table: '{"a": 1}', host: { name: "Cy" } };
    expect(bodyOf(fields, more)).toMatchObject({
      grade: 3,
      songs: ["one", "two"],
      prizes: [3, 5],
      table: { a: 1 },
      host: { name: "Cy" },
    });
    const moment = bodyOf(fields, { ...FULL, opens_at: "2027-05-01T20:00" }).opens_at;
    expect(moment).toBe(new Date("2027-05-01T20:00").toISOString());
  });

  it("says what is wrong at the field that it is wrong with, however deep", () => {
    expect(check(fields, FULL)).toEqual({});
    expect(
      check(fields, {
        ...FULL,
        guests: [{ name: "", age: "200", meal: "" }, { name: "B".repeat(21) }, { name: "C" }, { name: "D" }],
        place: { chosen: "0", 0: { rooms: "1.5" } },
        corner: { 0: "", 1: "north" },
        prizes: "3\n0",
        songs: "1\n2\n3",
        table: "{",
        budget: "0",
      }),
    ).toEqual({
      guests: "At most 3 entries.",
      "guests.0.name": "This field is required.",
      "guests.0.age": "At most 120.",
      "guests.1.name": "1 character too many. Enter at most 20.",
      "place.rooms": "Enter a whole number.",
      "corner.0": "This field is required.",
      prizes: "Line 2: More than 0.",
      songs: "At most 2 lines.",
      table: "Enter valid JSON.",
      budget: "More than 0.",
    });
    expect(check(fields, { ...FULL, guests: [] })).toEqual({ guests: "At least 1 entry." });
  });

  it("shows what the service says at its field, also in a form of a union that the service names in its path", () => {
    const said = [
      { field: "guests.1.name", message: "Blank." },
      { field: "guests.0.colour", message: "Extra." },
      { field: "guests.7.name", message: "Where?" },
      { field: "place.garden.has_tent", message: "No." },
      { field: "place.house.rooms", message: "Other form." },
      { field: "budget.float", message: "Too much." },
      { field: "budget.str", message: "Too much." },
      { field: "songs.1", message: "Too long." },
      { field: "host.name", message: "Missing." },
      { field: "*", message: "Extra." },
      { field: "constructor", message: "Extra." },
    ];
    expect(faultsFrom(said, fields, FULL)).toEqual({
      "guests.1.name": "Blank.",
      "guests.0": "colour: Extra.",
      guests: "7.name: Where?",
      "place.has_tent": "No.",
      place: "rooms: Other form.",
      budget: "float: Too much. str: Too much.",
      songs: "line 2: Too long.",
      "host.name": "Missing.",
      "": "*: Extra. constructor: Extra.",
    });
  });
});

describe("what a form cannot express is JSON", () => {
  it.each<[string, JsonSchema]>([
    ["anything", {}],
    ["an object by name", { type: "object", additionalProperties: { type: "string" } }],
    ["a list of anything", { type: "array", items: {} }],
    ["all of two", { allOf: [{ type: "object" }, { type: "object" }] }],
    ["a choice of what looks alike", { enum: [1, "1"] }],
    ["a list that goes on after its places", { type: "array", prefixItems: [{ type: "string" }], items: {} }],
    ["null alone", { type: "null" }],
  ])("%s", (_, schema) => {
    const json = fieldOf("it", schema, true);
    expect(json.control).toBe("json");
    expect(jsonOf(json, '{"a": [1, null]}')).toEqual({ a: [1, null] });
  });

  it("and so is what lies too deep", () => {
    let schema: JsonSchema = { type: "string" };
    for (let level = 0; level < 40; level += 1)
      schema = { type: "object", properties: { inner: schema }, required: ["inner"] };
    let deepest = fieldOf("it", schema, true);
    let levels = 0;
    while (deepest.parts[0] !== undefined) {
      deepest = deepest.parts[0];
      levels += 1;
    }
    expect([deepest.control, levels]).toEqual(["json", 5]);
  });
});

describe("what may be null", () => {
  const sent = (schema: JsonSchema, required: boolean, typed = "") => jsonOf(fieldOf("it", schema, required), typed);
  const text: JsonSchema = { anyOf: [{ type: "string" }, { type: "null" }] };

  it("is null where it is needed or would have a default, and is left out elsewhere", () => {
    expect(sent(text, true)).toBeNull();
    expect(sent({ ...text, default: "warm" }, false)).toBeNull();
    expect(sent({ ...text, default: null }, false)).toBeUndefined();
    expect(check([fieldOf("it", text, true)], { it: "" })).toEqual({});
    expect(sent({ type: ["string", "null"] }, true)).toBeNull();
    expect(sent({ enum: ["a", null] }, true)).toBeNull();
    expect(sent({ type: "string", default: "warm" }, false)).toBe("");
  });
});

it("does not trip over a pattern that no browser reads, nor over names of JavaScript's own", () => {
  const odd = fieldsOf({
    properties: {
      code: { type: "string", pattern: "(?P<a>x)\\Z" },
      dash: { type: "string", pattern: "^a\\-b$" },
      constructor: { type: "string" },
      toString: { type: "object", properties: { hasOwnProperty: { type: "string" } }, required: ["hasOwnProperty"] },
    } as Record<string, JsonSchema>,
    required: ["constructor", "toString"],
  });
  const typed = { ...initialValues(odd), code: "anything", dash: "a-b" };
  expect(check(odd, typed)).toEqual({
    constructor: "This field is required.",
    "toString.hasOwnProperty": "This field is required.",
  });
  expect(check(odd, { ...typed, dash: "ab" }).dash).toContain("form");
});

it("takes a draft of another shape for what it can, as after the kind was changed", () => {
  const strange: Values = { on: ["x"], guests: "text", place: [], host: ["a"], songs: { a: "b" }, corner: "" };
  expect(check(fields, strange)).toMatchObject({ on: "This field is required.", guests: "At least 1 entry." });
  expect(() => bodyOf(fields, strange)).not.toThrow();
  for (const one of fields) expect(() => [startOf(one), openOf(one)]).not.toThrow();
});
