"""docs/architecture.md says what the code and the template do: its lists are compared with both."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.partition import TAKERS
from shared.store.sweeps import NO_OWNER
from tests.unit.test_template import TEMPLATE, _Loader, as_list, of_type

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return dict(yaml.load(TEMPLATE.read_text(encoding="utf-8"), _Loader))  # noqa: S506 - a SafeLoader


def rows_below(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    below = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in below.splitlines() if line.startswith("|")][2:]
    assert lines, heading
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def texts_of(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_the_list_of_items_has_each_kind_of_sort_key_that_the_store_writes_and_no_other() -> None:
    listed = {re.findall(r"`([^`]+)`", cells[0])[0] for cells in rows_below("What the table holds")}
    written = {match[0] for text in texts_of(ROOT / "shared") if (match := re.match(r"[A-Z]#", text))}
    assert {key[:2] for key in listed if "#" in key} == written
    assert {key for key in listed if "#" not in key} == {"sweep", "spend <shard>"}
    assert NO_OWNER in PAGE
    assert set(TAKERS) == written, "the doctor knows the same"


def test_a_sort_key_that_the_store_begins_to_write_is_found(tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text('def job_key(owner, id):\n    return {"pk": owner, "sk": f"J#{id}"}\n')
    assert "J#" in set(texts_of(tmp_path))


def test_the_list_of_rights_is_that_of_the_roles(template: dict[str, Any]) -> None:
    listed = {}
    for name, *cells in rows_below("Who may do what"):
        table, bucket, queues, keys, live = (re.sub(r"`|\w+:(?=Get|Enc|Dec|Inv)", "", cell) for cell in cells)
        listed[name] = {
            "dynamodb": {part for part in re.split(r"[,;] ", table.replace(" and of its stream ", " ")) if part},
            "live": {part for part in re.split(r"[,;] ", live) if part},
            "s3": {part for part in bucket.split(", ") if part},
            "sqs": {part for part in queues.split(", ") if part},
            "keys": {part for part in keys.split(", ") if part},
        }
    given = {}
    for name, role in of_type(template["Resources"], "AWS::IAM::Role").items():
        rights: dict[str, set[str]] = {name: set() for name in ("dynamodb", "s3", "sqs", "keys", "live")}
        for policy in role["Policies"]:
            for maybe in policy["PolicyDocument"]["Statement"]:
                statement = maybe.get("Fn::If", ["", maybe])[1]
                only = " in a transaction only" if "EnclosingOperation" in str(statement.get("Condition")) else ""
                for action in as_list(statement["Action"]):
                    service, _, right = action.partition(":")
                    if "Live" in str(statement["Resource"]) and service in ("dynamodb", "execute-api"):
                        posts = "post" if "/POST/" in str(statement["Resource"]) else "close"
                        rights["live"].add(posts if service == "execute-api" else right)
                    elif service not in ("logs", "lambda"):
                        rights["keys" if service in ("kms", "ssm", "bedrock") else service].add(right + only)
        given[name.removesuffix("Role").lower()] = rights
    assert given.pop("schedule") == {name: set() for name in ("dynamodb", "s3", "sqs", "keys", "live")}
    assert listed == given


def test_each_number_of_the_flow_is_the_default_of_its_parameter(template: dict[str, Any]) -> None:
    checked = 0
    for what, default, names in rows_below("The flow"):
        for name in re.findall(r"`(\w+)`", names):
            value = template["Parameters"][name]["Default"]
            if name == "SweepSchedule":
                assert (value, default) == ("rate(1 minute)", "every minute")
                continue
            assert re.search(rf"\b{value}\b", f"{what} {default}"), name
            checked += 1
    assert checked >= 8


def test_each_function_that_the_page_names_is_there() -> None:
    named = {(each[0], each[1]) for each in re.findall(r"`([A-Z]\w+)\.(\w+)`", PAGE)}
    assert {("WorkerStore", "claim"), ("Rescuer", "rescue")} <= named
    defined = set()
    for folder in ("shared", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    defined |= {(node.name, part.name) for part in node.body if isinstance(part, ast.FunctionDef)}
    assert named - defined == set()


def test_each_room_of_the_map_is_there_and_none_of_shared_is_left_out() -> None:
    cells = [name for row in rows_below("The map") for name in re.findall(r"`([^`]+)`", row[0])]
    rooms = {name if "/" in name or (ROOT / name).exists() else f"shared/{name}" for name in cells} - {
        "functions/<name>"
    }
    assert [name for name in rooms if not (ROOT / name).exists()] == []
    shared = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "shared").iterdir()
        if (path.is_dir() and path.name != "__pycache__") or (path.suffix == ".py" and path.name != "__init__.py")
    }
    assert shared - rooms == set()
