// In which form a value of any kind's output is shown: a picture, a text, a table, a list or a group. Pure, and goes by what
// the value is, never by what its field is called.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export type Form =
  | { name: "nothing" }
  | { name: "word"; text: string }
  | { name: "text"; paragraphs: string[] }
  | { name: "picture"; url: string; alt: string }
  | { name: "list"; items: string[] }
  | { name: "table"; columns: string[]; rows: Json[][] }
  | { name: "items"; items: Json[] }
  | { name: "group"; fields: [string, Json][] };

const MOST_COLUMNS = 6;
const LONGEST_CELL = 200;

export function formOf(value: unknown): Form {
  if (value === null || value === undefined || value === "") return { name: "nothing" };
  if (typeof value === "string") return ofText(value);
  if (typeof value === "boolean") return { name: "word", text: value ? "Yes" : "No" };
  if (Array.isArray(value)) return ofList(value as Json[]);
  if (typeof value === "object") return ofObject(value as { [name: string]: Json });
  return { name: "word", text: String(value) };
}

/** A field's name as a heading: `too_few_facts` as `Too few facts`. */
export function heading(name: string): string {
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function ofText(value: string): Form {
  if (/^data:image\/(png|jpeg|webp|gif);base64,/.test(value)) return { name: "picture", url: value, alt: "A picture" };
  const paragraphs = value.split(/\n{2,}/).filter((paragraph) => paragraph.trim() !== "");
  return paragraphs.length === 0 ? { name: "nothing" } : { name: "text", paragraphs };
}

function ofList(value: Json[]): Form {
  if (value.length === 0) return { name: "nothing" };
  if (value.every(isScalar)) return { name: "list", items: value.map(asWord) };
  const columns = [...new Set(value.flatMap((row) => (isObject(row) ? Object.keys(row) : [])))];
  const isTable =
    value.every((row) => isObject(row) && Object.values(row).every(isCell)) &&
    columns.length > 0 &&
    columns.length <= MOST_COLUMNS &&
    !value.some((row) => pictureIn(row as { [name: string]: Json }) !== undefined);
  if (!isTable) return { name: "items", items: value };
  const rows = value.map((row) => columns.map((column) => own(row as { [name: string]: Json }, column)));
  return { name: "table", columns, rows };
}

function ofObject(value: { [name: string]: Json }): Form {
  const picture = pictureIn(value);
  if (picture !== undefined) return { name: "picture", url: picture, alt: "A picture" };
  const fields = Object.entries(value);
  return fields.length === 0 ? { name: "nothing" } : { name: "group", fields };
}

/** The address of what says of itself that it is a picture: one URL, and one media type of pictures. */
function pictureIn(value: { [name: string]: Json }): string | undefined {
  const texts = Object.values(value).filter((part) => typeof part === "string");
  const isPicture = texts.some((text) => /^image\/(png|jpeg|webp|gif)$/.test(text));
  return isPicture ? texts.find((text) => /^https?:\/\//.test(text)) : undefined;
}

function isObject(value: Json): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isScalar(value: Json): value is null | boolean | number | string {
  return (typeof value !== "object" || value === null) && !(typeof value === "string" && value.startsWith("data:"));
}

function isCell(value: Json): boolean {
  if (Array.isArray(value)) return value.every(isScalar) && value.map(asWord).join(", ").length <= LONGEST_CELL;
  return isScalar(value) && String(value).length <= LONGEST_CELL;
}

export function asWord(value: Json): string {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return Array.isArray(value) ? value.map(asWord).join(", ") : String(value);
}

function own(row: { [name: string]: Json }, column: string): Json {
  return Object.hasOwn(row, column) ? (row[column] ?? null) : null;
}
