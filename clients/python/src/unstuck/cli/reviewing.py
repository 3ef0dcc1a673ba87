"""`review` and `cards`: decide on suggestions, by options or one by one with single keys, and manage accepted cards."""

import json
from collections.abc import Iterable, Mapping
from itertools import chain, islice, repeat
from typing import Annotated, Any

import typer
from rich.text import Text

from unstuck.cli import inputs, show
from unstuck.cli.session import AsJson, Id, Session, UsageError, begin
from unstuck.cli.text import plain
from unstuck.client import Client
from unstuck.models import GenerationDetail
from unstuck.outputs import ReviewedSuggestion, State
from unstuck.requests import DecideNumbered

_AT_ONCE = 30
Edits = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Edit a field. Needs --accept with one number."),
]
Numbers = Annotated[str | None, typer.Option(metavar="NUMBERS", help="Numbers such as 1,3-5, or all.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(review)
    app.command()(cards)
    app.command()(card)


def review(
    context: typer.Context,
    generation_id: Id,
    accept: Numbers = None,
    reject: Numbers = None,
    reset: Annotated[
        str | None, typer.Option(metavar="NUMBERS", help="Set back to proposed. Deletes the card of an accepted one.")
    ] = None,
    edits: Edits = None,
    as_json: AsJson = False,
) -> None:
    """Accept, edit and reject suggestions. An accepted suggestion becomes a card.

    Without options: on a terminal, asks about each undecided suggestion; otherwise shows them.
    """
    session = begin(context, as_json)
    wanted: dict[State, str | None] = {"accepted": accept, "rejected": reject, "proposed": reset}
    with session.client() as client:
        found = client.get(generation_id)
        if not any(wanted.values()):
            _look(session, client, found)
            return
        decisions = _decisions(found, wanted, edits or [])
        decided = [
            suggestion
            for first in range(0, len(decisions), _AT_ONCE)
            for suggestion in client.decide_many(generation_id, decisions[first : first + _AT_ONCE]).suggestions
        ]
    if as_json:
        session.answer(list(decided))
    else:
        session.out.print(show.suggested(decided))


def cards(
    context: typer.Context,
    session_id: Annotated[str | None, typer.Option("--session", help="Only this session_id.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many.")] = 20,
    every: Annotated[bool, typer.Option("--all", help="Show all.")] = False,
    as_json: AsJson = False,
) -> None:
    """List your cards, newest first."""
    session = begin(context, as_json)
    with session.client() as client:
        every_card = client.cards(session_id=session_id, page_size=100 if every else min(limit, 100))
        found = list(every_card if every else islice(every_card, limit))
    if as_json:
        session.answer(list(found))
    elif found:
        session.out.print(show.cards(found))
    else:
        session.err.print("No cards yet. Accept some: unstuck review ID")


def card(
    context: typer.Context,
    card_id: Annotated[str, typer.Argument(metavar="CARD", help="The card's id.")],
    edits: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Edit a field of the card.")
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show, edit or delete one card. Works even if its generation no longer exists."""
    session = begin(context, as_json)
    if delete and edits:
        raise UsageError("Use --set or --delete, not both.")
    with session.client() as client:
        if delete:
            client.delete_card(card_id)
            done = {"card_id": card_id, "deleted": True}
            return session.answer(done) if as_json else session.out.print(f"{card_id} is deleted.", soft_wrap=True)
        found = client.card(card_id)
        if edits:
            found = client.edit_card(card_id, **_edit(found.fields, edits))
    return session.answer(found) if as_json else session.out.print(show.cards([found]))


def _look(session: Session, client: Client, found: GenerationDetail) -> None:
    suggestions = _suggestions(found)
    if session.json:
        session.answer(list(suggestions))
    elif session.watched and session.out.is_terminal and any(each.state == "proposed" for each in suggestions):
        _one_by_one(session, client, found.generation_id, suggestions)
    else:
        session.out.print(show.suggested(suggestions))


def _suggestions(found: GenerationDetail) -> list[ReviewedSuggestion]:
    if found.suggestions:
        return found.suggestions
    how = f"it is {found.status}" if found.output is None else f"the kind {found.kind} has none"
    raise UsageError(f"There are no suggestions to review: {how}. See: unstuck get {found.generation_id}")


def _edit(fields: Mapping[str, Any], given: Iterable[str]) -> dict[str, Any]:
    """Return the fields to edit. A field that is a text stays a text, even if the value looks like JSON."""
    edit: dict[str, Any] = {}
    for each in given:
        name, value = inputs.field(each)
        is_text = isinstance(fields.get(name), str) and not each.startswith(f"{name}=@")
        edit[name] = each.partition("=")[2] if is_text else value
    inputs.check(edit)
    return edit


def _decisions(
    found: GenerationDetail, wanted: Mapping[State, str | None], edits: Iterable[str]
) -> list[DecideNumbered]:
    suggestions = {each.number: each for each in _suggestions(found)}
    there = list(suggestions)
    decided: dict[int, State] = {}
    for state, numbers in wanted.items():
        for number in _numbers(numbers, there) if numbers else ():
            if number in decided:
                raise UsageError(f"Suggestion {number} appears twice. Decide on each number once.")
            decided[number] = state
    if edits and list(decided.values()) != ["accepted"]:
        raise UsageError("--set needs --accept with one number.")
    return [
        DecideNumbered(number=number, decision=state, **_edit(suggestions[number].fields, edits))
        for number, state in sorted(decided.items())
    ]


def _numbers(text: str, there: Iterable[int]) -> list[int]:
    if text.strip() == "all":
        return list(there)
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = (each.strip() for each in part.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise UsageError(f"{part!r} is not the number of a suggestion. Write numbers such as 1,3-5, or all.")
        found.update(range(int(first), int(last or first) + 1) if int(last or first) < 10_000 else ())
    if missing := sorted(found - set(there)) or not found:
        raise UsageError(f"There is no suggestion {missing[0] if isinstance(missing, list) else text}.")
    return sorted(found)


def _one_by_one(session: Session, client: Client, generation_id: str, suggestions: list[ReviewedSuggestion]) -> None:
    waiting = [each for each in suggestions if each.state == "proposed"]
    session.out.check(show.suggested(waiting))  # before the first decision
    for place, each in enumerate(waiting, 1):
        session.out.print(Text(f"\n{place} of {len(waiting)}", "dim"))
        for style, value in zip(chain(["bold"], repeat("")), each.fields.values(), strict=False):
            session.out.print(Text(show.value(value), style))
        session.out.print(Text("a accept   e edit and accept   r reject   s skip   q quit", "dim"))
        match _key("aersq"):
            case "q":
                break
            case "s":
                continue
            case "r":
                client.decide(generation_id, each.number, "rejected")
                session.out.print(Text("rejected", "red"))
            case pressed:
                edit = _edited(each) if pressed == "e" else {}
                client.decide(generation_id, each.number, "accepted", **edit)
                session.out.print(Text("accepted", "green"))
    left = sum(1 for each in _suggestions(client.get(generation_id)) if each.state == "proposed")
    session.out.print(
        f"\n{left} left to review." if left else "\nAll suggestions are reviewed. See your cards: unstuck cards"
    )


def _key(known: str) -> str:
    """Return the next known key. Ignores several characters at once, because an arrow key ends in a letter, too."""
    while True:
        try:
            pressed = typer.getchar().lower()
        except EOFError:
            return "q"
        if not pressed:  # the terminal is closed
            return "q"
        if len(pressed) == 1 and pressed in known:
            return pressed


def _edited(each: ReviewedSuggestion) -> dict[str, Any]:
    """Ask for each field and return the changed ones. Fields that are not texts are entered as JSON."""
    edit: dict[str, Any] = {}
    for name, old in each.fields.items():
        shown = plain(old) if isinstance(old, str) else json.dumps(old)
        given = inputs.typed(plain(name), default=shown)
        if given != shown:
            edit |= _edit(each.fields, [f"{name}={given}"])
    return edit
