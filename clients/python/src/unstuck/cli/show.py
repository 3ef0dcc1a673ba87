"""The views of the commands for people: lists, one generation with its output, a timeline, the usage."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from unstuck.account import Ceiling, UsageOfMonth
from unstuck.cli.exits import duration
from unstuck.cli.text import age, cost, in_json, moment, plain
from unstuck.models import CallFacts, Card, Generation, GenerationDetail, Timeline
from unstuck.outputs import AssistantOutput, ImageOutput, ReviewedSuggestion, StoryOutput
from unstuck.statuses import color_of

_NARROW = 110


def status(found: Generation) -> Text:
    """Return the status in its colour. An unknown status has none."""
    return Text(plain(f"{found.status:<9}"), color_of(found.status))


def feed(found: Iterable[Generation], console: Console) -> RenderableType:
    """Return a line for each generation. A narrow terminal gets fewer columns, but always the whole id."""
    wide = console.width >= _NARROW
    table = _table("generation", "status", "  %", "age", *(("kind", "attempt", "cost") if wide else ()), "")
    table.columns[0].no_wrap = True
    table.columns[2].justify = "right"
    for each in found:
        more = (each.kind, str(each.attempt), cost(each.usage.cost_usd)) if wide else ()
        about = each.error.code if each.error else each.stage or ""
        cells = (each.generation_id, f"{each.progress}", age(each.created_at), *more, about)
        row: list[Text] = [Text(plain(cell)) for cell in cells]
        row.insert(1, status(each))
        table.add_row(*row)
    return table


def generation(found: GenerationDetail) -> RenderableType:
    """Return all facts of one generation, without its output."""
    rows = {
        "generation": found.generation_id,
        "kind": found.kind,
        "status": status(found),
        "progress": f"{found.progress} %{f', {found.stage}' if found.stage else ''}",
        "attempt": str(found.attempt),
        "created": moment(found.created_at),
        "started": moment(found.started_at),
        "heartbeat": moment(found.heartbeat_at) if not found.ended else "",
        "next attempt": moment(found.not_before) if not found.ended else "",
        "finished": moment(found.finished_at),
        "deadline": moment(found.deadline_at) if not found.ended else "",
        "dismissed": moment(found.dismissed_at),
        "cost": _cost_of(found),
        "model": _model_of(found),
        "key": "the user's own" if found.own_key else "",
        "session": found.session_id or "",
        "client id": found.client_id or "",
        "retry of": found.retry_of or "",
        "retried as": found.retried_as or "",
        "error": f"{found.error.code}: {found.error.message}" if found.error else "",
        "last call": "  ".join(call_facts(found.error)) if found.error else "",
    }
    return _facts(rows)


def call_facts(call: CallFacts) -> list[str]:
    """Return the known facts of a model call by name."""
    facts = {
        "HTTP": call.provider_status,
        "code": call.provider_code,
        "finish": call.finish,
        "call": call.provider_call_id,
        "model": call.model,
        "answered by": call.answered_by if call.answered_by != call.model else None,
        "took": None if call.seconds is None else f"{call.seconds:.1f} s",
    }
    return [f"{name} {fact}" for name, fact in facts.items() if fact is not None]


def output(found: GenerationDetail) -> RenderableType | None:
    """Return a generation's output; None if there is none."""
    match found.output:
        case None:
            return None
        case _ if found.suggestions:
            return suggested(found.suggestions)
        case StoryOutput() as story:
            chapters = [part for each in story.chapters for part in _titled(each.heading, each.text)]
            return Group(Text(plain(story.title), "bold"), *chapters)
        case ImageOutput(images=images):
            lines = (f"{each.width} x {each.height} {each.content_type} {each.url}" for each in images)
            return Group(*(Text(plain(line), overflow="ignore", no_wrap=True) for line in lines))
        case AssistantOutput(result=result):
            return _facts(_flat(result.model_dump(mode="json")))
        case other:
            return Text(in_json(other))


def suggested(suggestions: Sequence[ReviewedSuggestion]) -> RenderableType:
    """Return suggestions with their decisions, one column for each field of their kind."""
    names = _names(each.fields for each in suggestions)
    table = _table("#", "state", *names)
    for column in table.columns[2:]:
        column.ratio = 1
    for each in suggestions:
        color = {"accepted": "green", "rejected": "red"}.get(each.state, "")
        cells = (Text(value(each.fields.get(name))) for name in names)
        table.add_row(Text(str(each.number)), Text(plain(each.state), color), *cells)
    return table


def cards(found: Sequence[Card]) -> RenderableType:
    """Return a table of cards for each kind."""
    return Group(*(_cards(list(group)) for _kind, group in groupby(found, key=lambda card: card.kind)))


def _cards(found: Sequence[Card]) -> RenderableType:
    names = _names(each.fields for each in found)
    table = _table("age", *names)
    for column in table.columns[1:]:
        column.ratio = 1
    for each in found:
        table.add_row(age(each.created_at), *(Text(value(each.fields.get(name))) for name in names))
    return table


def _names(found: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(plain(name) for fields in found for name in fields))


def value(found: Any) -> str:
    """Return a field's value as a text."""
    if isinstance(found, list):
        return "; ".join(map(value, found))
    if isinstance(found, dict):
        return ", ".join(f"{plain(name)}: {value(each)}" for name, each in found.items())
    if isinstance(found, bool):
        return "yes" if found else "no"
    return "" if found is None else plain(str(found))


def timeline(found: Timeline) -> RenderableType:
    """Return the timeline, one row for each event."""
    table = _table("when", "what", "attempt", "")
    for line in found.events:
        about = [line.step or "", line.code or ""]
        about += [f"took {line.duration_seconds:.1f} s"] if line.duration_seconds is not None else []
        about += [f"again in {line.delay_seconds:.1f} s"] if line.delay_seconds is not None else []
        about += [cost(line.usage.cost_usd)] if line.usage else []
        about += call_facts(line)
        attempt = "" if line.attempt is None else str(line.attempt)
        table.add_row(moment(line.at), plain(line.name), attempt, Text(plain("  ".join(filter(None, about)))))
    return table


def usage(found: UsageOfMonth) -> RenderableType:
    """Return a month by day, and the limits."""
    table = _table(found.month, "generations", "calls", "tokens in", "tokens out", "cost", "of that wasted")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, counts in [*((day.day, day) for day in found.days), ("total", found.total)]:
        figures = (counts.generations, counts.calls, counts.prompt_tokens, counts.completion_tokens)
        amounts = (cost(counts.cost_usd), cost(counts.wasted_cost_usd))
        table.add_row(plain(name), *(f"{figure:,}" for figure in figures), *amounts)
    limits = {
        each.name: f"{each.remaining} of {each.limit} left in any {duration(each.window_seconds)}"
        + (f", one more in {duration(each.reset_seconds)}" if each.remaining < each.limit else "")
        for each in found.limits.rates
    }
    limits["under way"] = _left(found.limits.running, "")
    limits["spent today"] = _left(found.limits.daily_spend_usd, " USD")
    limits["spent this month"] = _left(found.limits.monthly_spend_usd, " USD")
    return Group(table, Text(), _facts(limits))


def _left(ceiling: Ceiling | None, unit: str) -> str:
    return f"{ceiling.used:g} of {ceiling.limit:g}{unit}" if ceiling else ""


def _cost_of(found: Generation) -> str:
    used = found.usage
    wasted = f", {cost(used.wasted_cost_usd)} of that wasted" if used.wasted_cost_usd else ""
    tokens = f"{used.prompt_tokens:,} + {used.completion_tokens:,} tokens"
    return f"{cost(used.cost_usd)}{wasted} ({used.calls} call{'' if used.calls == 1 else 's'}, {tokens})"


def _model_of(found: Generation) -> str:
    other = found.answered_by if found.answered_by != found.model else None
    return f"{found.model or ''}{f', answered by {other}' if other else ''}"


def _titled(heading: str, text: str) -> tuple[Text, Text, Text]:
    return Text(), Text(plain(heading), "bold"), Text(plain(text))


def _flat(found: dict[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in found.items():
        if isinstance(value, list):
            flat |= {f"{number}": "  ".join(map(str, each.values())) for number, each in enumerate(value, 1)}
        else:
            flat[name.replace("_", " ")] = str(value)
    return flat


def _facts(rows: dict[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in rows.items():
        if value:
            table.add_row(Text(plain(name), "dim"), value if isinstance(value, Text) else Text(plain(value)))
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), pad_edge=False)
    for name in names:
        table.add_column(Text(plain(name)), overflow="fold")  # an ellipsis is not ASCII, and hides text
    return table
