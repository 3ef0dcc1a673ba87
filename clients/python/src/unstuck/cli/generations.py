"""The commands on generations: `submit`, `get`, `list`, `watch`, `cancel`, `retry`, `dismiss`."""

from itertools import islice
from typing import Annotated, Any, Literal, get_args

import typer
from rich.console import Group
from rich.text import Text

from unstuck.cli import inputs, show
from unstuck.cli.live import follow
from unstuck.cli.session import AsJson, Id, Session, UsageError, begin
from unstuck.client import Client
from unstuck.errors import GenerationCanceledError, GenerationFailedError
from unstuck.models import Accepted
from unstuck.operations import Fields
from unstuck.statuses import Status

TEXT_FIELDS = {"flashcards": "source_text", "story": "premise", "image": "prompt", "assistant": "sentence"}
"""The field that takes the text, for each kind."""

Wait = Annotated[bool, typer.Option("--wait", "-w", help="Wait until it ends, then show the result.")]
Timeout = Annotated[
    float | None,
    typer.Option(min=0, metavar="SECONDS", help="Stop waiting after this many seconds. The generation continues."),
]
OwnKey = Annotated[
    bool,
    typer.Option("--own-key", help="Use your own key for the model provider: UNSTUCK_USER_KEY, or a prompt."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(submit)
    app.command()(get)
    app.command("list")(list_)
    app.command()(watch)
    app.command()(cancel)
    app.command()(retry)
    app.command()(dismiss)


def submit(
    context: typer.Context,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="A file with the text; - reads standard input.")
    ] = None,
    kind: Annotated[
        str, typer.Option(help="flashcards, story, image, assistant, or a kind of your own.")
    ] = "flashcards",
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A field of the kind, such as count=5 or premise=@file. Repeatable."
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model to use.")] = None,
    session_id: Annotated[
        str | None, typer.Option("--session", help="A session_id label, for filtering lists.")
    ] = None,
    client_id: Annotated[str | None, typer.Option(help="A client_id label of your own.")] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(help="The key from a submit that got no response. With it, the generation cannot start twice."),
    ] = None,
    own_key: OwnKey = False,
    wait: Wait = False,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Start a generation and print its id."""
    session = begin(context, as_json)
    body: dict[str, Any] = {"kind": kind, **dict(inputs.field(given) for given in fields or ())}
    if file is not None:
        if kind not in TEXT_FIELDS:
            raise UsageError(f"The field of {kind} for the text is not known. Use --set NAME=@{file}")
        if TEXT_FIELDS[kind] in body:
            raise UsageError(f"The text is given twice: by FILE and by --set {TEXT_FIELDS[kind]}. Remove one of them.")
        body[TEXT_FIELDS[kind]] = inputs.text(file)
    elif kind in TEXT_FIELDS and TEXT_FIELDS[kind] not in body:
        raise UsageError(f"The text is missing ({TEXT_FIELDS[kind]}). Pass a FILE, or - to read standard input.")
    given = {"model": model, "session_id": session_id, "client_id": client_id, "user_provided_key": inputs.key(own_key)}
    body |= {name: value for name, value in given.items() if value is not None}
    inputs.check(body)
    with session.client() as client:
        accepted = client.create(body, idempotency_key=idempotency_key)
        _go_on(session, client, accepted, wait, timeout)


def get(
    context: typer.Context,
    generation_id: Id,
    events: Annotated[bool, typer.Option("--events", help="Show its timeline instead.")] = False,
    input_: Annotated[bool, typer.Option("--input", help="Show its input instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one generation, with its output if it has one."""
    session = begin(context, as_json)
    if events and input_:
        raise UsageError("Use --events or --input, not both.")
    with session.client() as client:
        if events:
            timeline = client.events(generation_id)
            return session.answer(timeline) if as_json else session.out.print(show.timeline(timeline))
        if input_:
            return session.answer(client.input(generation_id))
        found = client.get(generation_id)
    if as_json:
        return session.answer(found)
    made = show.output(found)
    return session.out.print(Group(show.generation(found), *([] if made is None else [Text(), made])))


def list_(
    context: typer.Context,
    session_id: Annotated[str | None, typer.Option("--session", help="Only this session_id.")] = None,
    status: Annotated[
        str | None, typer.Option(help="Only this status: pending, running, succeeded, failed or canceled.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    fields: Annotated[
        str | None, typer.Option(metavar="output", help="With --json: `output` adds each one's output.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many.")] = 20,
    every: Annotated[bool, typer.Option("--all", help="Show all.")] = False,
    as_json: AsJson = False,
) -> None:
    """List your generations, newest first, without dismissed ones."""
    session = begin(context, as_json)
    chosen = _fields(fields, as_json)
    most = 100 if chosen is None else 25
    size = most if every else min(limit, most)
    with session.client() as client:
        feed = client.feed(session_id=session_id, status=_status(status), kind=kind, fields=chosen, page_size=size)
        found = list(feed if every else islice(feed, limit))
    if as_json:
        session.answer(list(found))
    elif found:
        session.out.print(show.feed(found, session.out))
    else:
        session.err.print("You have no generations. Start one: unstuck submit FILE")


def watch(context: typer.Context, generation_id: Id, timeout: Timeout = None, as_json: AsJson = False) -> None:
    """Follow a generation until it ends, and show the result. With --json, print one object per line for each
    change."""
    session = begin(context, as_json)
    with session.client() as client:
        _follow(session, client, generation_id, timeout, every=True)


def cancel(context: typer.Context, generation_id: Id, as_json: AsJson = False) -> None:
    """Cancel an open generation. An ended one stays unchanged."""
    session = begin(context, as_json)
    with session.client() as client:
        found = client.cancel(generation_id)
    session.answer(found) if as_json else session.out.print(f"{found.generation_id} is {found.status}.", soft_wrap=True)


def retry(
    context: typer.Context,
    generation_id: Id,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Start over, instead of continuing from the stored steps.")
    ] = False,
    own_key: OwnKey = False,
    wait: Wait = False,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Retry a failed or canceled generation. Starts a new one and prints its id."""
    session = begin(context, as_json)
    start: Literal["stored", "start"] = "start" if from_start else "stored"
    with session.client() as client:
        accepted = client.retry(generation_id, start=start, user_provided_key=inputs.key(own_key))
        _go_on(session, client, accepted, wait, timeout)


def dismiss(context: typer.Context, generation_id: Id, as_json: AsJson = False) -> None:
    """Remove an ended generation from the list. You can still read it by its id."""
    session = begin(context, as_json)
    with session.client() as client:
        client.dismiss(generation_id)
    if as_json:
        session.answer({"generation_id": generation_id, "dismissed": True})
    else:
        session.out.print(f"{generation_id} is dismissed.")


def _go_on(session: Session, client: Client, accepted: Accepted, wait: bool, timeout: float | None) -> None:
    generation_id = accepted.generation_id
    if wait:
        if not session.json:
            session.err.print(generation_id, style="dim", soft_wrap=True)
        _follow(session, client, generation_id, timeout, every=False)
    elif session.json:
        session.answer(accepted)
    else:
        session.out.print(generation_id, soft_wrap=True)
        session.err.print(f"Follow it: unstuck watch {generation_id}", style="dim", soft_wrap=True)


def _follow(session: Session, client: Client, generation_id: str, timeout: float | None, *, every: bool) -> None:
    try:
        found = follow(session, client, generation_id, timeout, every=every)
    except KeyboardInterrupt:
        session.err.print(f"It continues. Follow it again: unstuck watch {generation_id}", soft_wrap=True)
        raise
    if session.json and not every:
        session.answer(found)
    if found.status == "failed":
        raise GenerationFailedError(found)
    if found.status == "canceled":
        raise GenerationCanceledError(found)
    made = show.output(found)
    if not session.json and made is not None:
        session.out.print(Group(Text(), made))


def _fields(given: str | None, as_json: bool) -> Fields | None:
    if given is None:
        return None
    if given != "output":
        raise UsageError("--fields takes only `output`.")
    if not as_json:
        raise UsageError("--fields output needs --json.")
    return "output"


def _status(given: str | None) -> Status | None:
    known: tuple[Status, ...] = get_args(Status.__value__)
    if given is None:
        return None
    for status in known:
        if status == given:
            return status
    raise UsageError(f"--status must be one of {', '.join(known)}.")
