"""Owns the model server's answers to a sentence that asks for help: its intent, a goal, an order. Uses plain words."""

import re

from local.model_server.sentences import word_set

_GOAL = word_set(
    "goal aim want wish would like learn become improve reach lose gain save run grow finish write read stop quit start"
    " increase reduce ziel möchte will lernen"
)
_ORDER = word_set(
    "prioritize prioritise priority priorities first order tasks task todo todos list today things sort urgent"
    " aufgaben zuerst"
)
_URGENT = word_set("today now tonight tomorrow urgent urgently asap immediately deadline due overdue heute dringend")
_IMPORTANT = word_set(
    "important tax taxes doctor exam exams boss client customer health family rent contract report deadline job work"
    " money insurance hospital wichtig steuer arzt prüfung"
)
_LEAD = re.compile(
    r"^.{0,80}?(?::|\b(?:i (?:have|need|want|ought) to|i must|i should|please)\b)\s*(?=\w)", re.IGNORECASE | re.DOTALL
)
_WISH = re.compile(
    r"^\s*(?:my (?:goal|aim) is (?:to )?|i(?:'d| would) like to |i (?:want|wish|plan|need|have) to |i will )", re.I
)
_BETWEEN = re.compile(r"\s*(?:[,;\n]|\b(?:and then|then|and|also|und)\b)+\s*", re.IGNORECASE)
_BY_WHEN = re.compile(
    r"\b(?:by|until|before|within|in) (?:the )?(?:end of )?(?:next |this |the )?(?:\w+ (?:days?|weeks?|months?|years?)"
    r"|day|week|month|year|\d{4}|\w+day|january|february|march|april|may|june|july|august|september"
    r"|october|november|december|summer|spring|autumn|winter|christmas)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d[\d.,]*(?: ?(?:%|[a-zA-Z]+))?")
LONGEST_SENTENCE = 2_000
"""In characters, of the part that is read: the patterns read a text more than once. The kind accepts half of it."""

_MEANING = {
    "do": "It is both urgent and important.",
    "schedule": "It is important, and nothing says that it is urgent: give it a date.",
    "delegate": "It is urgent, and nothing says that it is important: somebody else may do it.",
    "drop": "Nothing says that it is urgent or important.",
}


def intent_of(sentence: str) -> tuple[str, str]:
    """Return `prioritization`, `smart_goal` or `unknown`, and the reason, addressed to the author of the sentence."""
    sentence = sentence[:LONGEST_SENTENCE]
    words = _words(sentence)
    tasks = tasks_of(sentence)
    if len(tasks) > 1 and (words & _ORDER or len(tasks) > 2):
        return "prioritization", f"You name {len(tasks)} things to do and no order."
    if words & _GOAL:
        return "smart_goal", "You name something that you want to reach."
    return "unknown", "Say what you want to reach, or name the tasks to put in order."


def goal_of(sentence: str) -> dict[str, str]:
    """Return the goal restated, and how it meets each of the five criteria."""
    sentence = sentence[:LONGEST_SENTENCE]
    wish = _WISH.sub("", sentence.strip()).rstrip(". !")
    wish = wish[:1].lower() + wish[1:]
    when = _BY_WHEN.search(sentence)
    term = when[0].lower() if when else "within three months"
    figure = _FIGURE.search(sentence)
    return {
        "goal": f"I will {wish}{'' if when else ' ' + term}.",
        "specific": f"It is one thing, and it is clear when it is done: {wish}.",
        "measurable": f"The measure is {figure[0]}." if figure else "Note each week how far you are, from 0 to 10.",
        "achievable": "Begin with half an hour three times a week, and add to it when that is easy.",
        "relevant": "You brought it up yourself; write down in one sentence what it is for.",
        "time_bound": f"{term[:1].upper()}{term[1:]}; look half-way there whether it is still within reach.",
    }


def order_of(sentence: str) -> list[dict[str, str]]:
    """Return the tasks of a sentence in its own order, each with its Eisenhower quadrant and the reason."""
    found = []
    sentence = sentence[:LONGEST_SENTENCE]
    for task in tasks_of(sentence) or [sentence.strip()]:
        urgent, important = bool(_words(task) & _URGENT), bool(_words(task) & _IMPORTANT)
        quadrant = {(True, True): "do", (False, True): "schedule", (True, False): "delegate"}.get(
            (urgent, important), "drop"
        )
        found.append({"task": task[:1].upper() + task[1:], "quadrant": quadrant, "reason": _MEANING[quadrant]})
    return found


def tasks_of(sentence: str) -> list[str]:
    """Return the parts of a sentence between its commas and its `and`s, without the words that introduce them."""
    listed = _LEAD.sub("", sentence[:LONGEST_SENTENCE].strip(), count=1)
    parts = (re.sub(r"^to\s+", "", part.strip(" .!?")) for part in _BETWEEN.split(listed))
    return [part for part in parts if len(part) > 2]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))
