/** The "after" clients of docs/migrating.md, run as printed. Others: migrating-hooks.test.tsx, tests/e2e/test_migrating.py. */
import { afterEach, expect, it, vi } from "vitest";
import type { Usage } from "../../src/index.js";
import { PRINTED, printed } from "../printed.js";
import { fromPage, serve } from "../proxied.js";
import { ownText, TOKEN, URL } from "./stack.js";

interface Card {
  number: number;
  front: string;
  state: string;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

it("prints five clients, and no other test is missing", () => {
  expect([...PRINTED.keys()]).toEqual(["flashcards.ts", "story.ts", "pictures.py", "assistant.ts", "cookies.ts"]);
});

it("makes flashcards with fetch alone", async () => {
  type Printed = {
    flashcards(api: string, token: string, text: string, show: (percent: number) => void): Promise<Card[]>;
  };
  const { flashcards } = await printed<Printed>("flashcards.ts");
  const shown: number[] = [];
  const cards = await flashcards(URL, TOKEN, ownText(), (percent) => shown.push(percent));
  expect(cards.length).toBeGreaterThan(0);
  expect(cards[0]).toMatchObject({ number: 1, state: "proposed" });
  expect(shown.at(-1)).toBe(100);
  expect(shown).toEqual([...shown].sort((one, other) => one - other));
  await expect(flashcards(URL, TOKEN, "too short", () => undefined)).rejects.toThrow("validation_failed");
});

it("tells a story with the TypeScript client", async () => {
  type Show = (percent: number, stage: string | undefined) => void;
  type Told = { title: string; chapters: { heading: string }[] };
  type Printed = { story(url: string, token: () => Promise<string>, premise: string, show: Show): Promise<Told> };
  const { story } = await printed<Printed>("story.ts");
  const shown: number[] = [];
  const premise = `A lighthouse keeper finds a map, ${crypto.randomUUID()}.`;
  const told = await story(
    URL,
    async () => TOKEN,
    premise,
    (percent) => shown.push(percent),
  );
  expect([told.chapters.length, told.title.length > 0]).toEqual([2, true]);
  expect(shown.at(-1)).toBe(100);
});

it("makes proposals for an app with cookie sessions, whose page has no token", async () => {
  vi.stubEnv("UNSTUCK_URL", URL);
  const app = await serve("astro", { alice: { token: TOKEN, renewed: TOKEN } });
  try {
    vi.stubGlobal("location", { origin: app.origin });
    const plain = globalThis.fetch;
    const own = fromPage("alice", "same-origin", plain);
    // The page's own calls have its cookie; the app's server sends its calls to the API without the browser.
    vi.stubGlobal("fetch", (asked: Request | string, init?: RequestInit) =>
      asked instanceof Request && asked.url.startsWith(app.origin) ? own(asked) : plain(asked, init),
    );
    type Printed = { proposals(text: string): Promise<{ usage: Usage; suggestions: Card[] }> };
    const { proposals } = await printed<Printed>("cookies.ts");
    const made = await proposals(ownText());
    expect(made.suggestions.length).toBeGreaterThan(0);
    expect(made.usage.calls).toBe(1);
  } finally {
    app.close();
  }
});
