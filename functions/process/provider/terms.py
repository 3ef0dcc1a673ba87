"""What a server has refused to be asked, and what it is asked instead: one field less, or the next weaker form.

A server says so before it works, so nothing is paid. What it refused once is left out for as long as the process lives.
"""

import threading
from enum import IntEnum
from typing import NamedTuple

from functions.process.provider.report import Report


class Form(IntEnum):
    """How the answer's form is asked for beside the prompt, which names it in words in any case."""

    SCHEMA = 0
    JSON_OBJECT = 1
    NONE = 2


class Modalities(IntEnum):
    """Between which outputs a model that draws may choose."""

    PICTURE_AND_TEXT = 0
    PICTURE = 1
    NONE = 2


class Terms(NamedTuple):
    """What may be sent. `without` are names of fields; `system_in_user` joins our words and the user's to one turn."""

    without: frozenset[str] = frozenset()
    form: Form = Form.SCHEMA
    modalities: Modalities = Modalities.PICTURE_AND_TEXT
    system_in_user: bool = False


FORM_FIELD, MODALITIES_FIELD = "response_format", "modalities"
# Names that are words of every day: a sentence that holds one need not speak of the field.
_EVERYDAY = frozenset({"user", "stream", "provider", "models", "tools", "system", "metadata", "reasoning"})
_FORM_WORDS = (
    "response_format", "responseformat", "json_schema", "json schema", "response schema", "responseschema",
    "response_schema", "structured output", "output schema", "output_config", "outputconfig", "output_format",
    "invalid schema", "schema for", "grammar", "guided", "json mode", "json_object", "maxitems", "minitems",
    "maxlength", "minlength", "additionalproperties", "tool_choice", "toolchoice", "tool use", "toolconfig",
    "function calling",
)  # fmt: skip
_SYSTEM_WORDS = (
    "system role",
    "system message",
    "system prompt",
    "developer instruction",
    "role 'system'",
    "roles must",
)
_ALL_PARAMETERS = ("requested parameters", "support all of the parameters")


def weaker(terms: Terms, sent: frozenset[str], report: Report) -> Terms | None:
    """Return the terms to ask on once more, None where the refusal is about none of the fields that were `sent`."""
    said = report.text
    refused = _named(sent, report)
    if refused is None and any(words in said for words in _SYSTEM_WORDS) and not terms.system_in_user:
        return terms._replace(system_in_user=True)
    if refused is None and "provider" in sent and any(words in said for words in _ALL_PARAMETERS):
        refused = "provider"
    if refused == MODALITIES_FIELD or (refused is None and "modalit" in said and MODALITIES_FIELD in sent):
        return terms._replace(modalities=Modalities(terms.modalities + 1))
    if refused is not None and refused != FORM_FIELD:
        return terms._replace(without=terms.without | {refused})
    if FORM_FIELD in sent and (refused == FORM_FIELD or any(words in said for words in _FORM_WORDS)):
        return terms._replace(form=Form(terms.form + 1))
    return None


def _named(sent: frozenset[str], report: Report) -> str | None:
    """Return the field that the refusal names, by a key of its own before any sentence."""
    for place in report.places:
        for name in sorted(sent):
            if place == name or place.startswith((name + ".", name + "[")):
                return name
    for name in sorted(sent, key=len, reverse=True):
        quoted = any(f"{mark}{name}{mark}" in report.text for mark in ("'", '"', "`"))
        if quoted or f"{name}: " in report.text or (name not in _EVERYDAY and name in report.text):
            return name
    return None


class KnownTerms:
    """What each model of this process's server has been found to take. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[str, Terms] = {}

    def of(self, model: str) -> Terms:
        with self._lock:
            return self._of.get(model, Terms())

    def learn(self, model: str, terms: Terms) -> None:
        """Remember what worked, for a number of models that cannot grow without end."""
        with self._lock:
            if len(self._of) < 1_000 or model in self._of:
                self._of[model] = terms
