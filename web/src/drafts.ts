// What was typed and not sent yet, by user and kind: kept over other screens, a reload and a new sign-in, in this tab alone.
// A key of the user's own is kept in memory and nowhere else.

import type { Field, Values } from "./schema-form";

const KEPT = "unstuck.drafts";

interface Drafts {
  kind?: string;
  values: Record<string, Values>;
}

const secrets = new Map<string, Values>();

/** The kind that a user chose last. */
export function chosenKind(user: string): string | undefined {
  return read(user).kind;
}

export function chooseKind(user: string, kind: string): void {
  write(user, { ...read(user), kind });
}

/** What a user has typed for a kind; nothing of what was never touched. */
export function draftOf(user: string, kind: string): Values {
  return { ...read(user).values[kind], ...secrets.get(`${kind} ${user}`) };
}

export function keepDraft(user: string, kind: string, fields: readonly Field[], values: Values): void {
  const isSecret = (name: string): boolean => fields.some((field) => field.name === name && field.control === "secret");
  const entries = Object.entries(values);
  secrets.set(`${kind} ${user}`, Object.fromEntries(entries.filter(([name]) => isSecret(name))));
  const drafts = read(user);
  const shown = Object.fromEntries(entries.filter(([name]) => !isSecret(name)));
  write(user, { ...drafts, values: { ...drafts.values, [kind]: shown } });
}

/** Forget what was sent, unless it was changed since. */
export function dropDraft(user: string, kind: string, sent: Values): void {
  const draft = draftOf(user, kind);
  if (Object.keys(draft).some((name) => draft[name] !== sent[name])) return;
  const { [kind]: _, ...values } = read(user).values;
  secrets.delete(`${kind} ${user}`);
  write(user, { ...read(user), values });
}

/** Forget everything of a user who has signed out. */
export function forgetDrafts(user: string): void {
  secrets.clear();
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
    // Storage is full or forbidden: what was typed lasts as long as the screen.
  }
}
