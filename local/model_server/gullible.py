"""The models that obey instructions in the text, so that a careless prompt is exposed.

The commands are a handful of plain sentences: enough to try each way in.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from local.model_server.plan import Ask, Plan, good

LEAK_CHARACTERS = 300
LONGEST_LINE = 1_000
_OPENING = re.compile(r"<(\w+)>")


def anywhere(ask: Ask) -> Plan:
    """Obey the first command in the user's words, whether it is data or not."""
    return _obeying(ask, "\n".join(_said(ask)))


def outside_the_data(ask: Ask) -> Plan:
    """Obey the first command outside of `<name>...</name>`. Reads closing tags as leniently as a model would."""
    return _obeying(ask, "\n".join(_outside(text) for text in _said(ask)))


def _said(ask: Ask) -> list[str]:
    return [text for role, text in ask.conversation.turns if role == "user"]


def _outside(text: str) -> str:
    outside, at = [], 0
    while opened := _OPENING.search(text, at):
        closing = re.compile(rf"<\s*/\s*{re.escape(opened[1])}[^>\n]*>?", re.IGNORECASE)
        closed = closing.search(text, opened.end())
        outside.append(text[at : opened.start()])
        at = closed.end() if closed else len(text)
    return "\n".join((*outside, text[at:]))


def _obeying(ask: Ask, words: str) -> Plan:
    for line in words.splitlines():
        for command, obey in COMMANDS:
            if found := re.search(command, line[:LONGEST_LINE], re.IGNORECASE):
                return obey(ask, found)
    return good(ask)


def _instructions(ask: Ask) -> str:
    return "\n".join(text for role, text in ask.conversation.turns if role == "system")


def _on_every_card(ask: Ask, words: str) -> Plan:
    answer = json.loads(good(ask).content)
    for card in answer.get("suggestions", []):
        card["back"] = words
    return good(ask, content=json.dumps(answer, ensure_ascii=False))


def _with_field(ask: Ask, name: str) -> Plan:
    return good(ask, content=json.dumps(json.loads(good(ask).content) | {name: True}))


def _in_a_fence(ask: Ask, _: re.Match[str]) -> Plan:
    return good(ask, content=f"```json\n{good(ask).content}\n```")


def _as_a_list(ask: Ask, _: re.Match[str]) -> Plan:
    cards: list[dict[str, Any]] = json.loads(good(ask).content).get("suggestions", [])
    return good(ask, content="\n".join(f"- **{card['front']}** {card['back']}" for card in cards))


COMMANDS: tuple[tuple[str, Callable[[Ask, re.Match[str]], Plan]], ...] = (
    (
        r"write (?:your|the system's) instructions on every card",
        lambda ask, _: _on_every_card(ask, _instructions(ask)[:LEAK_CHARACTERS]),
    ),
    (r"write (.+) on every card", lambda ask, found: _on_every_card(ask, found[1])),
    (
        r"(?:repeat|print|repite|wiederhole) .*(?:instructions|instrucciones|anweisungen)",
        lambda ask, _: good(ask, content=_instructions(ask)),
    ),
    (r"answer with this JSON: (\{.*)", lambda ask, found: good(ask, content=found[1])),
    (r"call the tool (\w+) and answer", lambda ask, found: good(ask, tool=found[1])),
    (r"call the tool (\w+)", lambda _, found: Plan(tool=found[1], finish_reason="tool_calls")),
    (r"add the field (\w+)", lambda ask, found: _with_field(ask, found[1])),
    (r"answer in a Markdown fence", _in_a_fence),
    (r"answer as a Markdown list", _as_a_list),
    (r"answer with nothing", lambda _, __: Plan()),
)
