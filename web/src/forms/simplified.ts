// Reduces a JSON Schema, as pydantic writes it, to the few shapes that fields are made of. `null` becomes a flag, a
// choice of one becomes that one, and `const` becomes an enumeration.

import type { JsonSchema } from "unstuck-client";

/** pydantic's Decimal is a number, or a text of this pattern, which keeps all digits. */
const DECIMAL = "^(?!^[-+.]*$)";

export interface Simplified {
  form: JsonSchema;
  nullable: boolean;
}

export function simplified(property: JsonSchema): Simplified {
  const { anyOf, oneOf, allOf, type, ...rest } = property;
  if (allOf?.length === 1) return simplified({ ...allOf[0], ...rest, ...(type !== undefined && { type }) });
  if (allOf !== undefined) return { form: { ...rest }, nullable: false }; // without a type: a field of JSON
  if (Array.isArray(type))
    return among(
      (type as string[]).map((each) => ({ ...rest, type: each })),
      rest,
    );
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) return among(choices, rest);
  return enumerated({ ...rest, ...(type !== undefined && { type }) });
}

function among(choices: readonly JsonSchema[], around: JsonSchema): Simplified {
  const some = choices.filter((choice) => choice.type !== "null" && choice.const !== null);
  const nullable = some.length < choices.length;
  const about = said(around);
  const [one] = some;
  if (one !== undefined && some.length === 1) {
    const inner = simplified({ ...one, ...about });
    return { ...inner, nullable: nullable || inner.nullable };
  }
  const decimal = decimalOf(some);
  if (decimal !== undefined) return { form: { ...decimal, ...about, exact: true }, nullable };
  if (some.length === 0) return { form: about, nullable };
  if (some.every((choice) => choice.type === "integer" || choice.type === "number"))
    return { form: { ...some.find((choice) => choice.type === "number"), ...about }, nullable };
  return { form: { ...about, anyOf: some }, nullable };
}

/** The keywords beside a choice that describe the field, not one of its variants. */
function said({ title, description, ...rest }: JsonSchema): JsonSchema {
  const about = { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
  return "default" in rest ? { ...about, default: rest.default } : about;
}

function decimalOf(choices: readonly JsonSchema[]): JsonSchema | undefined {
  const text = choices.find(({ type, pattern }) => type === "string" && pattern?.startsWith(DECIMAL));
  const rest = choices.filter((choice) => choice !== text);
  return text !== undefined && rest.length === 1 && rest[0]?.type === "number" ? rest[0] : undefined;
}

function enumerated(form: JsonSchema): Simplified {
  const { const: only, ...rest } = form;
  if ("const" in form) return { form: { ...rest, enum: [only] }, nullable: false };
  if (form.enum === undefined) return { form, nullable: false };
  const values = form.enum.filter((value) => value !== null);
  return { form: { ...form, enum: values }, nullable: values.length < form.enum.length };
}

/** Equal names get a number each. */
export function numbered<Named extends { label: string }>(all: readonly Named[]): Named[] {
  const times = (label: string): number => all.filter((each) => each.label === label).length;
  return all.map((each, place) => {
    const before = all.slice(0, place).filter(({ label }) => label === each.label).length;
    return times(each.label) > 1 ? { ...each, label: `${each.label} ${before + 1}` } : each;
  });
}
