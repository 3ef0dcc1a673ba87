"""With the file of `unstuck types`, correct uses of own kinds type-check in TypeScript and Python, and wrong ones do
not."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pydantic
import pytest
from typer.testing import CliRunner

from tests.kinds_of_types import MATRIX
from tests.node import ENVIRONMENT, NODE, ROOT
from unstuck.cli.app import app

CLIENT = ROOT / "clients" / "typescript"
TSC = CLIENT / "node_modules" / ".bin" / "tsc"
EVERY_TYPE = '''"""Every type: one field for each."""

from pydantic import create_model

from shared.kinds.contract import Limits
from shared.kinds.forms import Asked, Written
from tests.kinds_of_types import MATRIX

LIMITS, PROMPT_VERSIONS = Limits(), ("1",)
_FIELDS = {f"of_{name}": (form, ...) for name, (form, _sent) in MATRIX.items()}
Input = create_model("Input", __base__=Asked, **_FIELDS)
Output = create_model("Output", __base__=Written, **_FIELDS)


def run(ctx, content):
    raise NotImplementedError
'''
QUIZ = '''"""Quiz: questions whose field names no Unstuck kind has, or another one has for something else."""

from typing import Literal

from pydantic import Field

from shared.kinds.contract import Limits
from shared.kinds.forms import Asked, Written

LIMITS, PROMPT_VERSIONS = Limits(), ("1", "2")
REVIEWS = "chapters"


class Input(Asked):
    source_text: str
    level: Literal["easy", "hard"] = "easy"
    spoken: str | None = Field(default=None, alias="from")


class Question(Written):
    question: str
    options: list[str]
    answer: int


class Picture(Written):
    caption: str


class Output(Written):
    """A quiz, with "quotes" and */ in its description."""

    chapters: list[Question]
    images: list[Picture] = []
    result: dict[str, float] | None = None


def run(ctx, content):
    raise NotImplementedError
'''
RIGHT = """
import { createClient, outputOf, suggestionsOf } from "unstuck-client";
import { useCreateGeneration, useGenerationFeed } from "unstuck-client/react";

export async function right(): Promise<unknown[]> {
  const client = createClient({ baseUrl: "", token: "t" });
  const done = await client.createAndWait({ kind: "quiz", source_text: "", level: "hard", from: null });
  const answer: number | undefined = done.output?.chapters[0]?.answer;
  const caption: string | undefined = done.output?.images?.[0]?.caption;
  const { generation_id: id } = await client.createGeneration({ kind: "quiz", source_text: "", prompt_version: "2" });
  const read = outputOf("quiz", await client.getGeneration(id))?.result?.["x"];
  for await (const each of client.generations({ kind: "quiz", fields: "output" })) {
    const listed: string | undefined = outputOf("quiz", each)?.chapters[0]?.options[0];
    console.log(listed, suggestionsOf(each));
  }
  await client.decide(id, 1, { decision: "accepted", options: ["a", "b"] });
  for await (const card of client.cards()) if (card.kind === "quiz") console.log(card.options, card.answer + 1);
  return [answer, caption, read, await client.createAndWait({ kind: "story", premise: "" })];
}

export function useRight(): void {
  const { submit } = useCreateGeneration();
  void submit({ kind: "quiz", source_text: "" });
  useGenerationFeed({ kind: "quiz" });
}
"""
WRONG = {
    "a field that is missing": 'await client.createAndWait({ kind: "quiz" });',
    "a field that is not there": 'await client.createAndWait({ kind: "quiz", source_text: "", premise: "" });',
    "a value that is none": 'await client.createGeneration({ kind: "quiz", source_text: "", level: "medium" });',
    "a kind that is none": 'await client.listGenerations({ kind: "quizz" });',
    "an output of another kind": 'outputOf("quiz", await client.getGeneration(""))?.suggestions;',
    "a field of no output": '(await client.createAndWait({ kind: "quiz", source_text: "" })).output?.title;',
    "an edit of no field": 'await client.decide("", 1, { decision: "accepted", options: "a" });',
}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document of a deployment with two own kinds: a quiz, and one that contains every type."""
    place = tmp_path_factory.mktemp("own")
    package = place / "own_typed"
    package.mkdir()
    for name, text in {"__init__": "", "quiz": QUIZ, "every_type": EVERY_TYPE}.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    file = place / "openapi.json"
    environment = {**os.environ, "KINDS_PACKAGE": "own_typed", "PYTHONPATH": f"{place}:{ROOT}"}
    argv = [sys.executable, "-m", "docs.render_openapi", "--file", str(file)]
    ran = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert ran.returncode == 0, ran.stderr
    return file


def write(document: Path, *arguments: str | Path) -> str:
    ran = CliRunner().invoke(app, ["types", "--document", str(document), *map(str, arguments)])
    assert ran.exit_code == 0, ran.output
    return ran.output


def checked(place: Path, document: Path, sources: dict[str, str]) -> str:
    """Return the type checker's output for these files beside the types, with the client as published."""
    write(document, "--typescript", place / "unstuck-kinds.ts")
    for name, text in sources.items():
        (place / name).write_text(text, encoding="utf-8")
    published = place / "published"
    build = ["--project", str(CLIENT / "tsconfig.build.json"), "--emitDeclarationOnly", "--outDir", str(published)]
    subprocess.run([str(TSC), *build], env=ENVIRONMENT, check=True)  # noqa: S603
    options = {
        "strict": True,
        "noEmit": True,
        "noUncheckedIndexedAccess": True,
        "target": "es2022",
        "module": "esnext",
        "moduleResolution": "bundler",
        "jsx": "react-jsx",
        "skipLibCheck": True,
        "paths": {
            "unstuck-client": [str(published / "index.d.ts")],
            "unstuck-client/react": [str(published / "react" / "index.d.ts")],
            "*": [str(CLIENT / "node_modules" / "*"), str(CLIENT / "node_modules" / "@types" / "*")],
        },
        "types": [],
        "lib": ["es2023", "dom", "dom.iterable"],
    }
    settings = {"compilerOptions": options, "files": ["unstuck-kinds.ts", *sources]}
    (place / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    argv = [str(TSC), "--project", str(place)]
    return subprocess.run(argv, env=ENVIRONMENT, capture_output=True, text=True, check=False).stdout  # noqa: S603


node = pytest.mark.skipif(NODE is None or not TSC.exists(), reason="no Node: `make test` installs it")


@node
def test_requests_filters_outputs_and_reviews_of_an_own_kind_are_typed(document: Path, tmp_path: Path) -> None:
    assert checked(tmp_path, document, {"right.ts": RIGHT}) == ""


@node
def test_the_example_of_the_page_is_right_with_the_types(document: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^<!-- types: unstuck-kinds.ts -->\n```ts\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    given = 'declare const text: string, client: import("unstuck-client").Client;\n'
    assert checked(tmp_path, document, {"example.ts": example, "given.d.ts": given}) == ""


@node
def test_what_is_wrong_of_an_own_kind_is_an_error(document: Path, tmp_path: Path) -> None:
    head = 'import { createClient, outputOf } from "unstuck-client";\nconst client = createClient({ baseUrl: "" });\n'
    sources = {f"wrong{number}.ts": f"{head}{code}\n" for number, code in enumerate(WRONG.values())}
    said = checked(tmp_path, document, sources)
    for number, (what, code) in enumerate(WRONG.items()):
        assert f"wrong{number}.ts(3," in said, (what, code, said)


@node
def test_what_is_sent_and_comes_back_of_every_type_fits_the_typescript_types(document: Path, tmp_path: Path) -> None:
    sent = json.dumps({f"of_{name}": value for name, (_form, value) in MATRIX.items()}, ensure_ascii=False)
    source = 'import type { CreateEvery_Type, Every_TypeOutput } from "./unstuck-kinds.js";\n'.replace(
        "Every_Type", "EveryType"
    )
    source += f"export const sent: CreateEveryType = {{ kind: 'every_type', ...({sent} as const) }};\n"
    source += f"export const made: EveryTypeOutput = {sent};\n"
    assert checked(tmp_path, document, {"values.ts": source.replace(" as const)", ")")}) == ""


def test_what_is_sent_and_comes_back_of_every_type_fits_the_python_types(document: Path, tmp_path: Path) -> None:
    file = tmp_path / "unstuck_kinds.py"
    write(document, "--python", file)
    types = imported(file)
    sent = {f"of_{name}": value for name, (_form, value) in MATRIX.items()}
    config = pydantic.ConfigDict(strict=True, extra="forbid")
    for form, values in ((types.CreateEveryType, {"kind": "every_type", **sent}), (types.EveryTypeOutput, sent)):
        form.__pydantic_config__ = config
        assert pydantic.TypeAdapter(form).validate_json(json.dumps(values)) == values


def imported(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


def test_the_python_types_are_held_by_a_type_checker(document: Path, tmp_path: Path) -> None:
    write(document, "--python", tmp_path / "unstuck_kinds.py")
    (tmp_path / "app.py").write_text(
        "from typing import cast\n"
        "from unstuck import Client\n"
        "from unstuck_kinds import CreateQuiz, QuizOutput\n"
        "def ask(client: Client) -> int:\n"
        "    asked: CreateQuiz = {'kind': 'quiz', 'source_text': 'x', 'from': None}\n"
        "    done = client.create_and_wait(asked)\n"
        "    return cast(QuizOutput, done.output)['chapters'][0]['answer']\n"
        "wrong: CreateQuiz = {'kind': 'quiz', 'level': 'medium'}\n",
        encoding="utf-8",
    )
    argv = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--cache-dir",
        str(tmp_path / "cache"),
        "app.py",
    ]
    ran = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    lines = {line.split(":")[1] for line in ran.stdout.splitlines() if "error:" in line}
    assert lines == {"8"}, ran.stdout


def test_a_file_that_is_old_is_told_and_left_by_a_check(document: Path, tmp_path: Path) -> None:
    file = tmp_path / "app" / "unstuck-kinds.ts"
    ran = CliRunner().invoke(app, ["types", "--document", str(document), "--typescript", str(file), "--check"])
    assert (ran.exit_code, file.exists()) == (1, False)
    assert "Own kinds: every_type, quiz." in write(document, "--typescript", file)
    write(document, "--typescript", file, "--check")


def test_a_list_that_is_called_images_is_the_kinds_own_in_the_document(document: Path) -> None:
    schemas = json.loads(document.read_text(encoding="utf-8"))["components"]["schemas"]
    assert schemas["QuizOutput"]["properties"]["images"]["items"] == {"$ref": "#/components/schemas/QuizPicture"}
    assert schemas["ImageOutput"]["properties"]["images"]["items"] == {"$ref": "#/components/schemas/Image"}


@pytest.mark.parametrize("text", ["{}", "[]", '{"x-kinds": {"a": 1}, "components": {"schemas": {}}}', "no JSON"])
def test_a_document_of_something_else_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(app, ["types", "--document", str(tmp_path / "x.json"), "--python", str(tmp_path / "y.py")])
    assert ran.exit_code == 2
    assert not (tmp_path / "y.py").exists()
