// The subject of the form tests: a schema with everything in it.

import type { JsonSchema } from "unstuck-client";

// As pydantic writes it, with resolved references.
export const GUEST: JsonSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    name: { type: "string", minLength: 1, maxLength: 20 },
    age: { anyOf: [{ type: "integer", minimum: 0, maximum: 120 }, { type: "null" }], default: null },
    meal: { type: "string", enum: ["meat", "plants"], default: "plants" },
  },
  required: ["name"],
};
export const PARTY: JsonSchema = {
  type: "object",
  properties: {
    kind: { const: "party" },
    on: { type: "string", format: "date", title: "Day" },
    guests: { type: "array", items: GUEST, minItems: 1, maxItems: 3 },
    place: {
      discriminator: { propertyName: "form", mapping: {} },
      oneOf: [
        { type: "object", properties: { form: { const: "house" }, rooms: { type: "integer" } }, required: ["form"] },
        {
          type: "object",
          properties: { form: { const: "garden" }, has_tent: { type: "boolean", default: false } },
          required: ["form"],
        },
      ],
    },
    host: { anyOf: [GUEST, { type: "null" }], default: null },
    songs: { type: "array", items: { type: "string", maxLength: 40 }, maxItems: 2, default: [] },
    prizes: { type: "array", items: { type: "integer", exclusiveMinimum: 0 }, default: [] },
    budget: {
      anyOf: [
        { type: "number", exclusiveMinimum: 0 },
        { type: "string", pattern: "^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d*$" },
      ],
    },
    table: { type: "object", additionalProperties: { type: "integer" }, default: {} },
    corner: { type: "array", prefixItems: [{ type: "integer" }, { type: "string" }], minItems: 2, maxItems: 2 },
    grade: { enum: [1, 2, 3], type: "integer", default: 2 },
    opens_at: { anyOf: [{ type: "string", format: "date-time" }, { type: "null" }], default: null },
  },
  required: ["on", "guests", "place", "budget", "corner"],
};
