import { describe, expect, it } from "vitest";
import { formOf, heading } from "./value-form";

describe("the form of a value", () => {
  it("is a text of paragraphs, a word, or nothing", () => {
    expect(formOf("One.\n\nTwo.\nStill two.")).toEqual({ name: "text", paragraphs: ["One.", "Two.\nStill two."] });
    expect(formOf(false)).toEqual({ name: "word", text: "No" });
    expect(formOf(1.5)).toEqual({ name: "word", text: "1.5" });
    for (const value of [null, "", " \n\n ", [], {}]) expect(formOf(value)).toEqual({ name: "nothing" });
  });

  it("is a list of what is short, a table of what is alike, and items of what is neither", () => {
    expect(formOf(["a", 1, true, null])).toEqual({ name: "list", items: ["a", "1", "Yes", ""] });
    expect(
      formOf([
        { question: "Why?", options: ["a", "b"] },
        { question: "How?", right: 2 },
      ]),
    ).toEqual({
      name: "table",
      columns: ["question", "options", "right"],
      rows: [
        ["Why?", ["a", "b"], null],
        ["How?", null, 2],
      ],
    });
    expect(formOf([{ text: "long ".repeat(100) }]).name).toBe("items");
    expect(formOf([{ a: { b: 1 } }, [1]]).name).toBe("items");
  });

  it("is a picture where the value says that it is one, whatever its fields are called", () => {
    const picture = { where: "https://x.example/p", form: "image/png", wide: 4 };
    expect(formOf(picture)).toMatchObject({ name: "picture", url: "https://x.example/p" });
    expect(formOf("data:image/png;base64,AAAA").name).toBe("picture");
    expect(formOf([picture, picture])).toEqual({ name: "items", items: [picture, picture] });
    expect(formOf({ url: "https://x.example/p" }).name).toBe("group");
    expect(formOf({ url: "javascript:alert(1)", content_type: "image/png" }).name).toBe("group");
    expect(formOf("data:text/html,<script>").name).toBe("text");
  });

  it("goes by no field's name", () => {
    for (const value of [1, "x", null, [], [1], { a: 1 }])
      for (const name of ["suggestions", "chapters", "images", "result", "__proto__", "constructor"])
        expect(formOf(JSON.parse(`{${JSON.stringify(name)}: ${JSON.stringify(value)}}`))).toEqual({
          name: "group",
          fields: [[name, value]],
        });
  });

  it("has its name as a heading", () => {
    expect(heading("too_few_facts")).toBe("Too few facts");
    expect(heading("")).toBe("");
  });
});
