// Edits of one suggestion, whichever fields its kind has: what is typed for each, what is wrong with it, what to send.

import type { JsonSchema } from "unstuck-client";
import { check, type Faults, type Field, fieldsOf, type Values } from "./schema-form";

/** What is neither a text, a number, a truth nor a list of texts is typed as JSON. */
export interface EditField extends Field {
  json: boolean;
  nullable: boolean;
}

export type Fields = Readonly<Record<string, unknown>>;

/** The fields to edit, in the order of the schema; without one in that of the suggestion, with no bounds. */
export function editFields(schema: JsonSchema | undefined, fields: Fields): EditField[] {
  const known = schema ?? { properties: Object.fromEntries(Object.keys(fields).map((name) => [name, {}])) };
  const order = Object.keys(known.properties ?? {});
  return fieldsOf(known)
    .map((field) => {
      const property = known.properties?.[field.name] ?? {};
      return { ...field, json: isJson(property, fields[field.name]), nullable: allowsNull(property) };
    })
    .sort((one, other) => order.indexOf(one.name) - order.indexOf(other.name));
}

function isJson(property: JsonSchema, value: unknown): boolean {
  const form = property.anyOf?.filter(({ type }) => type !== "null")[0] ?? property;
  if (form.type === "object" || form.properties !== undefined) return true;
  if (form.type === "array") return form.items?.type !== "string";
  return form.type === undefined && form.enum === undefined && value !== null && typeof value !== "string";
}

function allowsNull(property: JsonSchema): boolean {
  return property.anyOf?.some(({ type }) => type === "null") ?? false;
}

/** A suggestion's fields as they stand in the form. */
export function typedOf(fields: readonly EditField[], values: Fields): Values {
  return Object.fromEntries(fields.map((field) => [field.name, typed(field, values[field.name])]));
}

function typed(field: EditField, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (field.json) return JSON.stringify(value, null, 2);
  return Array.isArray(value) ? value.join("\n") : String(value);
}

/** What is wrong with what was typed, by field; nothing of a field that was not touched. */
export function editFaults(fields: readonly EditField[], values: Values, before: Values): Faults {
  const touched = fields.filter(({ name }) => values[name] !== before[name]);
  const broken = touched.filter(({ name, json }) => json && parsed(values[name] ?? "") === undefined);
  return {
    ...check(
      touched.filter(({ json }) => !json).map((field) => ({ ...field, required: field.required && !field.nullable })),
      values,
    ),
    ...Object.fromEntries(broken.map(({ name }) => [name, "This has to be JSON."])),
  };
}

/** The fields that were changed, as they are sent. */
export function editOf(fields: readonly EditField[], values: Values, before: Values): Record<string, unknown> {
  const changed = fields.filter(({ name }) => values[name] !== before[name]);
  return Object.fromEntries(changed.map((field) => [field.name, sent(field, values[field.name] ?? "")]));
}

function sent(field: EditField, text: string): unknown {
  if (text.trim() === "" && field.nullable) return null;
  if (field.json) return parsed(text);
  if (field.control === "number") return Number(text);
  if (field.control === "switch") return text === "true";
  if (field.control === "list") return text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
  return text.trim();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
