import type { JsonSchema } from "unstuck-client";
import { describe, expect, it } from "vitest";
import { check } from "./faults";
import { fieldOf } from "./fields";
import { GUEST, PARTY } from "./nested.example";
import { isExpressed, typedOf } from "./typed";

describe("a value that is there already", () => {
  it.each<[JsonSchema, unknown]>([
    [PARTY.properties?.guests as JsonSchema, [{ name: "Ada", age: null, meal: "meat" }]],
    [PARTY.properties?.place as JsonSchema, { form: "garden", has_tent: false }],
    [PARTY.properties?.corner as JsonSchema, [1, "x"]],
    [{ type: "string", format: "date-time" }, "2027-05-01T20:15:30+02:00"],
    [{ anyOf: [{ type: "integer" }, { type: "string" }] }, "5"],
    [{ anyOf: [{ type: "integer" }, { type: "array", items: { type: "integer" } }] }, [5]],
    [{ type: "boolean" }, false],
    [{ enum: [1, 2] }, 2],
  ])("comes out of the form as it went in: %j", (schema, value) => {
    const made = fieldOf("it", schema, true);
    expect(isExpressed(made, value)).toBe(true);
    expect(check([made], { it: typedOf(made, value) })).toEqual({});
  });

  it.each<[JsonSchema, unknown]>([
    [GUEST, { name: "Ada", colour: "red" }],
    [{ type: "array", items: { type: "string" } }, ["one\ntwo"]],
    [{ type: "array", items: { type: "string" } }, [""]],
    [{ type: "string", format: "date-time" }, "2027-05-01T20:15:30"],
    [{ type: "string", format: "date-time" }, "2027-05-01T20:15:30.123456Z"],
    [{ type: "string", format: "time" }, "20:15Z"],
    [{ type: "integer" }, "5"],
    [{ enum: ["a"] }, "b"],
  ])("or the form knows that it would not: %j", (schema, value) => {
    expect(isExpressed(fieldOf("it", schema, true), value)).toBe(false);
  });
});
