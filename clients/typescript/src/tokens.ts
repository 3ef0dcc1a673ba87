/** A token as far as a client has to know it: whose it is, until when it holds, whether a header can hold it. Verifies none. */

/** A token, or what gets one; it is told `renew: true` when the last one was refused, and should then get another. */
export type TokenSource = string | ((asked: { renew: boolean; signal: AbortSignal }) => string | Promise<string>);

/** Whose a submit is: set by its first try, and compared with by every other. Never the token itself. */
export interface Owner {
  subject?: string | undefined;
}

/** Return the token without space around it, undefined where it is none that a header can hold. */
export function usable(token: unknown): string | undefined {
  const found = typeof token === "string" ? token.trim() : "";
  return /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(found) ? found : undefined;
}

/** Return whose a token is: the `sub` of a JWT, else a mark by which the same token is known again. */
export function subjectOf(token: string): string {
  const { iss, sub } = claimsOf(token);
  return typeof sub === "string" ? `sub:${typeof iss === "string" ? iss : ""}:${sub}` : `token:${markOf(token)}`;
}

/**
 * Whether two subjects are one user. Of a token that says nothing of its user, another one is another user's, but for one
 * that was just asked for in its place.
 */
export function isSameUser(before: string, subject: string, renewed: boolean): boolean {
  return before === subject || (renewed && isOpaque(before) && isOpaque(subject));
}

/** Whether a subject is but the mark of one token. */
function isOpaque(subject: string): boolean {
  return subject.startsWith("token:");
}

/** Whether the token's own `exp` is over at `now`, in milliseconds. */
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

/** FNV-1a of 64 bits: tells tokens apart, and gives none away. */
function markOf(token: string): string {
  let mark = 0xcbf29ce484222325n;
  for (let place = 0; place < token.length; place += 1)
    mark = ((mark ^ BigInt(token.charCodeAt(place))) * 0x100000001b3n) & 0xffffffffffffffffn;
  return mark.toString(16);
}
