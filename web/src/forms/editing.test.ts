import type { JsonSchema } from "unstuck-client";
import { expect, it } from "vitest";
import { editFaults, editFields, editOf, typedFields } from "./editing";

const QUIZ: JsonSchema = {
  properties: {
    question: { type: "string", minLength: 1, maxLength: 20 },
    options: { type: "array", items: { type: "string" }, minItems: 2 },
    answer: { type: "integer", minimum: 0 },
    explanation: { anyOf: [{ type: "string" }, { type: "null" }] },
    source: { type: "object", properties: { page: { type: "integer" } } },
    hard: { type: "boolean" },
  },
  required: ["question", "options", "answer"],
};
const VALUES = { question: "Why?", options: ["a", "b"], answer: 0, explanation: null, source: { page: 3 }, hard: true };
const fields = editFields(QUIZ, VALUES);
const before = typedFields(fields, VALUES);

it("puts each field as text, a list a line each, an object field by field", () => {
  expect(before).toEqual({
    question: "Why?",
    options: "a\nb",
    answer: "0",
    explanation: "",
    source: { page: "3" },
    hard: "true",
  });
  expect(fields.map(({ name }) => name)).toEqual(Object.keys(VALUES));
});

it("sends only what was changed, in the form that the field has", () => {
  expect(editOf(fields, before, before)).toEqual({});
  const typed = {
    ...before,
    options: "a\n\nc ",
    answer: "1",
    explanation: "So.",
    source: { page: "4" },
    hard: "false",
  };
  expect(editOf(fields, typed, before)).toEqual({
    options: ["a", "c"],
    answer: 1,
    explanation: "So.",
    source: { page: 4 },
    hard: false,
  });
  expect(editOf(fields, { ...before, explanation: "" }, { ...before, explanation: "So." })).toEqual({
    explanation: null,
  });
});

it("says what is wrong with what was changed, counted in characters", () => {
  expect(editFaults(fields, { ...before, question: "🙂".repeat(20) }, before)).toEqual({});
  const typed = { ...before, question: "🙂".repeat(21), options: "a", answer: "x", source: { page: "one" } };
  expect(editFaults(fields, typed, before)).toEqual({
    question: "1 character too many. Enter at most 20.",
    options: "At least 2 lines.",
    answer: "Enter a number.",
    "source.page": "Enter a number.",
  });
  expect(editFaults(fields, { ...before, question: " " }, before)).toEqual({ question: "This field is required." });
});

it("takes the fields as they are where the schema is not known", () => {
  const bare = editFields(undefined, VALUES);
  const typed = typedFields(bare, VALUES);
  expect(editOf(bare, { ...typed, question: "How?", answer: "2" }, typed)).toEqual({ question: "How?", answer: 2 });
});
