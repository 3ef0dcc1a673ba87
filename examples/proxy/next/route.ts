/** Goes to app/api/unstuck/[...path]/route.ts, and unstuck-proxy.ts to lib. `accessToken` is yours: see lib/session. */
import { accessToken } from "../../../../lib/session";
import { createProxy } from "../../../../lib/unstuck-proxy";

export const dynamic = "force-dynamic";

const proxy = createProxy({ api: process.env.UNSTUCK_URL ?? "", mount: "/api/unstuck" });

const handle = (request: Request): Promise<Response> => proxy(request, accessToken);

export { handle as DELETE, handle as GET, handle as PATCH, handle as POST };
