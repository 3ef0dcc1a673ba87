"use client";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { createClient } from "unstuck-client";
import { UnstuckProvider } from "unstuck-client/react";

/** A local stack signs a token for anybody. Yours comes from your own sign-in. */
async function token(): Promise<string> {
  const answer = await fetch(process.env.NEXT_PUBLIC_TOKEN_URL ?? "");
  return ((await answer.json()) as { access_token: string }).access_token;
}

export function Providers({ children }: { children: ReactNode }) {
  const [queries] = useState(() => new QueryClient());
  const [client] = useState(() => createClient({ baseUrl: process.env.NEXT_PUBLIC_API_URL ?? "", token }));
  return (
    <QueryClientProvider client={queries}>
      <UnstuckProvider client={client}>{children}</UnstuckProvider>
    </QueryClientProvider>
  );
}
