"""The name of a stored picture, and which parts of a result count as one."""

from typing import Any

import pytest

from shared.domain.pictures import EXTENSIONS, name_of, pictures_in, with_pictures


def image(name: object) -> dict[str, object]:
    return {"name": name, "content_type": "image/png", "bytes": 1, "sha256": "", "width": 1, "height": 1}


@pytest.mark.parametrize("content_type", EXTENSIONS)
def test_every_name_that_is_given_is_known_again(content_type: str) -> None:
    named = image(name_of(4, "image-1", 1, content_type))
    assert pictures_in({"images": [named]}) == [named]


def test_two_holders_never_give_the_same_name() -> None:
    assert name_of(2, "image-1", 1, "image/png") != name_of(4, "image-1", 1, "image/png")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../2-a-1.png",
        "2-a-1.png/..",
        "2-a-1.svg",
        "2-a-1.png\n",
        "-a-1.png",
        "2--1.png",
        "2-A-1.png",
        7,
        None,
    ],
)
def test_what_a_model_may_have_made_up_is_no_name_of_an_object(name: object) -> None:
    assert pictures_in({"images": [image(name)]}) == []


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"images": None},
        {"images": "x"},
        {"images": ["2-a-1.png", 7]},
        {"images": [{"name": "2-a-1.png", "caption": "A cell"}]},
    ],
)
def test_a_result_without_pictures_has_none(result: dict[str, Any]) -> None:
    assert pictures_in(result) == []


def test_a_picture_is_known_wherever_it_stands_and_by_no_name_of_a_field() -> None:
    one, two, three = (image(f"2-a-{number}.png") for number in (1, 2, 3))
    result = {"cover": one, "chapters": [{"title": "A", "drawn": [two, "no picture"]}], "images": [3, [three]]}
    assert [each["name"] for each in pictures_in(result)] == ["2-a-1.png", "2-a-2.png", "2-a-3.png"]
    shown = with_pictures(result, lambda picture: {"seen": picture["name"]})
    assert shown == {
        "cover": {"seen": "2-a-1.png"},
        "chapters": [{"title": "A", "drawn": [{"seen": "2-a-2.png"}, "no picture"]}],
        "images": [3, [{"seen": "2-a-3.png"}]],
    }
    assert result["cover"] == one


@pytest.mark.parametrize("other", [{"name": "2-a-1.png"}, {**image("2-a-1.png"), "title": "More"}])
def test_what_only_has_a_name_like_a_pictures_is_none(other: dict[str, Any]) -> None:
    assert pictures_in({"images": [other], "cover": other}) == []
