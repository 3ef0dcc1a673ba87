// The kinds with their own view: one file each in this folder, named after the kind. It exports `Output`, and `Writing`
// if the text being written is more than fields. For other kinds, the shape of the output decides.

import type { ComponentType } from "react";
import type { GenerationDetail, PartialOutput } from "unstuck-client";

/** Renders a generation's output. If it throws, the generic view shows the output instead. */
export type View = ComponentType<{ output: never }>;

/** Renders the output in progress, as text: the stored steps, and the readable part of the running one. */
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
