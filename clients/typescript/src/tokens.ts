/**
 * The facts about a token that a client needs: its user, when it expires, whether a header can hold it. Verifies
 * nothing.
 */

/**
 * A token, or a function that gets one. After a refusal, its argument has `renew: true`, and it should get a new one.
 */
export type TokenSource = string | ((asked: { renew: boolean; signal: AbortSignal }) => string | Promise<string>);

/** The user of a submit: set by its first try and compared by all retries. Never the token itself. */
export interface Owner {
  subject?: string | undefined;
}

/** Return the trimmed token; undefined if a header cannot hold it. */
export function usable(token: unknown): string | undefined {
  const found = typeof token === "string" ? token.trim() : "";
  return /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(found) ? found : undefined;
}

/** Return the subject of a token: the `sub` of a JWT, otherwise a hash that recognises the same token. */
export function subjectOf(token: string): string {
  const { iss, sub } = claimsOf(token);
  return typeof sub === "string" ? `sub:${typeof iss === "string" ? iss : ""}:${sub}` : `token:${markOf(token)}`;
}

/**
 * Whether two subjects are one user. If a token does not name its user, a different token counts as another user,
 * unless it was just requested as a replacement.
 */
export function isSameUser(before: string, subject: string, renewed: boolean): boolean {
  return before === subject || (renewed && isOpaque(before) && isOpaque(subject));
}

/** Whether a subject is only the hash of one token. */
function isOpaque(subject: string): boolean {
  return subject.startsWith("token:");
}

/** Whether the token's own `exp` has passed at `now`, in milliseconds. */
export function hasExpired(token: string, now: number): boolean {
  const { exp } = claimsOf(token);
  return typeof exp === "number" && exp * 1000 <= now;
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    const part = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const claims: unknown = JSON.parse(atob(part));
    return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** FNV-1a of 64 bits: distinguishes tokens, and reveals none. */
function markOf(token: string): string {
  let mark = 0xcbf29ce484222325n;
  for (let place = 0; place < token.length; place += 1)
    mark = ((mark ^ BigInt(token.charCodeAt(place))) * 0x100000001b3n) & 0xffffffffffffffffn;
  return mark.toString(16);
}
