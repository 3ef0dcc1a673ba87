"""A terminal shows a text while the model writes: each item as it comes, the last lines of a long text, no control."""

import io
from typing import Any

import pytest
from rich.console import Console

from tests.clients.scripted import ID, generation
from unstuck.cli.live import _Line, _Seen
from unstuck.cli.writing import written
from unstuck.frames import PartialOutput
from unstuck.models import GenerationDetail

CARDS = {"suggestions": [{"front": "What is a cell?", "back": "The unit of life."}, {"front": "Who na"}]}


def on_screen(shown: Any, width: int = 80, height: int = 24) -> str:
    file = io.StringIO()
    Console(file=file, width=width, height=height, force_terminal=True, color_system=None).print(shown)
    return file.getvalue()


def at(status: str = "running", attempt: int = 1, **more: Any) -> GenerationDetail:
    return GenerationDetail.model_validate(generation(status, **{"attempt": attempt, **more}))


def of(output: dict[str, Any], attempt: int = 1) -> PartialOutput:
    return PartialOutput(generation_id=ID, attempt=attempt, step="cards", number=1, output=output)


def shown(output: dict[str, Any], **screen: int) -> str:
    found = written(at(), of(output))
    assert found is not None
    return on_screen(found, **screen)


def test_items_stand_below_each_other_in_columns_that_stay_where_they_are() -> None:
    first, second = shown(CARDS).split("\n")[1:3]
    assert first.split() == ["1", "What", "is", "a", "cell?", "The", "unit", "of", "life."]
    assert second.split() == ["2", "Who", "na"]
    more = shown({"suggestions": [*CARDS["suggestions"], {"front": "x" * 60, "back": "y" * 60}]})
    assert more.split("\n")[1] == first


def test_a_title_is_above_its_text() -> None:
    text = shown({"heading": "The door", "text": "At dusk the keeper\n\nsaw it."})
    assert [line.rstrip() for line in text.split("\n")] == [
        "",
        "The door",
        "At dusk the keeper",
        "",
        "saw it.",
        "",
        "",
    ][:-1]


def test_of_a_long_text_the_last_lines_are_shown_that_the_screen_has_room_for() -> None:
    text = shown({"heading": "The door", "text": "\n".join(f"line {number}" for number in range(100))}, height=12)
    assert [line.rstrip() for line in text.split("\n") if line.strip()] == [
        f"line {number}" for number in range(92, 100)
    ]


def test_a_line_has_room_for_what_the_terminal_writes_when_it_is_interrupted() -> None:
    text = shown({"text": "x" * 500, "suggestions": CARDS["suggestions"]})
    assert max(len(line.rstrip("\n")) for line in text.split("\n")) <= 77
    assert all(line == line.rstrip() for line in text.split("\n")), "nothing is padded"


def test_whatever_a_step_makes_is_shown_as_text() -> None:
    odd = {"result": {"intent": "smart_goal", "goal": "Run."}, "lines": ["one", 2, None], "count": 3, "none": None}
    text = shown(odd)
    assert "Run." in text
    assert "one" in text
    assert written(at(), of({})) is None
    assert written(at(), of({"suggestions": []})) is None


def test_control_characters_of_a_model_do_nothing_to_the_terminal() -> None:
    text = shown(
        {"heading": "\x1b[31mred\x07", "text": "\x1b]0;title\x07", "items": [{"a": "\x1b[2J", "\x1b[2J": "b"}]}
    )
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "�[31mred�" in text


def test_what_is_provisional_goes_with_its_attempt_and_at_the_end() -> None:
    assert written(at(attempt=2), of(CARDS, attempt=1)) is None
    assert written(at("succeeded"), of(CARDS)) is None
    assert written(at(attempt=2), of(CARDS, attempt=2)) is not None
    seen = _Seen(at("succeeded"), of(CARDS))
    assert "cell" not in on_screen(seen.drawn())


@pytest.mark.parametrize("width", [30, 60, 80, 100, 140])
def test_the_line_above_stays_one_line_however_narrow_the_screen(width: int) -> None:
    now = "2026-01-31T08:00:01.000Z"
    found = at(progress=52, stage="writing chapter 10 of 12", stuck=True, heartbeat_at=now, started_at=now)
    line = on_screen(_Line(found), width)
    assert line.count("\n") == 1
    assert line.startswith("running")
    assert ("52 %" in line) or width < 31
    assert ("writing chapter 10 of 12" in line) == (width >= 60)
    assert ("USD" in line) == (width >= 140)
