/** Puts the files of examples/proxy where their first lines say, and serves their routes as Astro and Next do. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const EXAMPLES = resolve("../../examples/proxy");

export type Framework = "astro" | "next";
/** An app's sessions: for each value of the cookie `session`, the present token and the one after a renewal. */
export type Sessions = Record<string, { token: string; renewed: string }>;

type Route = (request: Request, sessions: Sessions) => Promise<Response>;

/** Serve an app that has only the proxy route. Call `close` when done. */
export async function serve(framework: Framework, sessions: Sessions): Promise<{ origin: string; close(): void }> {
  const app = mkdtempSync(resolve("node_modules", `.app-${framework}-`));
  const route = await (framework === "astro" ? astro(app) : next(app, sessions));
  const server = createServer((asked, answer) => void handle(route, sessions, asked, answer));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
    rmSync(app, { recursive: true });
  };
  return { origin: `http://127.0.0.1:${port}`, close };
}

async function astro(app: string): Promise<Route> {
  put("unstuck-proxy.ts", join(app, "src/lib/unstuck-proxy.ts"));
  const path = put("astro/[...path].ts", join(app, "src/pages/api/unstuck/[...path].ts"));
  const { ALL } = await load(path);
  return (request, sessions) => {
    const held = sessionOf(request, sessions);
    const answer = (token: string | undefined) =>
      Promise.resolve({ data: { session: token === undefined ? null : { access_token: token } } });
    const auth = { getSession: () => answer(held?.token), refreshSession: () => answer(held?.renewed) };
    return ALL({ request, locals: { supabase: { auth } } });
  };
}

async function next(app: string, sessions: Sessions): Promise<Route> {
  put("unstuck-proxy.ts", join(app, "lib/unstuck-proxy.ts"));
  // Next provides the cookies of the running request; the app's own session module reads them.
  writeFileSync(
    join(app, "lib/session.ts"),
    "export const current = { of: async (_: unknown): Promise<string | null> => null };\n" +
      "export const accessToken = (asked: unknown) => current.of(asked);\n",
  );
  const path = put("next/route.ts", join(app, "app/api/unstuck/[...path]/route.ts"));
  const [methods, { current }] = [await load(path), await load(join(app, "lib/session.ts"))];
  return (request) => {
    const held = sessionOf(request, sessions);
    current.of = async ({ renew }: { renew: boolean }) => (renew ? held?.renewed : held?.token) ?? null;
    const method = methods[request.method];
    return method ? method(request) : Promise.resolve(new Response(null, { status: 405 }));
  };
}

function put(from: string, to: string): string {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(join(EXAMPLES, from), to);
  return to;
}

// biome-ignore lint/suspicious/noExplicitAny: what the frameworks know of a route is its exports' names.
const load = (path: string): Promise<any> => import(/* @vite-ignore */ pathToFileURL(path).href);

function sessionOf(request: Request, sessions: Sessions): Sessions[string] | undefined {
  const value = /(?:^|; )session=([^;]*)/.exec(request.headers.get("cookie") ?? "")?.[1];
  return value === undefined ? undefined : sessions[value];
}

async function handle(route: Route, sessions: Sessions, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const body = asked.method === "GET" ? null : bodyOf(asked);
  const headers = new Headers(
    Object.entries(asked.headers).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const init = { method: asked.method ?? "GET", headers, body, duplex: "half" };
  const given = await route(new Request(`http://${asked.headers.host}${asked.url}`, init), sessions);
  answer.writeHead(given.status, Object.fromEntries(given.headers));
  answer.end(Buffer.from(await given.arrayBuffer()));
}

function bodyOf(asked: IncomingMessage): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      for await (const part of asked) controller.enqueue(new Uint8Array(part));
      controller.close();
    },
  });
}

/** A browser's fetch from the app's own page: it adds the cookie and the origin of the call. */
export function fromPage(session: string | null, site = "same-origin", send: typeof fetch = fetch) {
  return (request: Request): Promise<Response> => {
    const headers = new Headers(request.headers);
    if (session !== null) headers.set("cookie", `theme=dark; session=${session}`);
    headers.set("sec-fetch-site", site);
    return send(new Request(request, { headers }));
  };
}
