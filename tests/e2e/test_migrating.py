"""The "after" client in Python of docs/migrating.md, run as printed. Those in TypeScript: clients/typescript."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack import LocalStack
from tests.e2e import faults
from tests.e2e.owner import Owner

PAGE = Path(__file__).resolve().parents[2] / "docs" / "migrating.md"


@pytest.fixture(scope="module")
def printed() -> dict[str, Any]:
    [code] = re.findall(r"^<!-- runs: pictures\.py -->\n```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    return names


def test_pictures_are_made_as_the_page_prints_it(printed: dict[str, Any], stack: LocalStack, alice: Owner) -> None:
    generation_id, urls = printed["pictures"](stack.api_url, stack.token(alice.name), "A lighthouse at night, in ink")
    alice.generations.append(generation_id)
    assert len(urls) == 2
    for url in urls:
        assert httpx.get(url).headers["content-type"].startswith("image/")


def test_a_failure_says_whether_to_try_again(printed: dict[str, Any], stack: LocalStack, alice: Owner) -> None:
    told = pytest.raises(RuntimeError, match=r"^\w+: change the prompt$")
    with faults.environment(stack, "create", IMAGE_MODEL="local/refuse"), told:
        printed["pictures"](stack.api_url, stack.token(alice.name), "A lighthouse at night, in ink")
    alice.generations += [each["generation_id"] for each in alice.http.get("/v1/generations").json()["generations"]]
