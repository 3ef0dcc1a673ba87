/** Reads the kinds, and the JSON Schema of each one's input, from the served OpenAPI document. */

import { ofKind } from "./types.js";

/** The part of JSON Schema that the document uses. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly writeOnly?: boolean;
  readonly [keyword: string]: unknown;
}

export interface KindSchema {
  kind: string;
  description: string;
  /** The schema of the request's body, with every reference resolved. */
  schema: JsonSchema;
  /**
   * The schema of one item that its owner reviews, from which a card is made; absent if a kind has nothing to review.
   */
  item?: JsonSchema;
  /** The schema of its output, as its owner reads it. */
  output?: JsonSchema;
}

type Json = Readonly<Record<string, unknown>>;

/** Return the kinds in the order of the document. */
export function kindsOf(document: Json): KindSchema[] {
  const body = follow(document, "#/paths/~1v1~1generations/post/requestBody/content/application~1json/schema");
  const items = itemsOf(document);
  const forms = (body as JsonSchema).oneOf ?? [];
  return forms.flatMap((form) => {
    const schema = resolved(document, form);
    const kind = schema.properties?.kind?.const;
    if (typeof kind !== "string") return [];
    const item = items.get(kind);
    const output = outputOf(document, form);
    return [{ kind, description: schema.description ?? "", schema, ...(item && { item }), ...(output && { output }) }];
  });
}

/** The document names the schemas of all kinds alike: `CreateQuiz` is the input, `QuizOutput` the output. */
function outputOf(document: Json, create: JsonSchema): JsonSchema | undefined {
  const [, name] = /^#\/components\/schemas\/Create(\w+)$/.exec(String(create.$ref)) ?? [];
  const reference = `#/components/schemas/${name}Output`;
  return follow(document, reference) === undefined ? undefined : resolved(document, { $ref: reference });
}

/** The part of a card that is specific to its kind, by kind. */
function itemsOf(document: Json): Map<string, JsonSchema> {
  const card = follow(document, "#/components/schemas/Card"); // documents from before cards existed have none
  const cards = card === undefined ? [] : (resolved(document, card).oneOf ?? []);
  return new Map(
    cards.flatMap(({ properties = {}, required = [] }) => {
      const kind = properties.kind?.const;
      const own = ofKind(properties);
      const item = { type: "object", properties: own, required: required.filter((name) => name in own) };
      return typeof kind === "string" ? [[kind, item] as const] : [];
    }),
  );
}

function resolved(document: Json, schema: unknown): JsonSchema {
  return resolve(document, schema, []) as JsonSchema;
}

function resolve(document: Json, value: unknown, within: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => resolve(document, item, within));
  if (typeof value !== "object" || value === null) return value;
  const { $ref: reference, ...rest } = value as Json;
  if (typeof reference === "string") {
    if (within.includes(reference)) return {}; // a schema that contains itself: allow anything
    return resolve(document, { ...(follow(document, reference) as Json), ...rest }, [...within, reference]);
  }
  return Object.fromEntries(Object.entries(rest).map(([name, part]) => [name, resolve(document, part, within)]));
}

function follow(document: Json, pointer: string): unknown {
  return pointer
    .slice(2)
    .split("/")
    .map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"))
    .reduce<unknown>((found, part) => (found as Json | undefined)?.[part], document);
}
