// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { expect, it } from "vitest";

/** Return the declarations that the package would publish, by file. */
function declarations(): Map<string, string> {
  const { config } = ts.readConfigFile("tsconfig.build.json", (path) => readFileSync(path, "utf8"));
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, ".");
  const emitted = new Map<string, string>();
  const program = ts.createProgram(fileNames, { ...options, emitDeclarationOnly: true });
  program.emit(undefined, (path, text) => emitted.set(path, text));
  return emitted;
}

function anyIn(path: string, text: string): string[] {
  const found: string[] = [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) found.push(`${path}: ${node.parent.getText()}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

it("has no any in the types that it is published with", () => {
  const emitted = declarations();
  expect(emitted.size).toBeGreaterThan(20);
  expect([...emitted].flatMap(([path, text]) => anyIn(path, text))).toEqual([]);
});

it("needs no package in the base client, and nothing of the hooks", () => {
  const files = readdirSync("src").filter((name) => name.endsWith(".ts"));
  expect(files).toContain("transport.ts");
  const imports = files.flatMap((name) => ts.preProcessFile(readFileSync(`src/${name}`, "utf8")).importedFiles);
  const packages = imports.map(({ fileName }) => fileName).filter((name) => !/^\.\/[a-z-]+\.js$/.test(name));
  expect(packages).toEqual([]);
});
