import { readFileSync } from "node:fs";
import type { JsonSchema } from "unstuck-client";
import { describe, expect, it } from "vitest";
import { check, faultsFrom } from "./faults";
import { type Field, fieldsOf } from "./fields";
import { bodyOf, initialValues } from "./typed";

const DOCUMENT = JSON.parse(
  readFileSync(new URL("../../../functions/status/openapi.json", import.meta.url), "utf8"),
) as {
  components: { schemas: Record<string, JsonSchema> };
};

function formOf(name: string): Field[] {
  const schema = DOCUMENT.components.schemas[name];
  if (schema === undefined) throw new Error(`no schema ${name}`);
  return fieldsOf(schema);
}

function field(fields: Field[], name: string): Field {
  const found = fields.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no field ${name}`);
  return found;
}

describe("the form of the service's own kinds", () => {
  it("asks for the text first, then what the kind takes, then what every kind has", () => {
    const names = formOf("CreateFlashcards").map((one) => one.name);
    expect(names).toEqual([
      "source_text",
      "count",
      "language",
      "model",
      "prompt_version",
      "session_id",
      "user_provided_key",
    ]);
  });

  it("knows a long text with its limits, a number, a choice and a secret", () => {
    const cards = formOf("CreateFlashcards");
    expect(field(cards, "source_text")).toMatchObject({
      control: "longText",
      required: true,
      shortest: 1000,
      longest: 10_000,
    });
    expect(field(cards, "count")).toMatchObject({ control: "number", whole: true, least: 1, most: 30, initial: null });
    expect(field(cards, "user_provided_key").control).toBe("secret");
    const image = formOf("CreateImage");
    expect(field(image, "aspect_ratio")).toMatchObject({ control: "choice", initial: "1:1" });
    expect(field(image, "aspect_ratio").options.map(({ key }) => key)).toContain("16:9");
  });

  it("makes a form of every kind, whatever kinds there are", () => {
    const kinds = Object.keys(DOCUMENT.components.schemas).filter((name) => name.startsWith("Create"));
    expect(kinds.length).toBeGreaterThanOrEqual(4);
    for (const kind of kinds) expect(formOf(kind).some((one) => one.required && !one.common)).toBe(true);
  });
});

describe("what is wrong is said before anything is sent", () => {
  const fields = formOf("CreateFlashcards");
  const faults = (values: Record<string, string>) => check(fields, { ...initialValues(fields), ...values });

  it("counts characters as the service does: code points, without white space around them", () => {
    expect(faults({ source_text: "🙂".repeat(1000) })).toEqual({});
    expect(faults({ source_text: `${"a".repeat(998)}${" ".repeat(50)}` }).source_text).toBe(
      "2 characters too few. Enter at least 1,000.",
    );
    expect(faults({ source_text: "a".repeat(10_001) }).source_text).toBe("1 character too many. Enter at most 10,000.");
  });

  it("holds numbers to their bounds and texts to their form", () => {
    const text = { source_text: "a".repeat(1000) };
    expect(faults({ ...text, count: "31" }).count).toBe("At most 30.");
    expect(faults({ ...text, count: "2.5" }).count).toBe("Enter a whole number.");
    expect(faults({ ...text, count: "many" }).count).toBe("Enter a number.");
    expect(faults({ ...text, language: "German" }).language).toContain("form");
    expect(faults({ ...text, language: "pt-BR" })).toEqual({});
  });

  it("asks for what is required and for nothing else", () => {
    expect(faults({})).toEqual({ source_text: "This field is required." });
  });
});

describe("the body", () => {
  it("leaves out what is empty and what stands as it stood", () => {
    const fields = formOf("CreateImage");
    const values = { ...initialValues(fields), prompt: "A tree", count: "2" };
    expect(bodyOf(fields, values)).toEqual({ prompt: "A tree", count: 2 });
  });

  it("sends a list line by line", () => {
    const fields = fieldsOf({
      required: ["topics"],
      properties: { topics: { type: "array", items: { type: "string" }, minItems: 2, maxItems: 3 } },
    });
    expect(fields[0]).toMatchObject({ control: "lines" });
    expect(check(fields, { topics: "one" }).topics).toBe("At least 2 lines.");
    expect(check(fields, { topics: "1\n2\n3\n4" }).topics).toBe("At most 3 lines.");
    expect(bodyOf(fields, { topics: " one \n\ntwo\n" })).toEqual({ topics: ["one", "two"] });
  });
});

it("shows the service's faults at their fields, and the rest above the form", () => {
  const fields = formOf("CreateFlashcards");
  const faults = faultsFrom(
    [
      { field: "model", message: "Allowed models: a." },
      { field: "source_text", message: "Too short." },
      { field: "colour", message: "Extra inputs are not permitted" },
    ],
    fields,
    initialValues(fields),
  );
  expect(faults).toEqual({
    model: "Allowed models: a.",
    source_text: "Too short.",
    "": "colour: Extra inputs are not permitted",
  });
});
