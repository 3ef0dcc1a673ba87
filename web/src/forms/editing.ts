// Edits of one suggestion, whatever fields its kind has: the typed values, their faults, and the body to send.

import type { JsonSchema } from "unstuck-client";
import { check, type Faults } from "./faults";
import { type Field, fieldOf } from "./fields";
import { isExpressed, jsonOf, member, same, typedOf, type Values } from "./typed";

export type Fields = Readonly<Record<string, unknown>>;

/** The fields to edit, in the schema's order. If a form field would change a value, it is edited as JSON. */
export function editFields(schema: JsonSchema | undefined, fields: Fields): Field[] {
  const { properties = {}, required = [] } = schema ?? schemaOf(fields);
  return Object.entries(properties).map(([name, property]) => {
    const field = fieldOf(name, property, required.includes(name));
    const value = fields[name];
    if (!isExpressed(field, value)) return plainly(field, value);
    // A short text may become a long one here.
    return field.control === "text" ? { ...field, control: "longText" } : field;
  });
}

function plainly(field: Field, value: unknown): Field {
  return { ...field, control: typeof value === "string" ? "longText" : "json", options: [], parts: [] };
}

/** A schema guessed from the values alone: it only says which fields exist. */
function schemaOf(fields: Fields): JsonSchema {
  const form = (value: unknown): JsonSchema => (typeof value === "string" ? { type: "string" } : {});
  return { properties: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, form(value)])) };
}

/** A suggestion's fields as the form shows them. */
export function typedFields(fields: readonly Field[], values: Fields): Values {
  return Object.fromEntries(fields.map((field) => [field.name, typedOf(field, values[field.name])]));
}

const MAY_BE_EMPTY: ReadonlySet<string> = new Set(["longText", "lines", "list"]);

/** The faults of the typed values. Untouched fields have none. */
export function editFaults(fields: readonly Field[], values: Values, before: Values): Faults {
  const needed = changed(fields, values, before).map((field) =>
    MAY_BE_EMPTY.has(field.control) ? field : { ...field, required: true },
  );
  return check(needed, values);
}

/** The changed fields, as they are sent. */
export function editOf(fields: readonly Field[], values: Values, before: Values): Record<string, unknown> {
  const sent = (field: Field): unknown => {
    const value = jsonOf(field, member(values, field.name));
    if (value !== undefined) return field.control === "longText" ? ((value as string | null)?.trim() ?? null) : value;
    if (field.nullable) return null;
    return field.control === "longText" ? "" : [];
  };
  return Object.fromEntries(changed(fields, values, before).map((field) => [field.name, sent(field)]));
}

function changed(fields: readonly Field[], values: Values, before: Values): Field[] {
  return fields.filter(({ name }) => !same(member(values, name), member(before, name)));
}
