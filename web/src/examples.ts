// An example for each form, and the local stack's models that misbehave on purpose.

import type { KindSchema } from "unstuck-client";
import biology from "../../examples/biology.txt?raw";
import type { Field } from "./forms/fields";
import { isExpressed, typedOf, type Values } from "./forms/typed";

export const EXAMPLE_TEXT = biology.trim();

const EXAMPLES: Record<string, Values> = {
  flashcards: { source_text: EXAMPLE_TEXT, count: "8" },
  story: {
    premise:
      "A lighthouse keeper on a coast that ships no longer pass finds one morning that her lamp is answered from the sea.",
    chapters: "3",
  },
  assistant: {
    sentence:
      "I have to file my taxes by Friday, answer a mail from my sister, prepare tomorrow's talk and tidy up the cellar.",
  },
  image: { prompt: "A fox asleep in a library, in the style of a woodcut", count: "2", aspect_ratio: "3:2" },
};

/** Values for a kind's form: ours, or the first of its fields' `examples`; null if there are none. */
export function exampleOf({ kind, schema }: KindSchema, fields: readonly Field[]): Values | null {
  if (Object.hasOwn(EXAMPLES, kind)) return EXAMPLES[kind] ?? null;
  const values = fields.flatMap((field) => {
    const { examples } = schema.properties?.[field.name] ?? {};
    const first: unknown = Array.isArray(examples) ? examples[0] : undefined;
    return first !== undefined && isExpressed(field, first) ? [[field.name, typedOf(field, first)] as const] : [];
  });
  return values.length === 0 ? null : Object.fromEntries(values);
}

export interface LocalModel {
  name: string;
  label: string;
}

/** The behaviours of the local model server. The first is the stack's default. */
export const LOCAL_MODELS: readonly LocalModel[] = [
  { name: "", label: "The stack's default: works" },
  { name: "local/stream:15", label: "local/stream:15, writes for 15 seconds" },
  { name: "local/cards", label: "local/cards, answers at once" },
  { name: "local/limited:1:5", label: "local/limited:1:5, returns 429 once, then works" },
  { name: "local/flaky:2", label: "local/flaky:2, returns 503 twice, then works" },
  { name: "local/cut_first:1", label: "local/cut_first:1, cuts one answer off, then works" },
  { name: "local/hang", label: "local/hang, never answers" },
  { name: "local/garbage", label: "local/garbage, answers with invalid JSON" },
  { name: "local/refuse", label: "local/refuse, refuses" },
];
