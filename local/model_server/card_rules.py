"""Owns the rules that turn one English sentence into a question and its answer; each rule is tiny and pure.

A rule returns None when it is not sure: no card is better than a silly one.
"""

import re
from collections.abc import Callable

from local.model_server.grammar import BLANK, SUBJECT, Question, Sentence, full_sentence, points_back
from local.model_server.verb_rules import VERB, action, used_for

_NUMBER = re.compile(
    r"(?<![\w.,/-])(?P<number>\d[\d.,]*(?: ?(?:to|and|–|-) ?\d[\d.,]*)?(?<![.,])"  # noqa: RUF001 (meant)
    r"(?P<unit> ?(?:%|‰|°C|°F|K|µm|μm|nm|mm|cm|km|m|kg|mg|µg|g|ml|l|ms|s|h|Hz|kJ|J|V|W)(?!\w)"
    r"| (?:percent|per cent|million|billion|thousand)\b)?)(?![\w/])"
)
_YEAR = re.compile(
    r"\b(?:[Ii]n|[Ss]ince|[Uu]ntil|[Bb]y|[Bb]efore|[Aa]fter|[Ff]rom|[Aa]round|[Oo]f) "
    r"(?P<year>\d{1,4} (?:BCE?|CE|AD)|AD \d{1,4}|1\d{3}|20\d\d)\b"
)


def called(sentence: Sentence) -> Question | None:
    """The X is called Y."""
    match = re.match(
        r"(?P<thing>[^,;:]{3,120}?) (?P<be>is|are) (?:called|known as|termed) (?P<name>[^,;:]{2,50})$",
        sentence.words,
    )
    if match is None or points_back(match["thing"]) or len(match["name"].split()) > 5:
        return None
    front = f"What {match['be']} {sentence.inside(match['thing'])} called?"
    return Question("called", front, full_sentence(match["name"]))


def definition(sentence: Sentence) -> Question | None:
    """X is a Y; Xs are Ys that Z."""
    match = re.match(rf"{SUBJECT} (?P<be>is|are) (?P<what>.+)$", sentence.words)
    if match is None:
        return None
    subject = sentence.subject(match["subject"])
    what = re.split(r";|, and (?:it|they) ", match["what"])[0]
    noun_follows = (
        re.match(r"(?:a|an|the|any|one) (?!same\b|only\b|result\b)", what)
        if match["be"] == "is"
        else re.match(r"(?:the |\w+ly )?(?!\w+ed\b)\w+(?: [\w-]+){0,4} (?:that|which|whose|who|of)\b", what)
    )
    if subject is None or noun_follows is None or len(what.split()) < 4:
        return None
    return Question("definition", f"What {match['be']} {subject}?", full_sentence(what))


def made_of(sentence: Sentence) -> Question | None:
    """X consists of Y; X is made of Y."""
    match = re.match(
        rf"{SUBJECT} (?P<verb>consists?|is made|are made|is composed|are composed)"
        r"(?: mainly| mostly| largely)? of (?P<what>.+)$",
        sentence.words,
    )
    subject = match and sentence.subject(match["subject"])
    if match is None or subject is None:
        return None
    verb = match["verb"]
    if verb.startswith("consist"):
        front = f"What {'does' if verb.endswith('s') else 'do'} {subject} consist of?"
    else:
        be, _, participle = verb.partition(" ")
        front = f"What {be} {subject} {participle} of?"
    return Question("made_of", front, full_sentence(match["what"]))


def place(sentence: Sentence) -> Question | None:
    """X takes place in Y."""
    match = re.match(
        rf"{SUBJECT} (?P<verb>takes? place|happens?|occurs?) (?P<where>(?:in|inside|at|on|within) .+)$",
        sentence.words,
    )
    subject = match and sentence.subject(match["subject"])
    if match is None or subject is None:
        return None
    singular = re.match(r"takes|\w+s$", match["verb"]) is not None
    verb = {"t": "take place", "h": "happen", "o": "occur"}[match["verb"][0]]
    where = re.split(rf" and (?:{VERB}) ", match["where"])[0]
    return Question("place", f"Where {'does' if singular else 'do'} {subject} {verb}?", full_sentence(where))


def done_by(sentence: Sentence) -> Question | None:
    """X is surrounded by Y."""
    match = re.match(rf"{SUBJECT} (?P<be>is|are) (?P<verb>\w+ed|built|made) by (?P<what>.+)$", sentence.words)
    subject = match and sentence.subject(match["subject"])
    if match is None or subject is None or points_back(match["what"]):
        return None
    front = f"What {match['be']} {subject} {match['verb']} by?"
    return Question("done_by", front, full_sentence(match["what"]))


def reason(sentence: Sentence) -> Question | None:
    """B because A; because A, B."""
    match = re.match(r"Because (?P<why>[^,]+), (?P<what>.+)$", sentence.words) or re.match(
        r"(?P<what>.+?),? because (?P<why>.+)$", sentence.words
    )
    if match is None or points_back(match["what"]) or points_back(match["why"]):
        return None
    return Question("reason", f"{full_sentence(match['what'])} Why?", f"Because {match['why']}.")


def year(sentence: Sentence) -> Question | None:
    match = _YEAR.search(sentence.words)
    if match is None or points_back(sentence.words):
        return None
    rest = re.sub(r"^In \d{4}, ", "", sentence.words)
    if rest != sentence.words:
        return Question("year", f"In which year did this happen? {full_sentence(rest)}", match["year"])
    blanked = sentence.words[: match.start("year")] + BLANK + sentence.words[match.end("year") :]
    return Question("year", f"Which year is missing? {full_sentence(blanked)}", match["year"])


def number(sentence: Sentence) -> Question | None:
    match = _NUMBER.search(sentence.words)
    if match is None or _YEAR.search(sentence.words) or points_back(sentence.words):
        return None
    blanked = sentence.words[: match.start()] + BLANK + sentence.words[match.end() :]
    asked = "value" if match["unit"] else "number"
    return Question("number", f"Which {asked} is missing? {full_sentence(blanked)}", match["number"])


def abbreviation(sentence: Sentence) -> Question | None:
    """Long form (LF): matched from its end, as Schwartz and Hearst (2003) do."""
    match = re.search(r"(?P<long>[^,;:()]{3,90}) \((?P<short>[A-Z][A-Za-z]{1,7})\)", sentence.words)
    long_form = match and _long_form(match["long"], match["short"])
    if match is None or not long_form:
        return None
    return Question("abbreviation", f"What does {match['short']} stand for?", full_sentence(long_form))


def _long_form(before: str, short: str) -> str | None:
    """The end of `before` whose letters spell `short` in order, from the start of a word; None if there is none."""
    lowered, initial = before.lower(), short[0].lower()
    at = len(lowered)
    for letter in reversed(short.lower()):
        at = lowered.rfind(letter, 0, at)
        if at < 0:
            return None
    while at > 0 and lowered[at - 1].isalnum():
        at = lowered.rfind(initial, 0, at)
        if at < 0:
            return None
    found = before[at:]
    return found if len(found.split()) <= len(short) + 2 and len(found) > len(short) + 2 else None


RULES: tuple[Callable[[Sentence], Question | None], ...] = (
    called,
    made_of,
    place,
    done_by,
    year,
    number,
    reason,
    definition,
    used_for,
    action,
)
EXTRA_RULES: tuple[Callable[[Sentence], Question | None], ...] = (abbreviation,)
