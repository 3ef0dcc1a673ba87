"""Shared by the card rules: a sentence, a question, and the words that make a bad subject."""

import re
from dataclasses import dataclass

from local.model_server.sentences import word_set

BLANK = "____"
SUBJECT = r"(?P<subject>[^,;:]{2,70}?)"
_ANAPHORS = word_set(
    "it its they their them this these that those such he his she her we our us you your i my there here what"
    " which who another others then thus also however both each"
)
_VAGUE = word_set("one some many most all few several nothing everything")
_OPENERS = word_set(
    "in on at during when where if because since after before while although though for as by with from to"
    " under over between through without until unless and but or not only unlike like"
)


@dataclass(frozen=True, slots=True)
class Question:
    kind: str
    front: str
    back: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without its full stop, with facts from its text: which words are names."""

    words: str
    names: frozenset[str]

    def inside(self, phrase: str) -> str:
        """The phrase as it is written inside a sentence: its first letter small unless it is a name."""
        first, *rest = phrase.split(" ")
        is_name = first in self.names or not first[1:].islower() or (bool(rest) and rest[0][:1].isupper())
        if first in {"The", "A", "An"}:
            is_name = False
        return phrase if is_name else phrase[:1].lower() + phrase[1:]

    def subject(self, phrase: str) -> str | None:
        """The phrase as a subject of a question; None if it refers back to another sentence."""
        first = phrase.split(" ", maxsplit=1)[0].lower()
        if first in _ANAPHORS | _OPENERS | _VAGUE or len(phrase.split()) > 7:
            return None
        if re.search(r"\b(?:is|are|was|were|has|have|that|which|can|will)\b", phrase):
            return None
        return self.inside(re.sub(r"^.+ \(([A-Z]\w+)\)$", r"\1", phrase))


def full_sentence(phrase: str) -> str:
    """The phrase as an answer: capital letter, full stop."""
    phrase = phrase.strip(" ,;")
    return phrase[:1].upper() + phrase[1:] + ("" if phrase.endswith((".", "!", "?")) else ".")


def points_back(phrase: str) -> bool:
    """Whether the phrase starts with a word that refers to another sentence."""
    return phrase.split(" ", maxsplit=1)[0].lower() in _ANAPHORS
