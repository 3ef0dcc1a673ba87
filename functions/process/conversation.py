"""Turns a kind's prompt into messages, and the model's text into its result. The user's text is always delimited
data."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails

from functions.process.delimiting import cleaned, delimited, names_in
from functions.process.form_in_words import in_words
from functions.process.provider import ChatMessage, json_candidates
from shared.domain.errors import InvalidOutputError
from shared.domain.finite import not_finite
from shared.kinds.contract import Prompt
from shared.kinds.values import to_json

_SHOWN_ERRORS = 5
_LEAST_REPEATED = 40  # characters of one of our sentences that nobody writes by chance


def of(prompt: Prompt, result: type[BaseModel] | None = None) -> tuple[ChatMessage, ...]:
    """Return the conversation: our instructions as the system message, each user text between its tags.

    The instructions describe the form of `result`, because not every server accepts or enforces a schema.
    """
    system = prompt.system if result is None else f"{prompt.system}\n\n{_asking_for(result)}"
    return (ChatMessage("system", system), ChatMessage("user", delimited(prompt.data, prompt.system)))


def _asking_for(result: type[BaseModel]) -> str:
    return f"The JSON has this form, with every name as it stands here:\n{in_words(result.model_json_schema())}"


def read[Result: BaseModel](prompt: Prompt, text: str, result: type[Result]) -> Result:
    """Read the model's answer to `prompt`. Raises InvalidOutputError as `parse` does, and if the answer repeats our
    instructions.

    If a fitting answer repeats a sentence of our instructions, the user's text made the model do it. The sentence is
    not secret, but the answer is not a result, unless the user's text contains that sentence.
    """
    found = parse(text, result)
    if _repeats(prompt, to_json(found), most=None):
        raise InvalidOutputError("output_invalid", "The model's answer does not fit: it repeats its instructions")
    return found


def begins_to_repeat(prompt: Prompt, value: Any) -> bool:
    """Whether a partial answer contains a sentence of our instructions, or more of its beginning than anybody writes by
    chance. For showing an answer before it is complete and `read` can judge it."""
    return _repeats(prompt, value, most=_LEAST_REPEATED)


def _repeats(prompt: Prompt, value: Any, most: int | None) -> bool:
    said, given = _plain(*_texts(value)), _plain(*prompt.data.values())
    sentences = (_plain(sentence) for sentence in re.split(r"(?<=[.:;!?])\s+|\n", prompt.system))
    ours = [sentence[:most] for sentence in sentences if len(sentence) >= _LEAST_REPEATED]
    return any(sentence in said and sentence not in given for sentence in ours)


def _plain(*texts: str) -> str:
    return " ".join(" ".join(texts).casefold().split())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(part)


def parse[Result: BaseModel](text: str, result: type[Result]) -> Result:
    """Read the model's answer, ignoring text around it. Raises InvalidOutputError, which names the place of the fault,
    never the content."""
    try:
        return _validated(text.strip().removeprefix("\ufeff"), result)
    except ValidationError as whole:
        # The error and this frame would hold each other and the whole text until garbage collection.
        invalid = whole.with_traceback(None)
    found = json_candidates(text)
    longest = max(found, key=len, default="")
    for candidate in found:
        try:
            return _validated(candidate, result)
        except ValidationError as other:
            invalid = other.with_traceback(None) if candidate == longest else invalid
    raise InvalidOutputError("output_invalid", _where(invalid, result)) from None


def _validated[Result: BaseModel](text: str, result: type[Result]) -> Result:
    """Return the answer as `result`. A number that JSON cannot hold, such as NaN or 1e400, fits no field."""
    found = result.model_validate_json(text)
    if endless := list(not_finite(found.model_dump(mode="json"))):
        wrong = [InitErrorDetails(type="finite_number", loc=place, input=None) for place in endless]
        raise ValidationError.from_exception_data(result.__name__, wrong)
    return found


def _where(invalid: ValidationError, result: type[BaseModel]) -> str:
    errors = invalid.errors(include_url=False, include_input=False, include_context=False)[:_SHOWN_ERRORS]
    known = _field_names(result)
    # A key that the result does not define is the model's own text.
    found = (f"{_place(error['loc'], known)} {error['type']}" for error in errors)
    return "The model's answer does not fit: " + ", ".join(found)


def _place(location: tuple[int | str, ...], known: set[str]) -> str:
    parts = (str(part) if isinstance(part, int) or part in known else "*" for part in location)
    return ".".join(parts) or "answer"


def _field_names(result: type[BaseModel]) -> set[str]:
    schema = result.model_json_schema()
    return {name for part in (schema, *schema.get("$defs", {}).values()) for name in part.get("properties", ())}


def repair(prompt: Prompt, text: str, invalid: InvalidOutputError, result: type[BaseModel]) -> tuple[ChatMessage, ...]:
    """Return the turns that show the model its own answer, the fault, and the required form."""
    # The user's text may have made the model write one of our tags.
    said = cleaned(text, names_in(prompt.data, prompt.system))
    ask = f"{invalid.message}. Answer again with the whole JSON, corrected, and nothing else. {_asking_for(result)}"
    return (ChatMessage("assistant", said), ChatMessage("user", ask))
