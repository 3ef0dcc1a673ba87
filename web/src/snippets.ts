// The call that a form would send, as code to paste: for curl, Python and TypeScript. Secrets are named, never shown.

export interface Call {
  apiUrl: string;
  body: Record<string, unknown>;
  /** The Idempotency-Key, the same in all three: running any of them any number of times starts one generation. */
  key: string;
}

/** How to install the clients: they are on no registry, where anybody could have taken their names. */
export const INSTALLING = {
  curl: "any shell",
  python: "pip install ./clients/python, in a clone",
  typescript: "make client, in a clone, then npm install the file that it prints",
};

/** Fields whose value comes from the environment instead of the code. */
const SECRETS: Record<string, string> = { user_provided_key: "MODEL_KEY" };

export function asCurl({ apiUrl, body, key }: Call): string {
  // Each secret ends the single quotes, so that the shell inserts its value.
  const shown = JSON.stringify(withMarks(body), null, 2).replaceAll("'", "'\\''");
  const data = unmark(shown, (variable) => `"'"$${variable}"'"`);
  return [
    `KEY=${key}`,
    `curl -X POST ${quoted(`${apiUrl}/v1/generations`)} \\`,
    '  -H "Authorization: Bearer $TOKEN" \\',
    '  -H "Content-Type: application/json" \\',
    '  -H "Idempotency-Key: $KEY" \\',
    `  -d '${data}'`,
  ].join("\n");
}

function quoted(address: string): string {
  return `'${address.replaceAll("'", "'\\''")}'`;
}

export function asPython({ apiUrl, body, key }: Call): string {
  const request = unmark(pythonLiteral(withMarks(body), "    "), (variable) => `os.environ["${variable}"]`);
  return [
    "import os",
    "",
    "from unstuck import Client",
    "",
    `KEY = "${key}"`,
    `with Client(${JSON.stringify(apiUrl)}, os.environ["TOKEN"]) as client:`,
    `    done = client.create_and_wait(${request}, idempotency_key=KEY)`,
    "    print(done.output)",
  ].join("\n");
}

function pythonLiteral(value: unknown, indent: string): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}    `;
  if (Array.isArray(value)) {
    return `[\n${value.map((item) => `${inner}${pythonLiteral(item, inner)},\n`).join("")}${indent}]`;
  }
  const entries = Object.entries(value).map(
    ([name, item]) => `${inner}${JSON.stringify(name)}: ${pythonLiteral(item, inner)},\n`,
  );
  return `{\n${entries.join("")}${indent}}`;
}

export function asTypeScript({ apiUrl, body, key }: Call): string {
  const request = unmark(JSON.stringify(withMarks(body), null, 2), (variable) => `process.env.${variable}!`).replaceAll(
    /^( *)"([A-Za-z_]\w*)":/gm,
    "$1$2:",
  );
  return [
    'import { createClient } from "unstuck-client";',
    "",
    `const KEY = "${key}";`,
    "const client = createClient({",
    `  baseUrl: ${JSON.stringify(apiUrl)},`,
    "  token: process.env.TOKEN!,",
    "});",
    `const done = await client.createAndWait(${request}, { idempotencyKey: KEY });`,
    "console.log(done.output);",
  ].join("\n");
}

/** A mark cannot be in the input of a field of one line, and no other field is searched for it. */
function withMarks(body: Record<string, unknown>): Record<string, unknown> {
  const marked = Object.entries(body).map(([name, value]) => {
    const variable = SECRETS[name];
    return [name, variable === undefined ? value : mark(variable)] as const;
  });
  return Object.fromEntries(marked);
}

function mark(variable: string): string {
  return `\u0001${variable}\u0001`;
}

/** JSON writes the mark's sign as an escape. */
function unmark(text: string, written: (variable: string) => string): string {
  return Object.values(SECRETS).reduce(
    (code, variable) => code.replace(JSON.stringify(mark(variable)), () => written(variable)),
    text,
  );
}
