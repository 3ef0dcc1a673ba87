import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { createClient } from "unstuck-client";
import { UnstuckProvider } from "unstuck-client/react";
import { Stories } from "./stories";

const { VITE_API_URL: baseUrl, VITE_TOKEN_URL: tokenUrl } = import.meta.env;

/** A local stack signs a token for anybody. Yours comes from your own sign-in. */
async function token(): Promise<string> {
  const answer = await fetch(tokenUrl);
  return ((await answer.json()) as { access_token: string }).access_token;
}

const queries = new QueryClient();
const client = createClient({ baseUrl, token });

createRoot(document.getElementById("page") as HTMLElement).render(
  <QueryClientProvider client={queries}>
    <UnstuckProvider client={client}>
      <Stories />
    </UnstuckProvider>
  </QueryClientProvider>,
);
