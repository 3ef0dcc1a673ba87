/** Goes to lib/session.ts: the access token of a Supabase session in cookies. Another library has its own two calls. */
import { createServerClient } from "@supabase/ssr";
import { cookies } from "next/headers";

export async function accessToken({ renew }: { renew: boolean }): Promise<string | null> {
  const jar = await cookies();
  const supabase = createServerClient(process.env.SUPABASE_URL ?? "", process.env.SUPABASE_KEY ?? "", {
    cookies: {
      getAll: () => jar.getAll(),
      setAll: (all) => all.forEach(({ name, value, options }) => jar.set(name, value, options)),
    },
  });
  const { data } = await (renew ? supabase.auth.refreshSession() : supabase.auth.getSession());
  return data.session?.access_token ?? null; // the API verifies it: an altered cookie gets nowhere
}
