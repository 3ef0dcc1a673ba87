// @vitest-environment node
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

/** The declarations that an example may assume. */
const GIVEN = `
declare const baseUrl: string, text: string;
declare const session: { accessToken(): Promise<string> };
declare const auth: { getToken(): Promise<string> };
declare const client: import("unstuck-client").Client;
`;

/**
 * Return the examples of a page, each a module. tests/clients/test_own_types.py checks those that use own kinds' types.
 */
function examples(page: string): [string, string][] {
  const found = readFileSync(page, "utf8")
    .replace(/^<!-- types: .*?^```$/gms, "")
    .matchAll(/^```(tsx?)\n(.*?)^```$/gms);
  return [...found].map(([, kind, code], number) => [resolve(`tests/unit/example-${number}.${kind}`), code ?? ""]);
}

function complaints(modules: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile("tsconfig.json", (path) => readFileSync(path, "utf8"));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ".");
  const from = {
    ...options,
    noEmit: true,
    paths: { "unstuck-client": [resolve("src/index.ts")], "unstuck-client/react": [resolve("src/react/index.ts")] },
  };
  const host = ts.createCompilerHost(from);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => modules.has(path) || fileExists(path);
  host.getSourceFile = (path, version, ...rest) => {
    const code = modules.get(path);
    return code === undefined ? getSourceFile(path, version, ...rest) : ts.createSourceFile(path, code, version, true);
  };
  const program = ts.createProgram([...modules.keys()], from, host);
  const said = [...modules.keys()].flatMap((path) => ts.getPreEmitDiagnostics(program, program.getSourceFile(path)));
  return said.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

it.each(["../../docs/clients.md", "../../docs/migrating.md", "README.md"])(
  "the examples of %s are right",
  (page) => {
    const found = examples(page);
    expect(found.length).toBeGreaterThan(1);
    const given = resolve("tests/unit/given.d.ts");
    const modules = new Map([[given, GIVEN], ...found]);
    expect(complaints(modules)).toEqual([]);
  },
  60_000,
);
