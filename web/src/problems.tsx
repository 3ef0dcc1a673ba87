// Shows a refused call in plain words.

import { UnstuckError } from "unstuck-client";
import { duration } from "./format";
import { LocalError } from "./local";
import { useSettings } from "./settings";
import { Button, Notice } from "./ui/parts";
import { problemWords, type Words } from "./words";

/** What happened and what to do. Prefers the service's own detail. */
export function explainError(error: unknown): Words {
  if (error instanceof LocalError) return { what: error.message, todo: "" };
  if (!(error instanceof UnstuckError)) return { what: "Something went wrong in this page.", todo: "Reload it." };
  const words = problemWords(plainCode(error)) ?? { what: error.message, todo: "" };
  const wait = error.retryAfterSeconds;
  const todo = wait === undefined ? words.todo : `${words.todo} Try again in ${duration(wait)}.`.trim();
  return { what: error.detail ?? words.what, todo };
}

function plainCode(error: UnstuckError): string {
  if (error.code === "http_401" || error.code === "http_403" || error.code === "token_unavailable")
    return "unauthorized";
  if (error.code === "timeout" || error.code === "invalid_answer") return "unavailable";
  return error.status >= 500 && error.code.startsWith("http_") ? "unavailable" : error.code;
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof UnstuckError && (plainCode(error) === "unauthorized" || error.code === "token_expired");
}

export function Problem({ error, onAgain, title }: { error: unknown; onAgain?: () => void; title?: string }) {
  const { signInAgain } = useSettings();
  const { what, todo } = explainError(error);
  const reference = error instanceof UnstuckError ? error.requestId : undefined;
  return (
    <Notice
      tone="bad"
      role="alert"
      title={title ?? what}
      actions={
        isSignedOut(error) ? (
          <Button small onClick={signInAgain}>
            Sign in again
          </Button>
        ) : (
          onAgain && (
            <Button small onClick={onAgain}>
              Try again
            </Button>
          )
        )
      }
    >
      {title !== undefined && <p>{what}</p>}
      {todo !== "" && <p>{todo}</p>}
      {reference !== undefined && <p className="muted small">Request {reference}</p>}
    </Notice>
  );
}
