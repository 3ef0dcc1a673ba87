import { useEffect, useState } from "react";
import { expect, it, vi } from "vitest";
import { FakeApi, generation, json } from "./fake-api.js";
import { render, restore } from "./harness.js";

it("leaves nothing of a test that ends while its component still changes", async () => {
  const unmounted = vi.fn();
  const seen: number[] = [];
  const { result } = render(new FakeApi(() => json(200, generation())), () => {
    const [count, setCount] = useState(0);
    seen.push(count);
    useEffect(() => unmounted, []);
    return setCount;
  });
  result.current(1); // outside of `act`, so React puts it off
  await restore();
  expect(unmounted).toHaveBeenCalledOnce();
  expect(document.body.childElementCount).toBe(0);
  const before = seen.length;
  await new Promise((later) => setTimeout(later, 20));
  expect(seen).toHaveLength(before);
});

it("leaves no work of React's for a later turn, when the window may be gone", async () => {
  const { result } = render(new FakeApi(() => json(200, generation())), () => useState(0)[1]);
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", false);
  result.current(1);
  await Promise.resolve(); // React has put it off
  expect(process.getActiveResourcesInfo()).toContain("Immediate");
  await restore();
  vi.unstubAllGlobals();
  expect(process.getActiveResourcesInfo()).not.toContain("Immediate");
});
