"""Makes a story from its premise: an outline of any length and chapters of a page; deterministic.

Its people and things are the premise's own words; English stock sentences say what they do.
"""

import re
from dataclasses import dataclass

from local.model_server.sentences import clip, split_sentences, word_set

_NO_NOUN = word_set(
    "that where when which who whom whose in on at of to by with from for as into onto over under and or but is are"
    " was were has have had can will would must may not own very more most other same only just so one two three day"
    " time way"
)
_NOUN_PHRASE = re.compile(r"\b(?:an?|the|his|her|their|its|my|our)\s+([\w'-]+)(?:\s+([\w'-]+))?", re.IGNORECASE)
_BEATS = (
    ("How it began", "{Hero} meets what changes everything: {first}."),
    ("A reason to go", "{Hero} cannot let go of {first} and leaves the safe place behind."),
    ("Strange company", "On the way {hero} finds a companion who knows more of {second} than is good."),
    ("The first price", "{Hero} nearly loses {first} and learns what it costs to go on."),
    ("What was hidden", "It comes out what {second} has to do with {first}."),
    ("The wrong turn", "{Hero} trusts the wrong sign, and {second} seems lost for good."),
    ("The darkest hour", "Alone with {first}, {hero} must choose what matters."),
    ("Home again", "{Hero} sees it through to the end and brings {first} home, as someone else."),
)
_STOCK = (
    "Nobody had told {hero} that it would be easy.",
    "The morning was grey, and the wind smelled of rain and of something older.",
    "{Hero} thought of {first} and counted the steps to the door, as one does before a decision.",
    "There had been a time when {second} had meant nothing at all.",
    '"You may still turn back," said a voice that {hero} had not expected to hear again.',
    "But turning back was a road too, and it led nowhere.",
    "So the day went by, with small things done carefully and the one large thing left undone.",
    "When the light failed, {first} looked different, smaller and at the same time closer.",
    "{Hero} laughed, because the other possibility was to be afraid.",
    "Somewhere a bell rang, twice, and then it was so quiet that even {second} seemed to listen.",
    "It is said that every story has one moment at which it could become another; this was that moment.",
    "{Hero} took a breath, then another, and went on.",
    "What followed was told in three different ways afterwards, and each of them was true in part.",
    "One saw only {first}; another saw only the shadow behind it; {hero} saw both.",
    '"And if I am wrong?" asked {hero}. Nobody answered, which was an answer of its own.',
    "The path bent around a corner that had not been there the day before.",
    "Little by little the fear wore thin, as a coat does at the elbows, until {second} shone through.",
    "There was bread, there was a fire, and for an hour there was no {first} and no question.",
    "Then the hour was over.",
    "{Hero} wrote it all down on the back of an old bill, in case anybody should ask one day.",
    "The stars came out one after the other, like people who are late and hope that nobody notices.",
    "What {hero} had taken for an end was a door, and it was not locked.",
    "Afterwards it was easy to say that all of it had to come like this.",
    "Nothing of this was written on any map, not even on the good ones.",
    "{Hero} had learned early to look twice at what others call an accident.",
    "For a moment {first} and {second} stood side by side, and they had the same shape.",
    "The rain stopped, as if it had been waiting for a sign.",
    '"Not yet," said {hero}, to nobody in particular.',
    "What is worth keeping is seldom what one takes along first.",
    "An old woman nodded in passing, as though she had read the page that came next.",
    "And still there was {second}, patient as a stone in a river.",
)
_SENTENCES_A_PARAGRAPH = 6


@dataclass(frozen=True, slots=True)
class _Cast:
    hero: str
    first: str
    second: str

    def play(self, line: str) -> str:
        hero = self.hero[:1].upper() + self.hero[1:]
        return line.format(Hero=hero, hero=self.hero, first=self.first, second=self.second)


LONGEST_PREMISE = 2_000
"""In characters, of the part that is read for people and things: each is searched for in all of it. The kind accepts no
more."""


def outline_of(premise: str, chapters: int) -> tuple[str, list[str]]:
    """Return a title, and what happens in each of `chapters` chapters: the first begins it, the last ends it."""
    cast = _cast(premise)
    last = len(_BEATS) - 1
    places = [round(number * last / max(1, chapters - 1)) for number in range(chapters)]
    if chapters == 1:
        return _title(cast), [f"How it went: {clip(_first_sentence(premise), 180)}"]
    return _title(cast), [f"{_BEATS[place][0]}: {cast.play(_BEATS[place][1])}" for place in places]


def chapter_of(premise: str, line: str, before: str) -> tuple[str, str]:
    """Return the heading and the text of the chapter whose line of the outline is `line`, such as `2. The way: ...`."""
    number, _, plan = line.rpartition(". ") if re.fullmatch(r"\d+\. [^.]*", line) else line.partition(". ")
    heading, _, what = (plan or line).partition(": ")
    cast = _cast(premise)
    turn = int(number[-3:]) if number.isdecimal() else 1
    opening = [clip(_first_sentence(premise), 300)] if turn == 1 else []
    if before:
        opening = [f"It was as it had been left: {split_sentences(before)[-1]}"]
    stock = [cast.play(_STOCK[(7 * turn + place) % len(_STOCK)]) for place in range(len(_STOCK))]
    said = [*opening, what or heading, *stock]
    paragraphs = [said[at : at + _SENTENCES_A_PARAGRAPH] for at in range(0, len(said), _SENTENCES_A_PARAGRAPH)]
    return heading, "\n\n".join(" ".join(paragraph) for paragraph in paragraphs)


def _first_sentence(premise: str) -> str:
    return (split_sentences(premise) or ["Nothing was said."])[0]


def _cast(premise: str) -> _Cast:
    premise = premise[:LONGEST_PREMISE]
    # A capitalised word inside a sentence is a name, in languages that only capitalise names.
    names = re.findall(r"(?<=[a-z,;] )[A-Z][a-z]+", premise)
    things = list(dict.fromkeys(f"the {thing}" for thing in _things(premise)))
    things = [thing for thing in things if not re.search(rf"{thing[4:]}(?: named| called|,) [A-Z]", premise)]
    hero = names[0] if names else (things.pop(0) if things else "somebody")
    first, second = [*things, "the secret", "the long way"][:2]
    return _Cast(hero, first, second)


def _things(premise: str) -> list[str]:
    found = []
    for match in _NOUN_PHRASE.finditer(premise):
        words = [match[1].lower(), (match[2] or "").lower()]
        if words[0] in _NO_NOUN or words[0].endswith("ly"):
            continue
        goes_on = words[1] and words[1] not in _NO_NOUN and not words[1].endswith(("s", "ed", "ing", "ly"))
        found.append(" ".join(words) if goes_on else words[0])
    return found


def _title(cast: _Cast) -> str:
    words = f"{cast.hero} and {cast.first}".split()
    return " ".join(word if word in ("and", "the") and place else word.capitalize() for place, word in enumerate(words))
