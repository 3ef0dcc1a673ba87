/** Reads from the served OpenAPI document which kinds there are, and the JSON Schema of what each takes. */

import { ofKind } from "./types.js";

/** As much of JSON Schema as the document uses. */
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
  /** Of the request's body, with every reference resolved. */
  schema: JsonSchema;
  /** Of one item of what its owner reviews, which a card is made of; absent where a kind has nothing to review. */
  item?: JsonSchema;
  /** Of what it makes, as its owner reads it. */
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

/** The document names the forms of a kind alike: `CreateQuiz` is what it takes, `QuizOutput` what it makes. */
function outputOf(document: Json, create: JsonSchema): JsonSchema | undefined {
  const [, name] = /^#\/components\/schemas\/Create(\w+)$/.exec(String(create.$ref)) ?? [];
  const reference = `#/components/schemas/${name}Output`;
  return follow(document, reference) === undefined ? undefined : resolved(document, { $ref: reference });
}

/** What of a card is its kind's, by kind. */
function itemsOf(document: Json): Map<string, JsonSchema> {
  const card = follow(document, "#/components/schemas/Card"); // a document of before there were any has none
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
    if (within.includes(reference)) return {}; // a form that holds itself: anything goes
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
