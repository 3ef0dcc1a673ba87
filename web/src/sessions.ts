// Groups the feed by session. Groups keep the order in which they first appeared. Pure.

export interface Grouped<Entry> {
  /** The caller's label, or null if there is none. */
  session: string | null;
  entries: Entry[];
}

/** The groups by their newest entry, each with its entries in the order of the feed. */
export function bySession<Entry extends { session_id?: string | undefined }>(
  entries: readonly Entry[],
): Grouped<Entry>[] {
  const groups = new Map<string | null, Grouped<Entry>>();
  for (const entry of entries) {
    const session = entry.session_id ?? null;
    const group = groups.get(session);
    if (group === undefined) groups.set(session, { session, entries: [entry] });
    else group.entries.push(entry);
  }
  return [...groups.values()];
}
