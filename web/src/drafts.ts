// Unsent input by user and kind. This tab keeps it across screens, a reload and a new sign-in. A user's own key stays
// in memory only.

import type { Field } from "./forms/fields";
import { chosen, entries, member, same, type Typed, type Values } from "./forms/typed";

const KEPT = "unstuck.drafts";

interface Drafts {
  kind?: string;
  values: Record<string, Values>;
}

/** All input, including keys. */
const inMemory = new Map<string, Values>();

/** The kind that a user chose last. */
export function chosenKind(user: string): string | undefined {
  return read(user).kind;
}

export function chooseKind(user: string, kind: string): void {
  write(user, { ...read(user), kind });
}

/** A user's input for a kind, without untouched fields. */
export function draftOf(user: string, kind: string): Values {
  return inMemory.get(`${kind} ${user}`) ?? read(user).values[kind] ?? {};
}

export function keepDraft(user: string, kind: string, fields: readonly Field[], values: Values): void {
  inMemory.set(`${kind} ${user}`, values);
  const drafts = read(user);
  write(user, { ...drafts, values: { ...drafts.values, [kind]: withoutSecrets(fields, values) } });
}

function withoutSecrets(fields: readonly Field[], values: Values): Values {
  return Object.fromEntries(
    fields
      .filter(({ name }) => Object.hasOwn(values, name))
      .map((field) => [field.name, withoutSecret(field, member(values, field.name))]),
  );
}

function withoutSecret(field: Field, typed: Typed): Typed {
  const { item } = field;
  if (field.control === "secret") return "";
  if (field.control === "group" && typeof typed === "object") return withoutSecrets(field.parts, typed as Values);
  if (field.control === "list" && item !== undefined) return entries(typed).map((entry) => withoutSecret(item, entry));
  const found = field.control === "union" ? chosen(field, typed) : undefined;
  return found ? { chosen: found.place, [found.place]: withoutSecret(found.part, found.typed) } : typed;
}

/** Delete sent input, unless it has changed since. */
export function dropDraft(user: string, kind: string, sent: Values): void {
  const draft = draftOf(user, kind);
  if (Object.keys(draft).some((name) => !same(draft[name], sent[name]))) return;
  const { [kind]: _, ...values } = read(user).values;
  inMemory.delete(`${kind} ${user}`);
  write(user, { ...read(user), values });
}

/** Delete all input of a user who has signed out. */
export function forgetDrafts(user: string): void {
  inMemory.clear();
  sessionStorage.removeItem(`${KEPT} ${user}`);
}

function read(user: string): Drafts {
  try {
    const found = JSON.parse(sessionStorage.getItem(`${KEPT} ${user}`) ?? "{}") as Partial<Drafts>;
    return { ...found, values: found.values ?? {} };
  } catch {
    return { values: {} };
  }
}

function write(user: string, drafts: Drafts): void {
  try {
    sessionStorage.setItem(`${KEPT} ${user}`, JSON.stringify(drafts));
  } catch {
    // Storage is full or forbidden: the input lasts only as long as the screen.
  }
}
