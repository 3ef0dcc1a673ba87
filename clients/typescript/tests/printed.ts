/** The examples of docs/migrating.md, imported and run as printed. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const PAGE = readFileSync(resolve("../../docs/migrating.md"), "utf8");

/** All runnable examples, by file name. */
export const PRINTED: ReadonlyMap<string, string> = new Map(
  [...PAGE.matchAll(/^<!-- runs: (\S+) -->\n```\w+\n(.*?)^```$/gms)].map(([, name, code]) => [name ?? "", code ?? ""]),
);

/** Import one of them. */
export async function printed<Module>(name: string): Promise<Module> {
  const code = PRINTED.get(name);
  if (code === undefined) throw new Error(`docs/migrating.md prints no ${name}`);
  const folder = resolve("node_modules", ".printed");
  mkdirSync(folder, { recursive: true });
  writeFileSync(resolve(folder, name), code);
  return import(/* @vite-ignore */ pathToFileURL(resolve(folder, name)).href);
}
