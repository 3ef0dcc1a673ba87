"""Pydantic types that no kind can use are refused when the kind is loaded, by a sentence that names the field."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from functions.create.service import Envelope
from shared.kinds.checking import ENVELOPE, fault_of
from tests.kinds_of_types import MATRIX, kind_of

KIND = """
import collections.abc, dataclasses, datetime, enum, typing
from typing import Annotated, Any, Literal
from pydantic import (
    AliasChoices, BaseModel, ConfigDict, Field, ImportString, RootModel, Secret, SecretStr, computed_field
)
from shared.kinds.contract import Limits

LIMITS, PROMPT_VERSIONS = Limits(), ("1",)


class Day(enum.Enum):
    NEW_YEAR = datetime.date(2026, 1, 1)


class Level(enum.Enum):
    LOW = 1


class Own:
    pass


class Scan(BaseModel):
    page: int = 0
    data: bytes


class Kept(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    data: bytes


@dataclasses.dataclass
class Held:
    by: SecretStr


class Input(BaseModel):
    {input}


{output}


def run(ctx, content):
    raise NotImplementedError
"""
OUTPUT = "class Output(BaseModel):\n    x: int"


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """Load a kind in a separate process; return the error message, empty if all is well."""

    def loaded(given: str, output: str = OUTPUT) -> str:
        package = tmp_path / "checked"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text("")
        (package / "odd.py").write_text(KIND.replace("{input}", given).replace("{output}", output))
        importlib.invalidate_caches()
        program = "from shared import kinds\ntry: kinds.load('odd')\nexcept ValueError as error: print(error)"
        ran = subprocess.run(  # noqa: S603
            [sys.executable, "-c", program],
            env={**os.environ, "KINDS_PACKAGE": "checked", "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    return loaded


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("x: bytes", "Input.x holds bytes"),
        ("x: list[dict[str, bytes | None]]", "Input.x holds bytes"),
        ("x: list[Scan]", "Input.x.data holds bytes"),
        ("x: SecretStr | None = None", "Input.x is a secret"),
        ("x: Secret[int]", "Input.x is a secret"),
        ("x: Held", "Input.x.by is a secret"),
        ("x: collections.abc.Iterable[int]", "Input.x can be read only once"),
        ("x: collections.abc.Callable[[], int]", "Input.x is a function"),
        ("x: type[int]", "Input.x is a class"),
        ("x: ImportString", "Input.x imports what a text names"),
        ("x: Day", "Input.x has choices that are not JSON"),
        ("x: Literal[Level.LOW]", "Input.x has choices that are not JSON"),
        ("x: dict[tuple[int, int], int]", "Input.x has keys that are not texts in JSON"),
        ("x: collections.abc.Hashable", "Input.x is of a class that pydantic cannot make from JSON"),
        ("model_config = ConfigDict(arbitrary_types_allowed=True)\n    x: Own", "Input.x is of a class"),
        ("x: Own", "for the field x; make it a pydantic model"),
        ("x: int = Field(exclude=True)", "Input.x is not stored (`exclude`)"),
        ("x: int = Field(validation_alias=AliasChoices('a', 'b'))", "Input.x is read as"),
        ("x: int = Field(serialization_alias='y')", "Input.x is read as None"),
        ("client_id: str", "Input.client_id has the name of a field that every create has"),
        ("x: int = Field(alias='model')", "Input.model has the name of a field that every create has"),
        ("x: int\n    @computed_field\n    def y(self) -> int: return 1", "Input.y is computed"),
    ],
)
def test_what_cannot_be_stored_and_read_is_refused_with_the_fields_name(load: Any, given: str, told: str) -> None:
    said = load(given)
    assert said.startswith("the kind odd: ")
    assert told in said


def test_an_output_is_held_to_the_same_and_has_fields(load: Any) -> None:
    assert "Output.x holds bytes" in load("x: int", "class Output(BaseModel):\n    x: bytes")
    assert "Output has no fields" in load("x: int", "class Output(RootModel[list[int]]):\n    pass")


@pytest.mark.parametrize("given", ["x: Kept", "x: int = Field(alias='from')", "x: 'list[Input]' = []"])
def test_what_can_be_stored_and_read_is_taken(load: Any, given: str) -> None:
    assert load(given) == ""


@pytest.mark.parametrize("name", MATRIX)
def test_every_type_of_the_matrix_is_taken(name: str) -> None:
    kind = kind_of(name, None)
    assert (fault_of(kind.input), fault_of(kind.output)) == (None, None)


def test_a_model_that_was_put_off_is_looked_at_as_well() -> None:
    class Late(BaseModel):
        model_config = ConfigDict(defer_build=True)

        x: bytes

    assert "Late.x holds bytes" in (fault_of(Late) or "")


def test_the_names_of_every_create_are_the_envelopes() -> None:
    assert set(Envelope.model_fields) == ENVELOPE
