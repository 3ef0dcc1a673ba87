// The faults of the input, by the field's path: found here before sending, or by the service.

import { count, counted, lettersIn } from "../format";
import type { Field } from "./fields";
import { chosen, entries, isBlank, lines, member, parsed, type Typed, text, type Values } from "./typed";

/** By path, such as `source.pages.0`. Faults of no field are under "". */
export type Faults = Readonly<Record<string, string>>;

export function faultAt(faults: Faults, path: string): string | undefined {
  return Object.hasOwn(faults, path) ? faults[path] : undefined;
}

export function below(path: string, name: string | number): string {
  return path === "" ? String(name) : `${path}.${name}`;
}

/** The faults of the input; empty if it is valid. */
export function check(fields: readonly Field[], values: Values): Faults {
  return Object.fromEntries(fields.flatMap((field) => faultsOf(field, member(values, field.name), field.name)));
}

type Found = [path: string, fault: string][];

function faultsOf(field: Field, typed: Typed, path: string): Found {
  const { control, item, parts } = field;
  if (isBlank(field, typed)) {
    const fault = faultOfNothing(field);
    return fault === null ? [] : [[path, fault]];
  }
  if (control === "group")
    return parts.flatMap((part) => faultsOf(part, member(typed, part.name), below(path, part.name)));
  if (control === "union") {
    const found = chosen(field, typed);
    return found === undefined ? [] : faultsOf(found.part, found.typed, path);
  }
  if (control === "list" && item !== undefined) {
    const all = entries(typed);
    const number = faultOfCount(field, all.length, "entry", "entries");
    const inside = all.flatMap((entry, place) => faultsOf(item, entry, below(path, place)));
    return number === null ? inside : [[path, number], ...inside];
  }
  const fault = faultOf(field, text(typed));
  return fault === null ? [] : [[path, fault]];
}

function faultOfNothing({ control, required, nullable, fewestItems = 0 }: Field): string | null {
  if (!required || nullable) return null;
  if (control !== "list" && control !== "lines") return "This field is required.";
  if (fewestItems === 0) return null;
  return control === "lines" ? "This field is required." : `At least ${counted(fewestItems, "entry", "entries")}.`;
}

function faultOf(field: Field, typed: string): string | null {
  switch (field.control) {
    case "number":
      return faultOfNumber(field, typed);
    case "lines":
      return faultOfLines(field, lines(typed));
    case "json":
      return parsed(typed) === undefined ? "Enter valid JSON." : null;
    case "choice":
      return field.options.some(({ key }) => key === typed) ? null : "Choose one of the options.";
    case "text":
    case "longText":
    case "secret":
      return faultOfText(field, typed);
    default:
      return null;
  }
}

function faultOfNumber(field: Field, typed: string): string | null {
  const value = Number(typed);
  const { least, above, most, below: under, multipleOf } = field;
  if (!Number.isFinite(value)) return "Enter a number.";
  if (field.whole && !Number.isInteger(value)) return "Enter a whole number.";
  if (field.whole && !Number.isSafeInteger(value)) return "This number is too large.";
  if (least !== undefined && value < least) return `At least ${count(least)}.`;
  if (above !== undefined && value <= above) return `More than ${count(above)}.`;
  if (most !== undefined && value > most) return `At most ${count(most)}.`;
  if (under !== undefined && value >= under) return `Less than ${count(under)}.`;
  return multipleOf !== undefined && !isMultiple(value, multipleOf) ? `A multiple of ${multipleOf}.` : null;
}

/** 0.3 is a multiple of 0.1, despite floating point. */
function isMultiple(value: number, of: number): boolean {
  const times = value / of;
  return Math.abs(times - Math.round(times)) < 1e-9 * Math.max(1, Math.abs(times));
}

function faultOfText(field: Field, typed: string): string | null {
  const letters = lettersIn(typed);
  if (field.shortest !== undefined && letters < field.shortest) {
    return `${counted(field.shortest - letters, "character")} too few. Enter at least ${count(field.shortest)}.`;
  }
  if (field.longest !== undefined && letters > field.longest) {
    return `${counted(letters - field.longest, "character")} too many. Enter at most ${count(field.longest)}.`;
  }
  if (field.pattern !== undefined && patternOf(field.pattern)?.test(typed.trim()) === false) {
    return "This does not have the required format.";
  }
  return null;
}

/** Undefined for a pattern that Python accepts and a browser does not: then only the service checks it. */
function patternOf(pattern: string): RegExp | undefined {
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(pattern, flags);
    } catch {
      // the next schema may be able to
    }
  }
  return undefined;
}

function faultOfLines(field: Field, typed: string[]): string | null {
  const number = faultOfCount(field, typed.length, "line", "lines");
  const { item } = field;
  if (number !== null || item === undefined) return number;
  const faults = typed.map((line) => faultOf(item, line));
  const first = faults.findIndex((fault) => fault !== null);
  return first < 0 ? null : `Line ${first + 1}: ${faults[first]}`;
}

function faultOfCount(field: Field, number: number, one: string, many: string): string | null {
  const { fewestItems, mostItems } = field;
  if (fewestItems !== undefined && number < fewestItems) return `At least ${counted(fewestItems, one, many)}.`;
  return mostItems !== undefined && number > mostItems ? `At most ${counted(mostItems, one, many)}.` : null;
}

/** The service's faults, by field. Faults of no field are under "". */
export function faultsFrom(
  errors: readonly { field: string; message: string }[],
  fields: readonly Field[],
  values: Values,
): Faults {
  const found: Record<string, string[]> = {};
  for (const { field, message } of errors) {
    const { path, rest } = placeOf(field.split("."), fields, values);
    const said = rest.length === 0 ? message : `${rest.join(".")}: ${message}`;
    found[path] = [...new Set([...(Object.hasOwn(found, path) ? (found[path] ?? []) : []), said])];
  }
  return Object.fromEntries(Object.entries(found).map(([path, messages]) => [path, messages.join(" ")]));
}

interface Place {
  path: string;
  /** The part of the service's path that leads to no field of the form. */
  rest: readonly string[];
}

function placeOf(parts: readonly string[], fields: readonly Field[], values: Values): Place {
  const [name = "", ...rest] = parts;
  const field = fields.find((one) => one.name === name);
  return field === undefined ? { path: "", rest: parts } : within(field, member(values, name), name, rest);
}

function within(field: Field, typed: Typed, path: string, parts: readonly string[]): Place {
  const [name, ...rest] = parts;
  if (name === undefined) return { path, rest: [] };
  if (field.control === "lines" && /^\d+$/.test(name)) return { path, rest: [`line ${Number(name) + 1}`, ...rest] };
  if (field.control === "list" && field.item !== undefined) {
    const entry = entries(typed)[Number(name)];
    return entry === undefined ? { path, rest: parts } : within(field.item, entry, below(path, name), rest);
  }
  if (field.control === "group") {
    const part = field.parts.find((one) => one.name === name);
    return part === undefined ? { path, rest: parts } : within(part, member(typed, name), below(path, name), rest);
  }
  if (field.control !== "union") return { path, rest: parts };
  // The service names the union's variant first, in its own words.
  const found = chosen(field, typed);
  if (found === undefined) return { path, rest };
  const direct = within(found.part, found.typed, path, parts);
  return direct.path === path && direct.rest.length === parts.length
    ? within(found.part, found.typed, path, rest)
    : direct;
}
