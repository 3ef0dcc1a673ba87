"""The terms of a request: after a refusal, one field less or the next weaker form.

A server refuses before it works, so this costs nothing. A refused field is omitted for the process's lifetime.
"""

import threading
from enum import IntEnum
from typing import NamedTuple

from functions.process.provider.report import Report


class Form(IntEnum):
    """How to request the answer's form, in addition to the prompt, which always describes it."""

    SCHEMA = 0
    JSON_OBJECT = 1
    NONE = 2


class Modalities(IntEnum):
    """The output types that a drawing model may choose from."""

    PICTURE_AND_TEXT = 0
    PICTURE = 1
    NONE = 2


class Terms(NamedTuple):
    """What may be sent. `without` has names of omitted fields. `system_in_user` joins our instructions and the user's
    text into one turn."""

    without: frozenset[str] = frozenset()
    form: Form = Form.SCHEMA
    modalities: Modalities = Modalities.PICTURE_AND_TEXT
    system_in_user: bool = False


FORM_FIELD, MODALITIES_FIELD = "response_format", "modalities"
# Field names that are everyday words: a sentence with such a word need not be about the field.
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
    """Return the terms for the next try; None if the refusal is about none of the `sent` fields."""
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
    """Return the field that the refusal names: by its own key first, then by a sentence."""
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
    """The terms that each model of the process's server accepted. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[str, Terms] = {}

    def of(self, model: str) -> Terms:
        with self._lock:
            return self._of.get(model, Terms())

    def learn(self, model: str, terms: Terms) -> None:
        """Remember the accepted terms, for a bounded number of models."""
        with self._lock:
            if len(self._of) < 1_000 or model in self._of:
                self._of[model] = terms
