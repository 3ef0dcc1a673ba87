/** Runs on an API that accepts two starts in any 6 seconds: see tests/e2e/test_typescript_client.py. */
import { expect, it } from "vitest";
import { UnstuckError } from "../../src/index.js";
import { connect, ownText } from "./stack.js";

it("says when a refused create may come back, and is let in then", async () => {
  const client = connect();
  const create = () => client.createGeneration({ source_text: ownText(), model: "local/cards" });
  const made = [await create(), await create()];
  const refused = await create().catch((error: unknown) => error);
  if (!(refused instanceof UnstuckError)) throw new Error("a third was let in");
  expect(refused).toMatchObject({ code: "rate_limited", status: 429, retryable: true });
  const seconds = refused.retryAfterSeconds ?? 0;
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(6);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  made.push(await create());
  for (const { generation_id: id } of made) await client.waitFor(id);
});
