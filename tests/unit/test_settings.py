"""The settings: each comes from the variable of its own name, and an error names the faulty variable."""

import dataclasses

import pytest

from shared.domain import settings
from shared.domain.settings import Settings, from_environment

NEEDED = {"TABLE_NAME": "table", "QUEUE_URL": "queue", "ISOLATED_QUEUE_URL": "alone"}
FIELDS = {field.name: field.type for field in dataclasses.fields(Settings)}
NUMBERS = [name for name, kind in FIELDS.items() if kind in (int, float)]
GIVEN: dict[object, tuple[str, object]] = {
    str: ("some text", "some text"),
    int: ("7", 7),
    float: ("2.5", 2.5),
    bool: ("false", False),
    tuple[str, ...]: (" a/*, b ,,c", ("a/*", "b", "c")),
}


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_is_read_from_the_variable_of_its_name(name: str) -> None:
    text, value = GIVEN[FIELDS[name]]
    read = from_environment(NEEDED | {name.upper(): text})
    assert getattr(read, name) == value
    assert read == dataclasses.replace(from_environment(NEEDED), **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - {key.lower() for key in NEEDED}))
def test_a_variable_that_is_absent_or_empty_leaves_the_default(name: str) -> None:
    default = next(field.default for field in dataclasses.fields(Settings) if field.name == name)
    assert getattr(from_environment(NEEDED), name) == default
    assert getattr(from_environment(NEEDED | {name.upper(): ""}), name) == default


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", ["soon", "nan", "inf", "-inf"])
def test_a_number_that_is_none_is_an_error_that_names_its_variable(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"{name.upper()} is .{text}.. Set it to a number"):
        from_environment(NEEDED | {name.upper(): text})


@pytest.mark.parametrize("name", [name for name in NUMBERS if FIELDS[name] is int])
def test_a_fraction_of_a_count_is_one_more_since_none_would_switch_a_limit_off(name: str) -> None:
    assert getattr(from_environment(NEEDED | {name.upper(): "2.5"}), name) == 3
    assert getattr(from_environment(NEEDED | {name.upper(): "0.5"}), name) == 1


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_setting_without_a_default_that_is_missing_is_an_error_that_names_it(name: str, value: str | None) -> None:
    environment = {key: text for key, text in NEEDED.items() if key != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(KeyError, match=f"^'{name} is not set"):
        from_environment(environment)


def test_the_environment_is_read_once_and_not_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    settings.settings.cache_clear()
    try:
        for name, value in NEEDED.items():
            monkeypatch.setenv(name, value)
        assert settings.settings().table_name == "table"
        monkeypatch.setenv("TABLE_NAME", "another")
        assert settings.settings().table_name == "table"
    finally:
        settings.settings.cache_clear()


def test_the_defaults_leave_a_lease_room_for_three_beats() -> None:
    defaults = from_environment(NEEDED)
    assert defaults.lease_seconds > 3 * defaults.heartbeat_seconds


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False), ("", True)])
def test_a_switch_is_true_or_false(text: str, value: bool) -> None:
    assert from_environment(NEEDED | {"ACCEPT_CREATES": text}).accept_creates is value


def test_a_switch_that_is_neither_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match=r"ACCEPT_CREATES is .*Set it to true or false"):
        from_environment(NEEDED | {"ACCEPT_CREATES": "yes"})
