import type { JsonSchema } from "unstuck-client";
import { describe, expect, it } from "vitest";
import { sentence } from "../forms/fields";
import { formOf, isShort } from "./value-form";

describe("the form of a value", () => {
  it("is a text of paragraphs, a word, or nothing", () => {
    expect(formOf("One.\n\nTwo.\nStill two.")).toEqual({ name: "text", paragraphs: ["One.", "Two.\nStill two."] });
    expect(formOf(false)).toEqual({ name: "word", text: "No" });
    expect(formOf(1.5)).toEqual({ name: "word", text: "1.5" });
    for (const value of [null, "", " \n\n ", [], {}]) expect(formOf(value)).toEqual({ name: "nothing" });
  });

  it("is a list of what is short, a table of what is alike, and items of what is neither", () => {
    expect(formOf(["a", 1, true, null])).toEqual({ name: "list", items: ["a", "1", "Yes", ""] });
    expect(
      formOf([
        { question: "Why?", options: ["a", "b"] },
        { question: "How?", right: 2 },
      ]),
    ).toEqual({
      name: "table",
      columns: [
        { key: "question", label: "Question", isNumber: false },
        { key: "options", label: "Options", isNumber: false },
        { key: "right", label: "Right", isNumber: true },
      ],
      rows: [
        ["Why?", "a, b", ""],
        ["How?", "", "2"],
      ],
    });
    expect(formOf([{ text: "long ".repeat(100) }]).name).toBe("items");
    expect(formOf([{ a: { b: 1 } }, [1]]).name).toBe("items");
  });

  it("is a picture where the value says that it is one, whatever its fields are called", () => {
    const picture = { where: "https://x.example/p", form: "image/png", wide: 4 };
    expect(formOf(picture)).toMatchObject({ name: "picture", url: "https://x.example/p" });
    expect(formOf("data:image/png;base64,AAAA").name).toBe("picture");
    expect(formOf([picture, picture])).toMatchObject({
      name: "items",
      items: [{ value: picture }, { value: picture }],
    });
    expect(formOf({ url: "https://x.example/p" }).name).toBe("group");
    expect(formOf({ url: "javascript:alert(1)", content_type: "image/png" }).name).toBe("group");
    expect(formOf("data:text/html,<script>").name).toBe("text");
  });

  it("depends on no field's name", () => {
    for (const value of [1, "x", null, [], [1], { a: 1 }])
      for (const name of ["suggestions", "chapters", "images", "result", "__proto__", "constructor"])
        expect(formOf(JSON.parse(`{${JSON.stringify(name)}: ${JSON.stringify(value)}}`))).toEqual({
          name: "group",
          parts: [{ key: name, label: sentence(name), value }],
        });
  });

  it("has its name as a heading, or the title that the schema gives it", () => {
    expect(sentence("too_few_facts")).toBe("Too few facts");
    expect(sentence("")).toBe("");
    const schema: JsonSchema = {
      properties: {
        per_day: {
          type: "array",
          title: "Each day",
          items: { type: "object", properties: { n: { title: "Number" } } },
        },
        when: { anyOf: [{ type: "string", format: "date", title: "Day" }, { type: "null" }] },
      },
    };
    const form = formOf({ per_day: [{ n: 1 }], when: null, other: 1 }, schema);
    expect(form).toMatchObject({ parts: [{ label: "Each day" }, { label: "Day" }, { label: "Other" }] });
    expect(formOf([{ n: 1 }], schema.properties?.per_day)).toMatchObject({ columns: [{ label: "Number" }] });
  });

  it("is a date where the schema says so and the value is one", () => {
    const date = { anyOf: [{ type: "string", format: "date" }, { type: "null" }] };
    expect(formOf("2027-05-14", date)).toEqual({ name: "moment", text: "14 May 2027", at: "2027-05-14" });
    expect(formOf("2027-05-14T08:30:00Z", { type: "string", format: "date-time" })).toMatchObject({ name: "moment" });
    for (const value of ["soon", "2027-99-99", "1"])
      expect(formOf(value, date)).toEqual({ name: "text", paragraphs: [value] });
    expect(formOf("2027-05-14").name).toBe("text");
    expect(formOf([{ on: "2027-05-14" }], { items: { properties: { on: date } } })).toMatchObject({
      rows: [["14 May 2027"]],
    });
  });

  it("follows of several forms the one that the value has", () => {
    const schema: JsonSchema = {
      oneOf: [
        { type: "object", properties: { form: { const: "a" }, x: { title: "Of a" } } },
        { type: "object", properties: { form: { const: "b" }, x: { title: "Of b" } } },
      ],
    };
    expect(formOf({ form: "b", x: 1 }, schema)).toMatchObject({ parts: [{ label: "Form" }, { label: "Of b" }] });
    expect(formOf({ form: "c", x: 1 }, schema)).toMatchObject({ parts: [{ label: "Form" }, { label: "X" }] });
  });

  it("is one that the schema does not have, whatever the schema says", () => {
    const schemas = [
      { type: "string", format: "date" },
      { type: "array", items: { type: "integer" } },
      { anyOf: [] },
      {},
    ];
    const values = [1, "x", true, null, [], [1], ["x", [1]], { a: { b: [1] } }, [{ a: 1 }, 2]];
    for (const schema of schemas) for (const value of values) expect(() => formOf(value, schema)).not.toThrow();
    expect(formOf([{ a: 1 }], { type: "string" }).name).toBe("table");
  });

  it("is JSON where it is nested too deep to be drawn", () => {
    let value: unknown = ["end"];
    for (let level = 0; level < 500; level += 1) value = { inner: value };
    expect(formOf(value, undefined, 8).name).toBe("group");
    expect(formOf(value, undefined, 9).name).toBe("json");
  });

  it("stands beside its label where it is short", () => {
    for (const value of [1, true, null, "A few words."]) expect(isShort(formOf(value))).toBe(true);
    for (const value of ["long ".repeat(30), "One.\n\nTwo.", [1], { a: 1 }]) expect(isShort(formOf(value))).toBe(false);
  });
});
