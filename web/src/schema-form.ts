// Makes a form of a kind's JSON Schema: which fields it has, what is wrong with what was typed, and the body to send.
// Knows the few forms of schema that the service's documents hold, and shows any other as a line of text.

import type { JsonSchema } from "unstuck-client";
import { count, counted, lettersIn } from "./format";

export type Control = "text" | "longText" | "secret" | "number" | "choice" | "switch" | "list";

export interface Field {
  name: string;
  label: string;
  control: Control;
  required: boolean;
  /** Whether every kind has it: the model and the caller's own labels, not what the kind works on. */
  common: boolean;
  hint: string;
  initial: string;
  options: readonly string[];
  whole: boolean;
  pattern?: string;
  shortest?: number;
  longest?: number;
  least?: number;
  most?: number;
  fewestItems?: number;
  mostItems?: number;
}

/** What was typed, by the name of the field: text as it stands, a list with an entry on each line. */
export type Values = Record<string, string>;
export type Faults = Record<string, string>;

const COMMON = new Set(["model", "prompt_version", "session_id", "user_provided_key"]);
/** Set by the code that sends: the kind is chosen above the form, and the hook makes the client_id. */
const NOT_ASKED = new Set(["kind", "client_id"]);
const LONG_TEXT = 200;

const LABELS: Record<string, string> = {
  source_text: "Text",
  user_provided_key: "Your own key for the model",
  session_id: "Session",
  prompt_version: "Version of the prompt",
  aspect_ratio: "Aspect ratio",
};
const HINTS: Record<string, string> = {
  session_id: "A label of your own. The feed is grouped by it.",
  language: "A language tag, as de or pt-BR. Left out, it follows from the text.",
  model: "Left out, it is the deployment's own.",
};

/** The fields in the order in which to ask for them: required first, what every kind has last. */
export function fieldsOf(schema: JsonSchema): Field[] {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {})
    .filter(([name]) => !NOT_ASKED.has(name))
    .map(([name, property]) => fieldOf(name, property, required.has(name)));
  const rank = (field: Field): number => (field.required ? 0 : field.common ? 2 : 1);
  return fields.sort((one, other) => rank(one) - rank(other));
}

function fieldOf(name: string, property: JsonSchema, required: boolean): Field {
  const form = withoutNull(property);
  const options = (form.enum ?? []).filter((option) => option !== null).map(String);
  return {
    name,
    label: LABELS[name] ?? sentence(name),
    control: controlOf(form, options),
    required,
    common: COMMON.has(name),
    hint: property.description ?? HINTS[name] ?? "",
    initial: property.default === undefined || property.default === null ? "" : String(property.default),
    options,
    whole: form.type === "integer",
    ...bounds(form),
  };
}

function bounds(form: JsonSchema): Partial<Field> {
  return {
    ...(form.pattern !== undefined && { pattern: form.pattern }),
    ...(form.minLength !== undefined && { shortest: form.minLength }),
    ...(form.maxLength !== undefined && { longest: form.maxLength }),
    ...(form.minimum !== undefined && { least: form.minimum }),
    ...(form.maximum !== undefined && { most: form.maximum }),
    ...(form.minItems !== undefined && { fewestItems: form.minItems }),
    ...(form.maxItems !== undefined && { mostItems: form.maxItems }),
  };
}

function controlOf(form: JsonSchema, options: readonly string[]): Control {
  if (options.length > 0) return "choice";
  if (form.format === "password") return "secret";
  if (form.type === "integer" || form.type === "number") return "number";
  if (form.type === "boolean") return "switch";
  if (form.type === "array") return "list";
  return (form.maxLength ?? 0) > LONG_TEXT ? "longText" : "text";
}

/** What may be left out is written as a choice between itself and null. */
function withoutNull(property: JsonSchema): JsonSchema {
  const choices = property.anyOf?.filter((choice) => choice.type !== "null");
  return choices?.[0] ?? property;
}

function sentence(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function initialValues(fields: readonly Field[]): Values {
  return Object.fromEntries(fields.map((field) => [field.name, field.initial]));
}

/** What is wrong with what was typed, by field; nothing of a field that is right. */
export function check(fields: readonly Field[], values: Values): Faults {
  const faults: Faults = {};
  for (const field of fields) {
    const fault = faultOf(field, values[field.name] ?? "");
    if (fault !== null) faults[field.name] = fault;
  }
  return faults;
}

function faultOf(field: Field, typed: string): string | null {
  if (typed.trim() === "") return field.required ? "This is needed." : null;
  if (field.control === "number") return faultOfNumber(field, typed);
  if (field.control === "list") return faultOfList(field, lines(typed));
  return faultOfText(field, typed);
}

function faultOfNumber(field: Field, typed: string): string | null {
  const value = Number(typed);
  if (!Number.isFinite(value)) return "This has to be a number.";
  if (field.whole && !Number.isInteger(value)) return "This has to be a whole number.";
  if (field.least !== undefined && value < field.least) return `At least ${count(field.least)}.`;
  if (field.most !== undefined && value > field.most) return `At most ${count(field.most)}.`;
  return null;
}

function faultOfText(field: Field, typed: string): string | null {
  const letters = lettersIn(typed);
  if (field.shortest !== undefined && letters < field.shortest) {
    return `${counted(field.shortest - letters, "character")} too few: at least ${count(field.shortest)} are needed.`;
  }
  if (field.longest !== undefined && letters > field.longest) {
    return `${counted(letters - field.longest, "character")} too many: at most ${count(field.longest)} fit.`;
  }
  if (field.pattern !== undefined && !new RegExp(field.pattern, "u").test(typed.trim())) {
    return "This does not have the form that is expected here.";
  }
  return null;
}

function faultOfList(field: Field, entries: string[]): string | null {
  if (field.fewestItems !== undefined && entries.length < field.fewestItems) {
    return `At least ${counted(field.fewestItems, "line")}.`;
  }
  if (field.mostItems !== undefined && entries.length > field.mostItems) {
    return `At most ${counted(field.mostItems, "line")}.`;
  }
  return null;
}

function lines(typed: string): string[] {
  return typed
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** The body to send: what was left empty, or stands as it stood, is left out. */
export function bodyOf(fields: readonly Field[], values: Values): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const field of fields) {
    const typed = values[field.name] ?? "";
    if (typed.trim() === "" || (!field.required && typed === field.initial)) continue;
    body[field.name] = sentValue(field, typed);
  }
  return body;
}

function sentValue(field: Field, typed: string): unknown {
  if (field.control === "number") return Number(typed);
  if (field.control === "switch") return typed === "true";
  if (field.control === "list") return lines(typed);
  return field.control === "longText" ? typed : typed.trim();
}

/** The service's own list of faults, at the fields that they are about; what is about none of them is under "". */
export function faultsFrom(errors: readonly { field: string; message: string }[], fields: readonly Field[]): Faults {
  const known = new Set(fields.map((field) => field.name));
  const faults: Faults = {};
  for (const error of errors) {
    const name = error.field.split(".")[0] ?? "";
    const place = known.has(name) ? name : "";
    const said = place === "" ? `${error.field}: ${error.message}` : error.message;
    faults[place] = faults[place] === undefined ? said : `${faults[place]} ${said}`;
  }
  return faults;
}
