import type { JsonSchema } from "unstuck-client";
import { expect, it } from "vitest";
import { exampleOf } from "./examples";
import { fieldsOf } from "./forms/fields";
import { bodyOf, initialValues } from "./forms/typed";

const kindOf = (kind: string, properties: Record<string, JsonSchema>) => {
  const schema: JsonSchema = { properties };
  return { kind, description: "", schema, fields: fieldsOf(schema) };
};

it("is made of the first example of each field, as far as the form can hold it", () => {
  const kind = kindOf("quiz", {
    topic: { type: "string", examples: ["The cell", "The sea"] },
    pages: { type: "array", items: { type: "integer" }, examples: [[3, 5]] },
    level: { enum: ["easy", "hard"], examples: ["none of them"] },
    words: { type: "integer" },
  });
  const example = exampleOf(kind, kind.fields);
  expect(example).toEqual({ topic: "The cell", pages: "3\n5" });
  expect(bodyOf(kind.fields, { ...initialValues(kind.fields), ...example })).toEqual({
    topic: "The cell",
    pages: [3, 5],
  });
});

it("is none where no field has one, whatever the kind is called", () => {
  for (const name of ["quiz", "constructor", "__proto__"]) {
    const kind = kindOf(name, { topic: { type: "string" } });
    expect(exampleOf(kind, kind.fields)).toBeNull();
  }
});
