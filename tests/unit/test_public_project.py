"""A public project's files besides code: workflows with few rights, and files that name existing things."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# The rights of a workflow's job beyond reading the commit; each has its reason as a comment.
MAY: dict[str, dict[str, dict[str, str]]] = {
    "gate.yml": {"static": {"contents": "read"}, "gate": {"contents": "read"}},
    "docs.yml": {"build": {"contents": "read"}, "deploy": {"pages": "write", "id-token": "write"}},
    "release.yml": {
        "build": {"contents": "read"},
        "publish": {"contents": "write", "id-token": "write", "attestations": "write"},
    },
}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_each_workflow_is_known_and_may_do_what_it_needs_and_no_more() -> None:
    assert {path.name for path in WORKFLOWS} == set(MAY)
    for path in WORKFLOWS:
        workflow = read(path)
        assert workflow["permissions"] == {}
        assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == MAY[path.name]
        assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_each_action_is_pinned_by_digest_and_no_name_from_outside_becomes_code(path: Path) -> None:
    steps = [step for job in read(path)["jobs"].values() for step in job["steps"]]
    for uses in (step["uses"] for step in steps if "uses" in step):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", uses), uses
    assert not [step["run"] for step in steps if "${{" in step.get("run", "")]


def test_an_audit_of_the_workflows_finds_nothing() -> None:
    zizmor = [str(Path(sys.executable).with_name("zizmor")), "--offline", "--no-progress", str(ROOT / ".github")]
    ended = subprocess.run(zizmor, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_gate_is_the_one_of_the_repository_and_the_release_is_what_make_release_builds() -> None:
    def runs(name: str, job: str) -> list[str]:
        steps = read(ROOT / ".github" / "workflows" / name)["jobs"][job]["steps"]
        return [step["run"] for step in steps if "run" in step]

    assert runs("gate.yml", "gate") == [".ci/run"]
    assert runs("gate.yml", "static") == ["make --keep-going static"]
    assert read(ROOT / ".github/workflows/release.yml")[True] == {"push": {"tags": ["v[0-9]*.[0-9]*.[0-9]*"]}}
    (build,), (attach,) = runs("release.yml", "build"), runs("release.yml", "publish")
    assert build == 'make release VERSION="${GITHUB_REF_NAME#v}" DRY=1'
    assert "gh release create" in attach
    assert "dist/release/*" in attach


def test_a_bug_report_asks_for_what_finds_the_fault() -> None:
    form = read(ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml")
    assert {"request", "code", "version", "doctor"} <= {each.get("id") for each in form["body"]}


def test_renovate_knows_each_lock() -> None:
    patterns = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))["pip-compile"]["managerFilePatterns"]
    locks = [
        *ROOT.glob("requirements/*.lock"),
        *ROOT.glob("*/requirements.txt"),
        *ROOT.glob("functions/*/requirements.txt"),
    ]
    assert len(locks) > 8
    for lock in (each.relative_to(ROOT).as_posix() for each in locks):
        assert any(re.search(pattern.strip("/"), lock) for pattern in patterns), lock


@pytest.mark.parametrize("page", ["AGENTS.md", ".github/CODEOWNERS", ".pre-commit-config.yaml"])
def test_each_path_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w/.])/?((?:[\w.-]+/)+[\w.-]*)", text))
    assert named
    for name in sorted(named):
        if not name.startswith((".venv", "dist/", "unstuck/")):
            assert list(ROOT.glob(name.rstrip("/"))), name
