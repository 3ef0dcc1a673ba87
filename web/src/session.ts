// The signed-in user and the source of the token. To add a real sign-in, make a Session from its result.

import type { Local } from "./local";

export interface Session {
  /** The `sub` of the token: the owner of everything that is shown. */
  user: string;
  /** Gets a token that is valid now; called with `renew` when the last one was refused. */
  token: (asked: { renew: boolean }) => Promise<string>;
}

/** State that survives a reload, for this tab only: two tabs may have two users. */
const KEPT = "unstuck.session";

interface Kept {
  user?: string;
  token?: string;
}

/** The session from before the reload, if it is still valid. */
export function restoredSession(local: Local | null): Session | null {
  const kept = read();
  if (local !== null && kept.user !== undefined) return localSession(local, kept.user);
  if (local === null && kept.token !== undefined) return pastedSession(kept.token);
  return null;
}

/** On a local stack, anybody can use any name: its own issuer gives tokens, and renews them before they expire. */
export function localSession(local: Local, user: string): Session {
  write({ user });
  let known: { token: string; until: number } | null = null;
  let asking: Promise<string> | null = null;

  async function ask(): Promise<string> {
    const answer = await local.token(user);
    known = { token: answer.token, until: Date.parse(answer.expires_at) - 60_000 };
    return answer.token;
  }

  return {
    user,
    token: ({ renew }) => {
      if (known !== null && !renew && Date.now() < known.until) return Promise.resolve(known.token);
      asking ??= ask().finally(() => {
        asking = null;
      });
      return asking;
    },
  };
}

/** With a token from elsewhere. It cannot be renewed: once it is refused, the user must sign in again. */
export function pastedSession(pasted: string): Session {
  const token = pasted.trim().replace(/^Bearer\s+/i, "");
  const user = subjectOf(token);
  write({ token });
  return { user, token: () => Promise.resolve(token) };
}

export function forgetSession(): void {
  sessionStorage.removeItem(KEPT);
}

/** The `sub` of a JWT, unverified: only to show the user. Throws an Error with words for the user. */
export function subjectOf(token: string): string {
  const part = token.split(".")[1];
  if (part === undefined || token.split(".").length !== 3) {
    throw new Error("This is not a token. A token has three parts, separated by dots.");
  }
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
      letter.charCodeAt(0),
    );
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown };
    if (typeof claims.sub === "string" && claims.sub !== "") return claims.sub;
  } catch {
    throw new Error("This is not a token. Its middle part cannot be read.");
  }
  throw new Error("This token has no user (`sub`). Use another token.");
}

function read(): Kept {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") as Kept;
  } catch {
    return {};
  }
}

function write(kept: Kept): void {
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
}
