/** `npm run sizes`: what the client and the page weigh, minified and compressed, beside what they may weigh. Builds nothing. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const PAGE = new URL("../../web/dist/assets/", import.meta.url);
const BROUGHT_BY_THE_APPLICATION = ["react", "react/jsx-runtime", "@tanstack/react-query"];

/** In bytes. `before`: at 0.1.0's first client, whose one dependency is counted in; `most`: where a test fails. */
export const BOUNDS = {
  client: { before: 6_123, most: 6_735 }, // a tenth more
  "client with hooks": { before: 10_792, most: 14_000 }, // docs/clients.md says what of it is for what
  page: { before: 152_355, most: 167_590 }, // a tenth more
};

/** Return the sizes in bytes, gzipped, of everything that each exports. */
export async function sizes() {
  const scripts = readdirSync(PAGE).filter((name) => name.endsWith(".js"));
  return {
    client: await bundled('export * from "./src/index.ts";'),
    "client with hooks": await bundled('export * from "./src/index.ts"; export * from "./src/react/index.ts";'),
    page: weigh(scripts.map((name) => readFileSync(new URL(name, PAGE)))),
  };
}

/** Return the size of an application that is this one module. */
export async function bundled(code) {
  const plugin = {
    name: "everything",
    resolveId: (id) => (id === "everything.ts" ? `${HERE}everything.ts` : undefined),
    load: (id) => (id === `${HERE}everything.ts` ? code : undefined),
  };
  const build = await rolldown({
    input: "everything.ts",
    external: BROUGHT_BY_THE_APPLICATION,
    plugins: [plugin],
    resolve: { extensionAlias: { ".js": [".ts", ".tsx", ".js"] } },
    transform: { jsx: "react-jsx" },
    logLevel: "silent",
  });
  const { output } = await build.generate({ format: "esm", minify: true });
  return weigh(output.map((chunk) => Buffer.from(chunk.code)));
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
