// Chooses how to show a value of any output: as a picture, a text, a date, a table, a list or a group. Pure. Uses the
// value and its schema, never the field's name.

import type { JsonSchema } from "unstuck-client";
import { dateOf, fullMoment } from "../format";
import { sentence } from "../forms/fields";
import { simplified } from "../forms/simplified";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

export type Form =
  | { name: "nothing" }
  | { name: "word"; text: string }
  | { name: "moment"; text: string; at: string }
  | { name: "text"; paragraphs: string[] }
  | { name: "picture"; url: string; alt: string }
  | { name: "list"; items: string[] }
  | { name: "table"; columns: Column[]; rows: string[][] }
  | { name: "items"; items: Part[] }
  | { name: "group"; parts: Part[] }
  | { name: "json"; text: string };

/** `label` is empty for an entry of a list. */
export interface Part {
  key: string;
  label: string;
  value: Json;
  schema: JsonSchema | undefined;
}

export interface Column {
  key: string;
  label: string;
  isNumber: boolean;
}

const MOST_COLUMNS = 6;
const LONGEST_CELL = 200;
const LONGEST_WORD = 120;
/** Deeper values are shown as JSON. */
const DEEPEST = 8;

export function formOf(value: unknown, schema?: JsonSchema, depth = 0): Form {
  if (value === null || value === undefined || value === "") return { name: "nothing" };
  const form = schemaFor(value as Json, schema);
  if (typeof value === "string") return ofText(value, form);
  if (typeof value === "boolean") return { name: "word", text: value ? "Yes" : "No" };
  if (typeof value !== "object") return { name: "word", text: String(value) };
  if (isEmpty(value)) return { name: "nothing" };
  if (depth > DEEPEST) return { name: "json", text: JSON.stringify(value) };
  return Array.isArray(value) ? ofList(value as Json[], form) : ofObject(value as JsonObject, form);
}

/** Whether a value is short enough to be shown beside its label. */
export function isShort(form: Form): boolean {
  if (form.name === "text") return form.paragraphs.length === 1 && (form.paragraphs[0] ?? "").length <= LONGEST_WORD;
  return form.name === "nothing" || form.name === "word" || form.name === "moment";
}

/** The part of a schema that describes this value: of several variants, the one that has all of its fields. */
function schemaFor(value: Json, schema: JsonSchema | undefined): JsonSchema {
  if (schema === undefined) return {};
  const { form } = simplified(schema);
  if (form.anyOf === undefined) return form;
  const { anyOf, ...about } = form;
  const fits = anyOf.find((one) => isOf(value, simplified(one).form));
  return fits === undefined ? about : { ...simplified(fits).form, ...about };
}

function isOf(value: Json, { type, properties = {} }: JsonSchema): boolean {
  if (Array.isArray(value)) return type === "array";
  if (!isObject(value)) return type === (typeof value === "number" ? "number" : typeof value);
  return Object.entries(value).every(([name, part]) => {
    if (!Object.hasOwn(properties, name)) return false;
    const only = properties[name]?.const;
    return only === undefined || only === part;
  });
}

function ofText(value: string, { format }: JsonSchema): Form {
  if (/^data:image\/(png|jpeg|webp|gif);base64,/.test(value)) return { name: "picture", url: value, alt: "A picture" };
  const moment = momentIn(value, format);
  if (moment !== undefined) return { name: "moment", text: moment, at: value };
  const paragraphs = value.split(/\n{2,}/).filter((paragraph) => paragraph.trim() !== "");
  return paragraphs.length === 0 ? { name: "nothing" } : { name: "text", paragraphs };
}

/** A date or a moment in words; undefined if its schema says otherwise, or it is unreadable. */
function momentIn(value: string, format: string | undefined): string | undefined {
  if ((format !== "date" && format !== "date-time") || !/^\d{4}-\d\d-\d\d/.test(value)) return undefined;
  if (Number.isNaN(Date.parse(value))) return undefined;
  return format === "date" ? dateOf(value) : fullMoment(value);
}

function ofList(value: Json[], schema: JsonSchema): Form {
  const schemaAt = (place: number): JsonSchema | undefined => schema.prefixItems?.[place] ?? schema.items;
  if (value.every(isScalar)) return { name: "list", items: value.map((item, place) => wordOf(item, schemaAt(place))) };
  return (
    ofTable(value, schema.items) ?? {
      name: "items",
      items: value.map((item, place) => ({ key: String(place), label: "", value: item, schema: schemaAt(place) })),
    }
  );
}

/** A table, if each entry is an object of few short values, and none is a picture. */
function ofTable(value: Json[], schema: JsonSchema | undefined): Form | undefined {
  if (!value.every(isObject)) return undefined;
  const keys = [...new Set(value.flatMap((row) => Object.keys(row)))];
  if (keys.length === 0 || keys.length > MOST_COLUMNS) return undefined;
  if (!value.every((row) => Object.values(row).every(isCell) && pictureIn(row) === undefined)) return undefined;
  const columns = keys.map((key) => {
    const cells = value.map((row) => own(row, key)).filter((cell) => cell !== null);
    const isExact = simplified(property(schema && simplified(schema).form, key) ?? {}).form.exact === true;
    return { key, label: labelOf(key, schema), isNumber: isExact || cells.every((cell) => typeof cell === "number") };
  });
  const rows = value.map((row) => keys.map((key) => wordOf(own(row, key), property(schemaFor(row, schema), key))));
  return { name: "table", columns, rows };
}

function ofObject(value: JsonObject, schema: JsonSchema): Form {
  const picture = pictureIn(value);
  if (picture !== undefined) return { name: "picture", url: picture, alt: "A picture" };
  return { name: "group", parts: partsOf(value, schema) };
}

/** The fields of an object, in its own order, with the schema's labels. */
export function partsOf(value: Readonly<Record<string, unknown>>, schema: JsonSchema | undefined): Part[] {
  return Object.entries(value).map(([key, part]) => ({
    key,
    label: labelOf(key, schema),
    value: part as Json,
    schema: property(schema, key),
  }));
}

function property(schema: JsonSchema | undefined, name: string): JsonSchema | undefined {
  const properties = schema?.properties ?? {};
  if (Object.hasOwn(properties, name)) return properties[name];
  return typeof schema?.additionalProperties === "object" ? schema.additionalProperties : undefined;
}

function labelOf(name: string, schema: JsonSchema | undefined): string {
  const known = Object.hasOwn(schema?.properties ?? {}, name) ? property(schema, name) : undefined;
  return (known && simplified(known).form.title) ?? sentence(name);
}

/** The URL of a value that declares itself a picture: one URL, and one media type of pictures. */
function pictureIn(value: JsonObject): string | undefined {
  const texts = Object.values(value).filter((part) => typeof part === "string");
  const isPicture = texts.some((text) => /^image\/(png|jpeg|webp|gif)$/.test(text));
  return isPicture ? texts.find((text) => /^https?:\/\//.test(text)) : undefined;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

function isScalar(value: Json): value is null | boolean | number | string {
  return (typeof value !== "object" || value === null) && !(typeof value === "string" && value.startsWith("data:"));
}

function isCell(value: Json): boolean {
  if (Array.isArray(value)) return value.every(isScalar) && wordOf(value, undefined).length <= LONGEST_CELL;
  return isScalar(value) && String(value).length <= LONGEST_CELL;
}

function wordOf(value: Json, schema: JsonSchema | undefined): string {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  const form = schemaFor(value, schema);
  if (Array.isArray(value)) return value.map((item) => wordOf(item, form.items)).join(", ");
  return (typeof value === "string" ? momentIn(value, form.format) : undefined) ?? String(value);
}

function own(row: JsonObject, column: string): Json {
  return Object.hasOwn(row, column) ? (row[column] ?? null) : null;
}
