// The sign-in: by name on a local stack, with a token elsewhere.

import { LogIn } from "lucide-react";
import { type FormEvent, useState } from "react";
import type { Local } from "../local";
import { localSession, pastedSession, type Session } from "../session";
import { TextField } from "../ui/fields";
import { Button } from "../ui/parts";
import { Mark } from "./screens";

interface Props {
  local: Local | null;
  onSignIn: (session: Session) => void;
}

export function SignIn({ local, onSignIn }: Props) {
  return (
    <main className="signin">
      <div className="signin-box">
        <div className="brand">
          <Mark />
          Unstuck
        </div>
        {local === null ? <ByToken onSignIn={onSignIn} /> : <ByName local={local} onSignIn={onSignIn} />}
      </div>
    </main>
  );
}

const USERS = [
  { name: "alice", about: "has the generation of `make run`" },
  { name: "ada", about: "starts empty" },
  { name: "grace", about: "starts empty" },
];

function ByName({ local, onSignIn }: Props & { local: Local }) {
  const [name, setName] = useState("");
  const [fault, setFault] = useState<string>();
  const choose = (user: string): void => onSignIn(localSession(local, user));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (/^[\x20-\x7e]{1,128}$/.test(name.trim())) choose(name.trim());
    else setFault("Enter a name of 1 to 128 printable ASCII characters.");
  };
  return (
    <>
      <div>
        <h1>Sign in to the local stack</h1>
        <p className="muted">
          Choose any user; no password is needed. Another tab can use another user. Users cannot see each other's data.
        </p>
      </div>
      <ul className="signin-users">
        {USERS.map((user) => (
          <li key={user.name}>
            <button type="button" className="signin-user" onClick={() => choose(user.name)}>
              <span className="initial" aria-hidden>
                {user.name.slice(0, 1)}
              </span>
              <span>
                <strong>{user.name}</strong>
                <br />
                <span className="muted small">{user.about}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      <form className="stack-tight" onSubmit={submit} noValidate>
        <TextField name="name" label="Or another name" value={name} onChange={setName} fault={fault} />
        <Button type="submit" look="primary" icon={LogIn}>
          Sign in
        </Button>
      </form>
    </>
  );
}

function ByToken({ onSignIn }: Pick<Props, "onSignIn">) {
  const [token, setToken] = useState("");
  const [fault, setFault] = useState<string>();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    try {
      onSignIn(pastedSession(token));
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <div>
        <h1>Sign in</h1>
        <p className="muted">
          Paste a token of this deployment's issuer. Only this tab keeps it, until you close the tab.
        </p>
      </div>
      <form className="stack-tight" onSubmit={submit} noValidate>
        <TextField name="token" label="Token" value={token} onChange={setToken} fault={fault} type="password" />
        <Button type="submit" look="primary" icon={LogIn}>
          Sign in
        </Button>
      </form>
    </>
  );
}
