// Converts between a form's input and its JSON, both ways. The input is a tree of texts, in the shape of the fields.

import type { Field } from "./fields";

/**
 * A field's text; a list of entries; a group's parts by name; or a union's `chosen` variant with its input. The empty
 * text is an omitted group or union.
 */
export type Typed = string | Typed[] | { [name: string]: Typed };
export type Values = { [name: string]: Typed };

export function initialValues(fields: readonly Field[]): Values {
  return Object.fromEntries(fields.map((field) => [field.name, startOf(field)]));
}

/** A field's content before any input: its default, otherwise empty. Required groups are open. */
export function startOf(field: Field): Typed {
  if (field.initial !== undefined && field.initial !== null && isExpressed(field, field.initial))
    return typedOf(field, field.initial);
  if (!field.required || field.nullable) return emptyOf(field);
  return field.control === "choice" && field.options.length === 1 ? (field.options[0]?.key ?? "") : openOf(field);
}

function emptyOf(field: Field): Typed {
  return field.control === "list" ? [] : "";
}

/** A group, list or union that is ready for input. */
export function openOf(field: Field): Typed {
  const { control, item, parts, fewestItems = 0 } = field;
  if (control === "group") return initialValues(parts);
  if (control === "list" && item !== undefined) return Array.from({ length: fewestItems }, () => openOf(item));
  if (control === "union" && parts[0] !== undefined) return { chosen: "0", 0: openOf(parts[0]) };
  if (field.initial === undefined || field.initial === null) return "";
  return isExpressed(field, field.initial) ? typedOf(field, field.initial) : "";
}

export function member(typed: Typed | undefined, name: string): Typed {
  if (typeof typed !== "object" || Array.isArray(typed)) return "";
  return Object.hasOwn(typed, name) ? (typed[name] ?? "") : "";
}

export function entries(typed: Typed | undefined): Typed[] {
  return Array.isArray(typed) ? typed : [];
}

export function text(typed: Typed | undefined): string {
  return typeof typed === "string" ? typed : "";
}

/** The chosen variant of a union, and its place; undefined if the union is omitted. */
export function chosen(
  field: Field,
  typed: Typed | undefined,
): { place: string; part: Field; typed: Typed } | undefined {
  const place = text(member(typed, "chosen"));
  const part = place === "" ? undefined : field.parts[Number(place)];
  return part && { place, part, typed: member(typed, place) };
}

export function isBlank(field: Field, typed: Typed | undefined): boolean {
  if (field.control === "list") return entries(typed).length === 0;
  if (field.control === "union") return chosen(field, typed) === undefined;
  return field.control === "group" ? typeof typed !== "object" : text(typed).trim() === "";
}

export function lines(typed: string): string[] {
  return typed
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** The body to send: omits empty and unchanged fields. */
export function bodyOf(fields: readonly Field[], values: Values): Record<string, unknown> {
  const body: [string, unknown][] = [];
  for (const field of fields) {
    const typed = member(values, field.name);
    if (!field.required && same(typed, startOf(field))) continue;
    const value = jsonOf(field, typed);
    if (value !== undefined) body.push([field.name, value]);
  }
  return Object.fromEntries(body);
}

/** The JSON of the input; undefined if it is omitted. */
export function jsonOf(field: Field, typed: Typed | undefined): unknown {
  if (isBlank(field, typed)) return ofNothing(field);
  const { item, parts, fixed } = field;
  switch (field.control) {
    case "list":
      return entries(typed).map((entry) => (item === undefined ? null : (jsonOf(item, entry) ?? null)));
    case "lines":
      return lines(text(typed)).map((line) => (item === undefined ? line : jsonOf(item, line)));
    case "union": {
      const found = chosen(field, typed);
      return found && jsonOf(found.part, found.typed);
    }
    case "group": {
      const values = parts.map((part) => [part.name, jsonOf(part, member(typed, part.name))] as const);
      if (field.positional) return values.map(([, value]) => value ?? null);
      return { ...fixed, ...Object.fromEntries(values.filter(([, value]) => value !== undefined)) };
    }
    default:
      return ofText(field, text(typed));
  }
}

/** The value to send for an empty field: none, if the service then uses the default. */
function ofNothing(field: Field): unknown {
  const { control, initial, required, nullable } = field;
  const isDefault = !required && (initial === undefined || initial === null);
  if (control === "list" || control === "lines") return isDefault ? undefined : required && nullable ? null : [];
  if (isDefault) return undefined;
  if (nullable) return null;
  const mayBeEmpty = control === "text" || control === "longText";
  return mayBeEmpty && !required && (field.shortest ?? 0) === 0 && field.pattern === undefined ? "" : undefined;
}

function ofText(field: Field, typed: string): unknown {
  switch (field.control) {
    case "number":
      return field.exact ? typed.trim() : Number(typed);
    case "switch":
      return typed === "true";
    case "choice":
      return field.options.find(({ key }) => key === typed)?.value;
    case "dateTime":
      return Number.isNaN(Date.parse(typed)) ? typed : new Date(typed).toISOString();
    case "json":
      return parsed(typed);
    case "longText":
      return typed;
    default:
      return typed.trim();
  }
}

/** Undefined if it is not JSON. */
export function parsed(typed: string): unknown {
  try {
    return JSON.parse(typed) as unknown;
  } catch {
    return undefined;
  }
}

/** The form's input for a value. It keeps as much of the value as the form can express. */
export function typedOf(field: Field, value: unknown): Typed {
  if (value === undefined || value === null) return emptyOf(field);
  const { item, parts } = field;
  switch (field.control) {
    case "json":
      return JSON.stringify(value, null, 2);
    case "list":
      return Array.isArray(value) && item !== undefined ? value.map((entry) => typedOf(item, entry)) : [];
    case "lines":
      return Array.isArray(value) ? value.map(String).join("\n") : "";
    case "union": {
      const place = parts.findIndex((part) => isExpressed(part, value));
      const part = parts[place];
      return part === undefined ? "" : { chosen: String(place), [place]: typedOf(part, value) };
    }
    case "group":
      return Object.fromEntries(parts.map((part) => [part.name, typedOf(part, partOf(value, part.name))]));
    case "choice":
      return field.options.find((option) => option.value === value)?.key ?? "";
    case "dateTime":
      return localTime(String(value));
    case "date":
      return DATE.test(String(value)) ? String(value) : "";
    case "time":
      return TIME.test(String(value)) ? String(value) : "";
    default:
      return typeof value === "object" ? "" : String(value);
  }
}

/** The format that a browser's own controls accept. */
const DATE = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/;

function partOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

/** Whether the form returns a value unchanged. */
export function isExpressed(field: Field, value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return same(jsonOf(field, typedOf(field, value)), value);
}

/** A moment in the format of the browser's control: in this machine's time zone, without naming it. */
function localTime(moment: string): string {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return "";
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 23);
  return local.replace(/(:00)?\.000$/, "");
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3}0*)?)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Whether two values are the same JSON. An absent field equals null, and a moment equals itself in another time zone.
 */
export function same(one: unknown, other: unknown): boolean {
  if (one === other || (isNothing(one) && isNothing(other))) return true;
  if (typeof one === "string" && typeof other === "string")
    return MOMENT.test(one) && MOMENT.test(other) && Date.parse(one) === Date.parse(other);
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  if (Array.isArray(one) && one.length !== (other as unknown[]).length) return false;
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((name) =>
    same(partOf(one, name), partOf(other, name)),
  );
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}
