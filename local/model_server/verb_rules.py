"""Rules for sentences about what a thing does: the known verbs, and the agreement of subject and verb."""

import re
from typing import NamedTuple

from local.model_server.grammar import SUBJECT, Question, Sentence, full_sentence, points_back
from local.model_server.sentences import word_set

_REGULAR = word_set(
    "absorb build cause contain control convert create form generate help hold include lower make need produce"
    " protect provide pump raise reflect regulate release remove require separate split store support surround"
    " transport turn use"
)
_IRREGULAR = {
    "break down": "breaks down",
    "carry": "carries",
    "pass": "passes",
    "supply": "supplies",
    "speed up": "speeds up",
}
_THIRD_BY_BASE = _IRREGULAR | {base: f"{base}s" for base in sorted(_REGULAR)}
_BASE_BY_FORM = {form: base for base, third in _THIRD_BY_BASE.items() for form in (base, third)}
VERB = "|".join(sorted(_BASE_BY_FORM, key=len, reverse=True))
_PREDICATE = re.compile(rf" (?P<how>(?:also|mainly|mostly|usually|normally) )?(?P<verb>{VERB}) (?P<what>[^,]+)$")
_PLURAL = re.compile(r"(?:[^s]s|bacteria|algae|mitochondria|fungi|people|children|men|women|nuclei|data)$")
_COMPLEMENT = re.compile(rf" (?:into|across|from|to|by|with|and (?:{VERB})) ")


class _Clause(NamedTuple):
    subject: str
    how: str
    verb: str
    what: str

    @property
    def singular(self) -> bool:
        return self.verb not in _THIRD_BY_BASE


def used_for(sentence: Sentence) -> Question | None:
    """X uses Y to do Z."""
    match = re.match(rf"{SUBJECT} (?P<verb>uses?) (?P<what>.+?) to (?P<goal>[a-z]+ .+)$", sentence.words)
    subject = match and sentence.subject(match["subject"])
    if match is None or subject is None or points_back(match["what"]):
        return None
    does = "does" if match["verb"] == "uses" else "do"
    front = f"What {does} {subject} use to {match['goal']}?"
    return Question("used_for", front, full_sentence(match["what"]))


def action(sentence: Sentence) -> Question | None:
    """X makes Y; X breaks Y down into Z. Skips an apposition after X."""
    words = re.sub(r"^([^,]{2,40}), (?:an?|the) [^,]+, ", r"\1 ", sentence.words)
    clause = _clause(words)
    subject = clause and sentence.subject(clause.subject)
    if clause is None or subject is None or points_back(clause.what):
        return None
    does, they = ("does", "It") if clause.singular else ("do", "They")
    if _COMPLEMENT.search(clause.what):
        answer = f"{they} {clause.how}{clause.verb} {clause.what}"
        return Question("action", f"What {does} {subject} do?", full_sentence(answer))
    front = f"What {does} {subject} {_BASE_BY_FORM[clause.verb]}?"
    return Question("action", front, full_sentence(clause.what))


def _clause(words: str) -> _Clause | None:
    """The first verb that agrees with the word before it: not "transport" in "the transport chain pumps"."""
    start = 0
    while match := _PREDICATE.search(words, start):
        subject = words[: match.start()]
        clause = _Clause(subject, match["how"] or "", match["verb"], match["what"])
        if re.search(r"[,;:]", subject):
            return None
        if clause.singular or _PLURAL.search(subject):
            return clause
        start = match.start() + 1
    return None
