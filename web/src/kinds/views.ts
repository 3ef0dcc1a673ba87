// Which kinds have a view of their own: one file of this folder each, named as the kind, that exports `Output`, and
// `Writing` where what is being written is more than fields. A kind without one is shown by the form of what it made.

import type { ComponentType } from "react";
import type { GenerationDetail, PartialOutput } from "unstuck-client";

/** Draws what a generation of the kind has made. Whatever it throws is caught: the output is then shown by its form. */
export type View = ComponentType<{ output: never }>;

/** Draws what there is before the output, as text: what is stored, and what can be read of the step being written. */
export type Writing = ComponentType<{ head: GenerationDetail; partial: PartialOutput | undefined }>;

const FILES = import.meta.glob<{ Output: View; Writing?: Writing }>("./*.tsx", { eager: true });

export function viewOf(kind: string): View | undefined {
  return fileOf(kind)?.Output;
}

export function writingOf(kind: string): Writing | undefined {
  return fileOf(kind)?.Writing;
}

function fileOf(kind: string): { Output: View; Writing?: Writing } | undefined {
  const name = `./${kind}.tsx`;
  return Object.hasOwn(FILES, name) ? FILES[name] : undefined;
}
