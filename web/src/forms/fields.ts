// Reads a JSON Schema into the fields of a form: which control each has, what it is called, what it is held to. What a
// form cannot express is a field of JSON. Knows nothing of what was typed.

import type { JsonSchema } from "unstuck-client";
import { numbered, simplified } from "./simplified";

/** `lines` is a list of short texts or numbers, an entry on each line; `list` any other, entry by entry. */
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
  /** Whether null is a value of it. */
  nullable: boolean;
  /** Whether every kind has it: the model and the caller's own labels, not what the kind works on. */
  common: boolean;
  hint: string;
  /** The schema's default, as JSON; undefined where there is none. */
  initial: unknown;
  options: readonly Option[];
  /** The fields of a group, or what a union can be. */
  parts: readonly Field[];
  /** What a group holds that can have one value only, and is not asked for. */
  fixed: Readonly<Record<string, unknown>>;
  /** Whether a group is sent as a list, part by part. */
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

/** What the fields that every kind has are called. A kind's own fields have titles and descriptions. */
const LABELS: Record<string, string> = {
  user_provided_key: "Your own key for the model provider",
  session_id: "Session",
  prompt_version: "Version of the prompt",
};
const HINTS: Record<string, string> = {
  session_id: "A label of your own. The feed groups by it.",
  model: "Default: the deployment's model.",
};

/** The fields of a create in the order in which to ask for them: required first, what every kind has last. */
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

/** One field. Below `depth` levels it is one of JSON, whatever it holds. */
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

/** What one form of a union is called: by what only it holds, else by what it asks for, else by its type. */
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
