// Which kinds have a view of their own: one file of this folder each, named as the kind, that exports `Output`. A kind
// without one is shown by the form of its output.

import type { ComponentType } from "react";

/** Draws what a generation of the kind has made. Whatever it throws is caught: the output is then shown by its form. */
export type View = ComponentType<{ output: never }>;

const FILES = import.meta.glob<{ Output: View }>("./*.tsx", { eager: true });

export function viewOf(kind: string): View | undefined {
  const name = `./${kind}.tsx`;
  return Object.hasOwn(FILES, name) ? FILES[name]?.Output : undefined;
}
