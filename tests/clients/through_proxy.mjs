// Runs every row of the fault proxy with the built TypeScript client, all at once, and prints each result.
import { createClient } from "../../clients/typescript/dist/index.js";

const { url, rows, tokens, stopAfterMs } = JSON.parse(process.argv[2]);

async function run(row) {
  const given = [...tokens[row]];
  const hangs = given[0] === "hangs";
  let asked = 0;
  const token = () => {
    asked += 1;
    if (hangs) return new Promise(() => undefined);
    return given.length > 1 ? given.shift() : given[0];
  };
  const fixed = row === "token_that_is_none"; // a function that gives none is asked again
  const source = fixed ? given[0] : token;
  const client = createClient({ baseUrl: `${url}/ts/${row}`, token: source, ...(hangs && { timeoutSeconds: 0.3 }) });
  const stop = new AbortController();
  const staysAway = row.startsWith("retry_after_") && row !== "retry_after_0";
  const timer = staysAway ? setTimeout(() => stop.abort(new Error("stopped")), stopAfterMs) : undefined;
  try {
    const request = { kind: "story", premise: "x" };
    const done = hangs ? await client.getUsage() : await client.createAndWait(request, { signal: stop.signal });
    return { status: done.status, asked };
  } catch (error) {
    const shown = `${error.stack} ${error.cause?.stack} ${JSON.stringify(error)}`;
    return { error: error.code ?? error.message, shown, asked };
  } finally {
    clearTimeout(timer);
    client.close();
  }
}

const ended = await Promise.all(rows.map(async (row) => [row, await run(row)]));
process.stdout.write(JSON.stringify(Object.fromEntries(ended)));
