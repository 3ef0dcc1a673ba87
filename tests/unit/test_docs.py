"""The documents say what the code does: each list in them is compared with the code that it describes."""

import ast
import importlib
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from pydantic import BaseModel

from docs import render_codes, render_lifecycle
from docs.failures import failures as codes_of_failures
from functions.process.provider import failures
from shared.domain import errors
from shared.domain.codes.failures import FAILURES
from shared.domain.codes.problems import PROBLEMS
from shared.kinds.contract import Limits, Prompt

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {"node_modules", "build"}
PAGES = sorted(
    page
    for pattern in ("*.md", "*/**/*.md")
    for page in ROOT.glob(pattern)
    if not any(part.startswith(".") or part in SKIPPED for part in page.relative_to(ROOT).parts)
)
FREE_TEXT = [*PAGES, *sorted((ROOT / "operations").glob("*.py"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def subclasses(of: type[Exception]) -> set[str]:
    return {of.__name__}.union(*(subclasses(each) for each in of.__subclasses__()))


RAISED = (subclasses(errors.GenerationError) | {"ErrorInfo"}) - {"KindFailureError"}
"""Calls that take a code of the register; a kind's own failure has one that the kind declares."""


def codes_in(source: ast.AST) -> set[str]:
    """Return the code of each error that is built here, which must be a literal or another error's `code`."""
    found = set()
    for node in ast.walk(source):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0]
        if name in RAISED:
            passed_on = ast.unparse(first).endswith(".code")
            assert passed_on or isinstance(first, ast.Constant), f"{ast.unparse(node)}: its code cannot be listed"
            found |= {str(first.value)} if isinstance(first, ast.Constant) else set()
    for definition in ast.walk(source):
        if isinstance(definition, ast.ClassDef) and definition.name in RAISED:
            found |= set(re.findall(r"super\(\).__init__\('(\w+)'", ast.unparse(definition)))
    return found


def failure_codes() -> set[str]:
    codes = {each.code for each in vars(failures).values() if isinstance(each, failures.CallFailure)}
    for folder in ("shared", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            codes |= codes_in(ast.parse(path.read_text(encoding="utf-8")))
    return codes


def codes_listed(page: str, part: str) -> list[str]:
    """Return the codes that have a row with an anchor below the heading `part`."""
    below = page.partition(f"\n## {part}\n")[2].partition("\n## ")[0]
    return [code for code, same in re.findall(r'^\| <a id="(\w+)"></a>`(\w+)`', below, re.MULTILINE) if code == same]


def anchors(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page), re.MULTILINE)
    named = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return named.union(re.findall(r'<a id="(\w+)"></a>', page))


def test_the_pages_hold_the_tables_and_the_diagram_of_the_code() -> None:
    assert render_lifecycle.main(["--check"]) == 0


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("lifecycle.md", "| `claim` | process", "| `grab` | process"),
        ("architecture.md", "running: claim", "running: grab"),
    ],
)
def test_an_outdated_page_is_found_and_rendered_again(
    name: str, right: str, wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / name
    text = read(f"docs/{name}")
    assert right in text
    page.write_text(text.replace(right, wrong), encoding="utf-8")
    pages = {page: render_lifecycle.PAGES[ROOT / "docs" / name]}
    assert render_lifecycle.main(["--check"], pages) == 1
    assert "out of date" in capsys.readouterr().err
    assert render_lifecycle.main([], pages) == 0
    assert render_lifecycle.main(["--check"], pages) == 0
    assert page.read_text(encoding="utf-8") == text


def test_each_problem_has_one_row_and_no_other_has() -> None:
    assert sorted(codes_listed(read("docs/errors.md"), "Problems")) == sorted(PROBLEMS)


def test_each_code_of_a_failed_generation_has_one_row_and_no_other_has() -> None:
    known = failure_codes()
    assert {"crash_loop", "handover_limit", "provider_timeout", "output_invalid"} <= known
    assert known == FAILURES.keys()
    assert sorted(codes_listed(read("docs/errors.md"), "Failures")) == sorted(codes_of_failures())


def test_the_row_of_a_problem_has_its_status_what_happened_and_what_to_do() -> None:
    page = read("docs/errors.md")
    for name, code in PROBLEMS.items():
        assert f"`{name}`<br>{code.status}, {code.fault} fault | {code.detail} | {code.fix} | " in page, name


def test_the_example_of_a_problem_has_the_title_and_status_of_its_code() -> None:
    example = json.loads(re.findall(r"^```json\n(.*?)^```$", read("docs/errors.md"), re.MULTILINE | re.DOTALL)[0])
    code = PROBLEMS[example["code"]]
    assert (example["title"], example["status"]) == (code.title, code.status)
    assert example["type"].endswith(f"/x-problems/{example['code']}")


def test_page_and_clients_hold_the_register_of_error_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert render_codes.main(["--check"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("name", [*PROBLEMS, *FAILURES])
def test_each_code_says_what_happened_and_then_what_to_do(name: str) -> None:
    code = PROBLEMS.get(name) or FAILURES[name]
    for text in (code.title, code.fix, code.detail):
        assert text[0].isupper() or text[0] == "`"
        assert text.endswith(".")


CODE_SHAPED = re.compile(
    r"(?<![\w./-])((?:provider|user_key|output|input|step|call|cost)_[a-z]+(?:_[a-z]+)*)(?![\w.(=*/-])"
)
"""Names that look like a code of a failure. Attributes, calls and files are not."""

NO_CODES = {"cost_usd", "step_stored", "call_step", "output_step", "step_calls", "output_omitted"}
NO_CODES |= {"call_reserve_usd"}  # a limit of a kind
NO_CODES |= {"input_missing", "step_empty"}  # the doctor's findings
NO_CODES |= {"provider_status", "provider_code", "provider_call_id", "provider_excerpt", "call_id"}
"""Fields and events of the same shape."""


@pytest.mark.parametrize("page", FREE_TEXT, ids=str)
def test_each_code_that_a_free_text_names_is_registered(page: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(CODE_SHAPED.findall(text)) - NO_CODES
    assert named <= {*FAILURES, *PROBLEMS}, sorted(named - {*FAILURES, *PROBLEMS})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_relative_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / unquote(name) if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_each_make_target_that_is_named_exists(name: str) -> None:
    page = read(name)
    quoted = re.findall(r"`make ([a-z-]+)", page)
    in_blocks = [target for block in FENCED.findall(page) for target in re.findall(r"^make ([a-z-]+)", block, re.M)]
    named = {*quoted, *in_blocks}
    assert named
    assert named <= set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))


def test_the_deployment_guide_lists_the_parameters_of_the_template() -> None:
    class Loader(yaml.SafeLoader):
        """Passes over CloudFormation's short forms: no parameter has one."""

    Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
    parameters: dict[str, Any] = yaml.load(read("template.yaml"), Loader)["Parameters"]  # noqa: S506 - a SafeLoader
    table = read("docs/deploying.md").partition("\n## Parameters\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`)? ?\|", table, re.MULTILINE)
    assert dict(listed) == {name: str(each.get("Default", "")) for name, each in parameters.items()}


def test_the_readme_names_each_function() -> None:
    functions = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    assert functions == set(re.findall(r"^functions/(\w+)", read("README.md"), re.MULTILINE))


def kind_of_the_guide() -> ModuleType:
    source, _its_test = re.findall(r"^```python\n(.*?)^```$", read("docs/adding-a-kind.md"), re.MULTILINE | re.DOTALL)
    module = ModuleType("summary")
    exec(compile(source, "docs/adding-a-kind.md", "exec"), vars(module))  # noqa: S102 - our own page
    return module


class Recorder:
    """A context whose model answers with the words that it is given, and that keeps the steps."""

    prompt_version = "1"

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.prompts: list[Prompt] = []

    def step(self, name: str, result: type[BaseModel], make: Any, *, progress: int) -> BaseModel:
        assert 0 < progress < 100
        self.steps.append(name)
        return result.model_validate(make().model_dump())

    def call(self, prompt: Prompt, result: type[BaseModel]) -> BaseModel:
        self.prompts.append(prompt)
        [(name, field)] = result.model_fields.items()
        return result.model_validate({name: ["a point"] if field.annotation is not str else "a summary"})

    def progress(self, percent: int, stage: str | None = None) -> None:
        assert percent < 100
        assert stage


def test_the_kind_in_the_guide_is_one() -> None:
    kind, context = kind_of_the_guide(), Recorder()
    assert isinstance(kind.LIMITS, Limits)
    assert kind.PROMPT_VERSIONS
    output = kind.run(context, kind.Input(source_text="A cell is the smallest unit of life. " * 10))
    assert isinstance(output, kind.Output)
    assert context.steps == ["points", "summary"]
    assert all("smallest unit" not in prompt.system for prompt in context.prompts), (
        "data stays out of the system prompt"
    )


def test_the_guide_names_what_a_kind_must_have() -> None:
    flashcards = importlib.import_module("shared.kinds.flashcards")
    table = read("docs/adding-a-kind.md")
    for name in ("Input", "Output", "LIMITS", "PROMPT_VERSIONS", "run"):
        assert hasattr(flashcards, name)
        assert f"| `{name}` |" in table
