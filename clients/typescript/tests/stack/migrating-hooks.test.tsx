// @vitest-environment jsdom
/** The hook of docs/migrating.md, run as printed. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, it } from "vitest";
import { UnstuckProvider } from "../../src/react/index.js";
import { printed } from "../printed.js";
import { connect } from "./stack.js";

afterEach(cleanup);

it("answers with the hook, and has the app's own queries read again at the end", async () => {
  type Hook = { ask(sentence: string): Promise<void>; isPending: boolean; result?: { intent: string }; error?: string };
  const { useAssistant } = await printed<{ useAssistant(invalidates: string): Hook }>("assistant.ts");
  const queries = new QueryClient();
  queries.setQueryData(["tasks"], ["of the app"]);
  const client = connect();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>
      <UnstuckProvider client={client}>{children}</UnstuckProvider>
    </QueryClientProvider>
  );
  const { result } = renderHook(() => useAssistant("tasks"), { wrapper });
  expect(result.current.isPending).toBe(false);
  await act(() => result.current.ask(`I want to run ten kilometres by June. ${crypto.randomUUID()}`));
  expect(result.current.isPending).toBe(true);
  expect(queries.getQueryState(["tasks"])?.isInvalidated).toBe(false);
  await waitFor(() => expect(result.current.isPending).toBe(false), { timeout: 60_000, interval: 50 });
  expect(result.current).toMatchObject({ result: { intent: expect.any(String) } });
  expect(result.current.error).toBeUndefined();
  expect(queries.getQueryState(["tasks"])?.isInvalidated).toBe(true);
});
