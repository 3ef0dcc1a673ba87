/**
 * `npm run sizes`: the size of the client and the page, minified and compressed, beside their limits. Builds nothing.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const PAGE = new URL("../../web/dist/assets/", import.meta.url);
const BROUGHT_BY_THE_APPLICATION = ["react", "react/jsx-runtime", "@tanstack/react-query"];

/** In bytes. `before` is the size of 0.1.0's first client, including its one dependency. A test fails above `most`. */
export const BOUNDS = {
  client: { before: 6_123, most: 7_700 }, // docs/clients.md explains the parts
  "client with hooks": { before: 10_792, most: 14_800 },
  "live channel": { before: 2_529, most: 2_950 }, // loaded once a deployment has given a ticket
  page: { before: 152_355, most: 171_000 }, // a tenth more, and the live channel
};

/** Return the gzipped size in bytes of all exports of each, and of the part that is loaded once changes are pushed. */
export async function sizes() {
  const scripts = readdirSync(PAGE).filter((name) => name.endsWith(".js"));
  const client = await chunksOf('export * from "./src/index.ts";');
  return {
    client: weigh(client.atOnce),
    "client with hooks": await bundled('export * from "./src/index.ts"; export * from "./src/react/index.ts";'),
    "live channel": weigh(client.later),
    page: weigh(scripts.map((name) => readFileSync(new URL(name, PAGE)))),
  };
}

/** Return the size of an application that is only this module, without the parts loaded later. */
export async function bundled(code) {
  return weigh((await chunksOf(code)).atOnce);
}

/** Return the files of such an application: those loaded at the start, and those loaded by import(). */
async function chunksOf(code) {
  const plugin = {
    name: "everything",
    resolveId: (id) => (id === "everything.ts" ? `${HERE}everything.ts` : undefined),
    load: (id) => (id === `${HERE}everything.ts` ? code : undefined),
  };
  const build = await rolldown({
    input: "everything.ts",
    preserveEntrySignatures: "allow-extension", // as in an application, whose entry other files may import from
    external: BROUGHT_BY_THE_APPLICATION,
    plugins: [plugin],
    resolve: { extensionAlias: { ".js": [".ts", ".tsx", ".js"] } },
    transform: { jsx: "react-jsx" },
    logLevel: "silent",
  });
  const { output } = await build.generate({ format: "esm", minify: true });
  const byName = new Map(output.map((chunk) => [chunk.fileName, chunk]));
  const first = new Set(output.filter((chunk) => chunk.isEntry).map((chunk) => chunk.fileName));
  for (const name of first)
    for (const other of byName.get(name)?.imports ?? []) if (byName.has(other)) first.add(other);
  const files = (isFirst) => output.filter((chunk) => first.has(chunk.fileName) === isFirst);
  return { atOnce: contents(files(true)), later: contents(files(false)) };
}

function contents(chunks) {
  return chunks.map((chunk) => Buffer.from(chunk.code));
}

function weigh(files) {
  return files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, size] of Object.entries(await sizes())) {
    const { before, most } = BOUNDS[name];
    const change = ((size / before - 1) * 100).toFixed(1);
    console.log(`${name}: ${size} bytes, ${change} % more than ${before}; ${most} at most`);
  }
