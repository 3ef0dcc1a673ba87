// Shows the sign-in, or the screens with a client of the signed-in user.

import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { createClient } from "unstuck-client";
import { UnstuckProvider } from "unstuck-client/react";
import type { Config } from "./config";
import { forgetDrafts } from "./drafts";
import { Local } from "./local";
import { Screens } from "./screens/screens";
import { SignIn } from "./screens/sign-in";
import { forgetSession, restoredSession, type Session } from "./session";
import { Settings } from "./settings";
import { Messages } from "./ui/overlays";

export function App({ config }: { config: Config }) {
  const local = useMemo(() => (config.faultsUrl === null ? null : new Local(config.faultsUrl)), [config]);
  const [session, setSession] = useState<Session | null>(() => restoredSession(local));
  const signOut = useCallback(() => {
    forgetSession();
    setSession(null);
  }, []);
  return (
    <CSPProvider disableStyleElements>
      <Messages>
        {session === null ? (
          <SignIn local={local} onSignIn={setSession} />
        ) : (
          <SignedIn key={session.user} config={config} local={local} session={session} onSignOut={signOut} />
        )}
      </Messages>
    </CSPProvider>
  );
}

interface SignedInProps {
  config: Config;
  local: Local | null;
  session: Session;
  onSignOut: () => void;
}

/** Each user gets a new client and cache, so nothing of one user's data stays for the next. */
function SignedIn({ config, local, session, onSignOut }: SignedInProps) {
  const [queries] = useState(() => new QueryClient());
  const [client] = useState(() => createClient({ baseUrl: config.apiUrl, token: session.token }));
  const settings = useMemo(
    () => ({
      config,
      local,
      user: session.user,
      signInAgain: onSignOut,
      signOut: () => {
        forgetDrafts(session.user);
        onSignOut();
      },
    }),
    [config, local, session, onSignOut],
  );
  return (
    <QueryClientProvider client={queries}>
      <UnstuckProvider client={client}>
        <Settings value={settings}>
          <Screens />
        </Settings>
      </UnstuckProvider>
    </QueryClientProvider>
  );
}
