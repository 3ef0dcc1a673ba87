import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { asCurl, asPython, asTypeScript } from "./snippets";

const TEXT = `It's a "text": $HOME \`id\` \\n\nsecond line — 🙂`;
const KEY = "0191c0de-0000-4000-8000-000000000000";
const CALL = {
  key: KEY,
  apiUrl: "http://127.0.0.1:4566/_aws/api/$default",
  body: { kind: "flashcards", source_text: TEXT, count: 5, topics: ["a", "b"] },
};

describe("the call as code", () => {
  it("as curl means, to a shell, exactly the body that is sent", () => {
    const script = asCurl(CALL).replace(/^curl/m, "show");
    const said = execFileSync("sh", ["-c", `show() { for a; do last=$a; done; printf %s "$last"; }\n${script}`], {
      env: { PATH: process.env.PATH ?? "", TOKEN: "t" },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(JSON.parse(said)).toEqual(CALL.body);
    expect(asCurl(CALL).split("\n")[0]).toBe(`KEY=${KEY}`);
    expect(asCurl(CALL)).toContain("'http://127.0.0.1:4566/_aws/api/$default/v1/generations'");
  });

  it("as TypeScript means, to JavaScript, exactly the body that is sent", () => {
    const code = asTypeScript(CALL);
    const request = code.slice(
      code.indexOf("createAndWait(") + "createAndWait(".length,
      code.indexOf(", { idempotencyKey: KEY });"),
    );
    expect(new Function(`return (${request})`)()).toEqual(CALL.body);
    expect(code).toContain("  count: 5");
  });

  it("as Python is a literal of the body", () => {
    expect(asPython({ ...CALL, body: { kind: "story", chapters: 2, ok: true, none: null, topics: ["a"] } })).toBe(
      `import os

from unstuck import Client

KEY = "${KEY}"
with Client("http://127.0.0.1:4566/_aws/api/$default", os.environ["TOKEN"]) as client:
    done = client.create_and_wait({
        "kind": "story",
        "chapters": 2,
        "ok": True,
        "none": None,
        "topics": [
            "a",
        ],
    }, idempotency_key=KEY)
    print(done.output)`,
    );
  });

  it("never shows a key of the user's, and takes it from the environment", () => {
    const call = { ...CALL, body: { kind: "assistant", sentence: "x", user_provided_key: "sk-secret-12345" } };
    for (const code of [asCurl(call), asPython(call), asTypeScript(call)]) {
      expect(code).not.toContain("sk-secret");
      expect(code).toContain("MODEL_KEY");
    }
    expect(asCurl(call)).toContain(`"user_provided_key": "'"$MODEL_KEY"'"`);
    expect(asPython(call)).toContain(`os.environ["MODEL_KEY"]`);
    expect(asTypeScript(call)).toContain("user_provided_key: process.env.MODEL_KEY!");
  });
});
