/** Goes to src/pages/api/unstuck/[...path].ts, and unstuck-proxy.ts to src/lib. Needs an adapter: it runs on the server. */
import { createProxy } from "../../../lib/unstuck-proxy";

export const prerender = false;

const proxy = createProxy({ api: import.meta.env.UNSTUCK_URL, mount: "/api/unstuck" });

interface Context {
  request: Request;
  /** What your middleware puts here: a Supabase server client, in this example. */
  locals: { supabase: { auth: Auth } };
}
interface Auth {
  getSession(): Promise<Answer>;
  refreshSession(): Promise<Answer>;
}
interface Answer {
  data: { session: { access_token: string } | null };
}

export const ALL = ({ request, locals }: Context): Promise<Response> =>
  proxy(request, async ({ renew }) => {
    const { auth } = locals.supabase;
    const { data } = await (renew ? auth.refreshSession() : auth.getSession());
    return data.session?.access_token ?? null; // the API verifies it: an altered cookie gets nowhere
  });
