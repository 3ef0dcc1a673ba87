// Reads a JSON Schema into the fields of a form, each with its control, label and limits. Parts that a form cannot
// express become a field of JSON. Knows nothing of the input.

import type { JsonSchema } from "unstuck-client";
import { numbered, simplified } from "./simplified";

/** `lines` is a list of short texts or numbers, one entry per line; `list` is any other, entry by entry. */
export type Control =
  | "text"
  | "longText"
  | "secret"
  | "number"
  | "choice"
  | "switch"
  | "date"
  | "dateTime"
  | "time"
  | "lines"
  | "list"
  | "group"
  | "union"
  | "json";

export interface Field {
  name: string;
  label: string;
  control: Control;
  required: boolean;
  /** Whether null is a valid value. */
  nullable: boolean;
  /** Whether all kinds have it: the model and the caller's own labels, not the kind's input. */
  common: boolean;
  hint: string;
  /** The schema's default, as JSON; undefined if there is none. */
  initial: unknown;
  options: readonly Option[];
  /** The fields of a group, or the variants of a union. */
  parts: readonly Field[];
  /** The parts of a group that can have only one value, so the form does not ask for them. */
  fixed: Readonly<Record<string, unknown>>;
  /** Whether a group is sent as a list of its parts. */
  positional: boolean;
  /** One entry of a list. */
  item?: Field;
  whole: boolean;
  /** Whether a number is sent as text, so that no digit is lost. */
  exact: boolean;
  pattern?: string;
  shortest?: number;
  longest?: number;
  least?: number;
  above?: number;
  most?: number;
  below?: number;
  multipleOf?: number;
  fewestItems?: number;
  mostItems?: number;
}

export interface Option {
  key: string;
  value: unknown;
}

const COMMON = new Set(["model", "prompt_version", "session_id", "user_provided_key"]);
/** Set by the code that sends: the kind is chosen above the form, and the hook makes the client_id. */
const NOT_ASKED = new Set(["kind", "client_id"]);
const LONG_TEXT = 200;
const DEEPEST = 5;

/** The labels of the fields that all kinds have. A kind's own fields have titles and descriptions. */
const LABELS: Record<string, string> = {
  user_provided_key: "Your own key for the model provider",
  session_id: "Session",
  prompt_version: "Version of the prompt",
};
const HINTS: Record<string, string> = {
  session_id: "A label of your own. The feed groups by it.",
  model: "Default: the deployment's model.",
};

/** The fields of a create in the order of the form: required ones first, those of all kinds last. */
export function fieldsOf(schema: JsonSchema): Field[] {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {})
    .filter(([name]) => !NOT_ASKED.has(name))
    .map(([name, property]) => {
      const field = fieldOf(name, property, required.has(name));
      if (!COMMON.has(name)) return field;
      return { ...field, common: true, label: LABELS[name] ?? field.label, hint: field.hint || (HINTS[name] ?? "") };
    });
  const rank = (field: Field): number => (field.required ? 0 : field.common ? 2 : 1);
  return fields.sort((one, other) => rank(one) - rank(other));
}

/** One field. Below `depth` levels it is a field of JSON, whatever it holds. */
export function fieldOf(name: string, property: JsonSchema, required: boolean, depth = 0): Field {
  const { form, nullable } = simplified(property);
  const bare: Field = {
    name,
    label: form.title ?? sentence(name),
    control: "json",
    required,
    nullable,
    common: false,
    hint: form.description ?? "",
    initial: form.default,
    options: [],
    parts: [],
    fixed: {},
    positional: false,
    whole: form.type === "integer",
    exact: form.exact === true,
    ...bounds(form),
  };
  return { ...bare, ...made(form, depth) };
}

function bounds(form: JsonSchema): Partial<Field> {
  const pairs: [keyof Field, unknown][] = [
    ["pattern", form.pattern],
    ["shortest", form.minLength],
    ["longest", form.maxLength],
    ["least", form.minimum],
    ["above", form.exclusiveMinimum],
    ["most", form.maximum],
    ["below", form.exclusiveMaximum],
    ["multipleOf", form.multipleOf],
    ["fewestItems", form.minItems],
    ["mostItems", form.maxItems],
  ];
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined && value !== null));
}

type Made = Partial<Field> & { control: Control };

const JSON_FIELD: Made = { control: "json" };

function made(form: JsonSchema, depth: number): Made {
  if (form.enum !== undefined) return choice(form.enum);
  if (form.anyOf !== undefined) return depth < DEEPEST ? union(form.anyOf, depth) : JSON_FIELD;
  if (form.type === "object") return depth < DEEPEST ? group(form, depth) : JSON_FIELD;
  if (form.type === "array") return depth < DEEPEST ? list(form, depth) : JSON_FIELD;
  if (form.type === "integer" || form.type === "number") return { control: "number" };
  if (form.type === "boolean") return { control: "switch" };
  return form.type === "string" ? { control: ofText(form) } : JSON_FIELD;
}

const BY_FORMAT: Record<string, Control> = { password: "secret", date: "date", "date-time": "dateTime", time: "time" };

function ofText(form: JsonSchema): Control {
  return BY_FORMAT[form.format ?? ""] ?? ((form.maxLength ?? 0) > LONG_TEXT ? "longText" : "text");
}

function choice(values: readonly unknown[]): Made {
  const options = values.map((value) => ({ key: typeof value === "string" ? value : JSON.stringify(value), value }));
  const isPlain = new Set(options.map(({ key }) => key)).size === options.length;
  return isPlain ? { control: "choice", options } : JSON_FIELD; // 1 and "1" would look the same
}

function group(form: JsonSchema, depth: number): Made {
  if (form.properties === undefined) return JSON_FIELD;
  const required = new Set(form.required ?? []);
  const parts = Object.entries(form.properties).map(([name, part]) =>
    fieldOf(name, part, required.has(name), depth + 1),
  );
  const isFixed = (part: Field): boolean => part.control === "choice" && part.options.length === 1 && !part.nullable;
  const fixed = parts.filter(isFixed).map((part) => [part.name, part.options[0]?.value] as const);
  return { control: "group", parts: parts.filter((part) => !isFixed(part)), fixed: Object.fromEntries(fixed) };
}

function list(form: JsonSchema, depth: number): Made {
  const places = form.prefixItems;
  if (places !== undefined) {
    const parts = places.map((part, place) => ({
      ...fieldOf(String(place), part, true, depth + 1),
      label: simplified(part).form.title ?? `Part ${place + 1}`,
    }));
    return form.items === undefined ? { control: "group", positional: true, parts } : JSON_FIELD;
  }
  const item = fieldOf("", form.items ?? {}, true, depth + 1);
  if (item.control === "json") return JSON_FIELD;
  const isShort = (item.control === "text" || item.control === "number") && !item.nullable;
  return { control: isShort ? "lines" : "list", item };
}

function union(forms: readonly JsonSchema[], depth: number): Made {
  const fields = forms.map((form) => fieldOf("", form, true, depth + 1));
  const parts = numbered(fields.map((part) => ({ ...part, label: part.label || nameOf(part) })));
  return { control: "union", parts };
}

const WORDS: Partial<Record<Control, string>> = {
  number: "Number",
  switch: "Yes or no",
  choice: "Choice",
  date: "Date",
  dateTime: "Date and time",
  time: "Time of day",
  lines: "List",
  list: "List",
  json: "JSON",
};

/** The label of a union's variant: the field that only it has, otherwise its required fields, otherwise its type. */
function nameOf(part: Field): string {
  const mark = Object.values(part.fixed).find((value) => typeof value === "string");
  if (typeof mark === "string") return sentence(mark);
  if (part.control !== "group") return WORDS[part.control] ?? "Text";
  const [first = "Nothing", ...others] = part.parts.map(({ label }) => label);
  return [first, ...others.map((label) => label.toLowerCase())].join(", ");
}

/** A name as words: `too_few_facts` as `Too few facts`. */
export function sentence(name: string): string {
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
