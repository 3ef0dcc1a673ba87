"""Chooses the cards of a text: how many, of which kinds, spread over the whole text; deterministic.

card_rules.py and cloze.py turn a sentence into a card.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from local.model_server.card_rules import EXTRA_RULES, RULES
from local.model_server.cloze import cloze
from local.model_server.grammar import Sentence, points_back
from local.model_server.sentences import clip, fragments, split_sentences, word_set

FRONT_CHARACTERS = 200
BACK_CHARACTERS = 500
CHARACTERS_PER_CARD = 250
MOST_CARDS = 20
LONGEST_SENTENCE = 600
"""In characters. The rules read a sentence more than once, so a longer one would take too long."""
LEAST_CARDS = 3
KIND_ORDER = (  # the kinds that teach most come first, if not all kinds can have another card
    *("definition", "called", "abbreviation", "reason", "made_of", "action"),
    *("used_for", "place", "year", "done_by", "number"),
)
_ENGLISH = word_set("the of and is are in to a an that by with from")
_WORDS = re.compile(r"[\w'-]+")


@dataclass(frozen=True, slots=True)
class Card:
    """One flashcard; `front` and `back` are never empty and never longer than the limits above."""

    front: str
    back: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    position: int
    kind: str
    card: Card


def make_cards(text: str, at_least: int = 0, at_most: int | None = None) -> list[Card]:
    """Return cards in the order of the text: one per 250 characters, 3 to 20, within `at_least` and `at_most`. They
    always cover the whole text."""
    wanted = max(LEAST_CARDS, at_least, min(MOST_CARDS, len(text) // CHARACTERS_PER_CARD))
    wanted = wanted if at_most is None else min(wanted, at_most)
    sentences = split_sentences(text)
    chosen = _choose(_questions(text, sentences), wanted)
    taken = {candidate.card.front for candidate in chosen}
    used = {candidate.position for candidate in chosen}
    for candidate in _gaps(text, sentences, used):
        if len(chosen) >= wanted:
            break
        if candidate.card.front not in taken:
            taken.add(candidate.card.front)
            chosen.append(candidate)
    return [candidate.card for candidate in sorted(chosen, key=lambda candidate: candidate.position)]


def _questions(text: str, sentences: list[str]) -> Iterator[_Candidate]:
    """The cards that the rules make of the sentences. They only know English."""
    words = Counter(_WORDS.findall(text.lower()))
    if sum(words[word] for word in _ENGLISH) < 0.1 * words.total():
        return
    names = frozenset(re.findall(r"(?<=[a-z,] )[A-Z]\w{1,60}", text))
    for position, words_of_it in enumerate(sentences):
        if words_of_it.endswith(("?", "!")) or len(words_of_it.split()) < 4:
            continue
        if len(words_of_it) > LONGEST_SENTENCE:
            continue
        sentence = Sentence(words_of_it.rstrip(". "), names)
        first_question = next(filter(None, (rule(sentence) for rule in RULES)), None)
        for question in (first_question, *(rule(sentence) for rule in EXTRA_RULES)):
            if question is not None and len(question.front) <= FRONT_CHARACTERS:
                back = clip(question.back, BACK_CHARACTERS)
                yield _Candidate(position, question.kind, Card(question.front, back))


def _choose(candidates: Iterator[_Candidate], wanted: int) -> list[_Candidate]:
    """Return as many as wanted: one of each kind in turn, and those of one kind spread over the text."""
    kinds: dict[str, list[_Candidate]] = defaultdict(list)
    fronts: set[str] = set()
    for candidate in candidates:
        if candidate.card.front not in fronts:
            fronts.add(candidate.card.front)
            kinds[candidate.kind].append(candidate)
    turns = [
        (turn, KIND_ORDER.index(candidate.kind), candidate)
        for members in kinds.values()
        for turn, candidate in enumerate(members[index] for index in _spread(len(members)))
    ]
    turns.sort(key=lambda turn: turn[:2])
    return [candidate for _, _, candidate in turns[:wanted]]


def _spread(count: int) -> list[int]:
    """Return 0 to count-1, ordered so that every beginning of the list covers the range evenly (bit reversal)."""
    width = max(1, (count - 1).bit_length())
    return sorted(range(count), key=lambda index: int(f"{index:0{width}b}"[::-1], 2))


def _gaps(text: str, sentences: list[str], used: set[int]) -> Iterator[_Candidate]:
    """Cards with a gap, the best first: sentences not asked about yet, then all again, then any fragment."""
    frequency = Counter(_WORDS.findall(text.lower()))
    fresh = [position for position in range(len(sentences)) if position not in used]
    order = [fresh[index] for index in _spread(len(fresh))]
    order.sort(key=lambda position: points_back(sentences[position]) or sentences[position].endswith("?"))
    for rank in range(3):
        for position in order if rank == 0 else range(len(sentences)):
            if found := cloze(sentences[position], frequency, rank):
                yield _Candidate(position, "gap", _card(*found))
    pieces = fragments(text, 80) or ["(no text)"]
    for number in range(10**6):
        piece = pieces[number % len(pieces)]
        middle = len(piece) // 2
        hidden = piece[middle : middle + 4]
        front = f"{number + 1}. {piece[:middle]}____{piece[middle + 4 :]}"
        yield _Candidate(len(sentences) + number, "fragment", _card(front, hidden))


def _card(front: str, back: str) -> Card:
    return Card(clip(front, FRONT_CHARACTERS), clip(back.strip() or "(blank)", BACK_CHARACTERS))
