/**
 * On a stack that gives tickets but pushes nothing: `tests/e2e/test_typescript_client.py` has denied it the right to.
 */
import { expect, it } from "vitest";
import { connect, listening } from "./stack.js";

it("a generation of which nothing is pushed is found to be so, and polled to its end", async () => {
  const { fetch, paths } = listening();
  const client = connect({ fetch });
  const premise = `A keeper finds a door in the cliff. ${crypto.randomUUID()}`;
  const request = { kind: "story", premise, chapters: 2, model: "local/stream:3" } as const;
  const { generation_id: id } = await client.createGeneration(request);
  const states: boolean[] = [];
  client.changes.onLive?.(() => states.push(client.changes.isLive?.() ?? false));
  const end = await client.waitFor(id);
  expect(end.status).toBe("succeeded");
  expect(end.output).toBeDefined();
  expect(states.slice(0, 2)).toEqual([true, false]); // it was connected, and is no longer trusted
  expect(paths.filter((path) => path.endsWith(id)).length).toBeGreaterThan(4);
  client.close();
});
