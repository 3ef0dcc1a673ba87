"""`types`: writes the types of a deployment's own kinds for an app."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from unstuck.cli.session import AsJson, Session, UsageError, begin
from unstuck.codegen import DocumentError, own_kinds, python, typescript


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("types")(write_types)


def write_types(
    context: typer.Context,
    to_typescript: Annotated[
        Path | None, typer.Option("--typescript", help="Write TypeScript types to this file.")
    ] = None,
    to_python: Annotated[Path | None, typer.Option("--python", help="Write Python types to this file.")] = None,
    document: Annotated[
        Path | None, typer.Option("--document", help="Read this OpenAPI document instead of the service's.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if a file is out of date.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write types of the deployment's own kinds. For the TypeScript and Python clients. Needs no token."""
    session = begin(context, as_json)
    if to_typescript is None and to_python is None:
        raise UsageError("Nothing to write. Pass --typescript FILE, --python FILE, or both.")
    try:
        own = own_kinds(_read(document) if document else _served(session))
    except DocumentError as error:
        raise UsageError(str(error)) from error
    wanted = {file: make(own) for file, make in ((to_typescript, typescript), (to_python, python)) if file}
    old = [file for file, text in wanted.items() if not _holds(file, text)]
    for file in [] if check else old:
        _write(file, wanted[file])
    if as_json:
        session.answer({"kinds": list(own.kinds), "files": list(map(str, wanted)), "old": list(map(str, old))})
    else:
        names = ", ".join(own.kinds) or "none: the clients know every kind of this deployment"
        session.out.print(f"Own kinds: {names}.")
        for file in old:
            session.out.print(f"{file} {'is old: run this without --check' if check else 'is written'}.")
    if check and old:
        raise typer.Exit(1)


def _served(session: Session) -> dict[str, Any]:
    with session.client(without_token=True) as client:
        found: dict[str, Any] = client.openapi()
    return found


def _read(file: Path) -> dict[str, Any]:
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read as JSON: {error}") from error
    return found if isinstance(found, dict) else {}


def _holds(file: Path, text: str) -> bool:
    try:
        return file.read_text(encoding="utf-8") == text
    except (OSError, ValueError):
        return False


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error}") from error
