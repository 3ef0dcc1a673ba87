/** Reads from the served OpenAPI document which kinds there are, and the JSON Schema of what each takes. */

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
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema;
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
}

type Json = Readonly<Record<string, unknown>>;

/** Return the kinds in the order of the document. */
export function kindsOf(document: Json): KindSchema[] {
  const body = follow(document, "#/paths/~1v1~1generations/post/requestBody/content/application~1json/schema");
  const forms = resolved(document, body as JsonSchema).oneOf ?? [];
  return forms.flatMap((schema) => {
    const kind = schema.properties?.kind?.const;
    return typeof kind === "string" ? [{ kind, description: schema.description ?? "", schema }] : [];
  });
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
