// @vitest-environment node
import { expect, it } from "vitest";
import { BOUNDS, bundled, sizes } from "../../sizes.mjs";

it("weighs no more than it may: the client, with hooks, and the page", async () => {
  const found = await sizes();
  expect(Object.keys(found)).toEqual(Object.keys(BOUNDS));
  for (const [name, { before, most }] of Object.entries(BOUNDS)) {
    const size = found[name as keyof typeof found];
    expect(size, name).toBeGreaterThan(before / 2); // something was built
    expect(size, `${name}: see npm run sizes`).toBeLessThanOrEqual(most);
  }
});

it("is shaken by a bundler: what knows statuses brings nothing of the calls", async () => {
  const size = await bundled('export { hasEnded } from "./src/index.ts";');
  expect(size).toBeLessThan(BOUNDS.client.before / 10);
});
