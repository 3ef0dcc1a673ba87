"""Evaluates DynamoDB's expressions over items in DynamoDB's own form, as far as the store may use them.

Each text is parsed once and kept. Anything unknown here, such as a path into a document, is a NotImplementedError: the
simulator must not guess.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

Item = dict[str, Any]
Value = Mapping[str, Any]
Names = Mapping[str, str]
Values = Mapping[str, Value]
Operand = Callable[[Item, Names, Values], Value | None]
Condition = Callable[[Item, Names, Values], bool]

_TOKEN = re.compile(r"\s*(?:([A-Za-z_][A-Za-z0-9_]*|[#:][A-Za-z0-9_]+)|(<>|<=|>=|[=<>(),+-]))")
_ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class ExpressionError(ValueError):
    """The text is no expression that DynamoDB would take."""


def type_of(value: Value) -> str:
    return next(iter(value))


def plain(value: Value) -> Any:
    """Return what two values of one type are compared by."""
    kind, held = next(iter(value.items()))
    if kind == "N":
        return Decimal(held)
    if kind == "B":
        return bytes(held)
    if kind == "M":
        return {name: (type_of(member), plain(member)) for name, member in held.items()}
    if kind == "L":
        return [(type_of(member), plain(member)) for member in held]
    return held


def same(left: Value | None, right: Value | None) -> bool:
    if left is None or right is None:
        return False
    return left == right or (type_of(left) == type_of(right) and plain(left) == plain(right))


class Reader:
    """The tokens of one expression, and every placeholder among them."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        place = 0
        text = text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                if text[place:].lstrip()[:1] in ".[":
                    raise NotImplementedError(f"a path into a document: {text!r}")
                raise ExpressionError(f"cannot read {text[place:]!r} of {text!r}")
            self.tokens.append(found[1] or found[2])
            place = found.end()
        self.placeholders = frozenset(token for token in self.tokens if token[0] in "#:")
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.place += 1
        return token

    def is_next(self, word: str) -> bool:
        if self.peek().upper() != word:
            return False
        self.place += 1
        return True

    def expect(self, word: str) -> None:
        if not self.is_next(word):
            raise ExpressionError(f"expected {word}, and there is {self.peek()!r}")


def path_of(reader: Reader) -> Callable[[Names], str]:
    token = reader.take()
    if token.startswith("#"):
        return lambda names: names[token]
    if not re.fullmatch(r"[A-Za-z_]\w*", token):
        raise ExpressionError(f"expected a name, and there is {token!r}")
    return lambda _names: token


def operand_of(reader: Reader) -> Operand:
    token = reader.peek()
    if token.startswith(":"):
        reader.take()
        return lambda _item, _names, values: values[token]
    if token.lower() == "size":
        return _size(reader)
    name = path_of(reader)
    return lambda item, names, _values: item.get(name(names))


def _size(reader: Reader) -> Operand:
    reader.take()
    reader.expect("(")
    name = path_of(reader)
    reader.expect(")")

    def size(item: Item, names: Names, _values: Values) -> Value | None:
        value = item.get(name(names))
        if value is None:
            return None
        kind, held = next(iter(value.items()))
        return {"N": str(len(held.encode()) if kind == "S" else len(held))}

    return size


def _either(reader: Reader) -> Condition:
    parts = [_both(reader)]
    while reader.is_next("OR"):
        parts.append(_both(reader))
    if len(parts) == 1:
        return parts[0]
    return lambda item, names, values: any(part(item, names, values) for part in parts)


def _both(reader: Reader) -> Condition:
    parts = [_negation(reader)]
    while reader.is_next("AND"):
        parts.append(_negation(reader))
    if len(parts) == 1:
        return parts[0]
    return lambda item, names, values: all(part(item, names, values) for part in parts)


def _negation(reader: Reader) -> Condition:
    if reader.is_next("NOT"):
        inner = _negation(reader)
        return lambda item, names, values: not inner(item, names, values)
    if reader.is_next("("):
        inner = _either(reader)
        reader.expect(")")
        return inner
    function = _FUNCTIONS.get(reader.peek().lower())
    if function is not None:
        reader.take()
        reader.expect("(")
        made = function(reader)
        reader.expect(")")
        return made
    return _comparison(reader)


def _comparison(reader: Reader) -> Condition:
    left = operand_of(reader)
    if reader.is_next("BETWEEN"):
        low = operand_of(reader)
        reader.expect("AND")
        high = operand_of(reader)
        return _all_of(_ordered(low, "<=", left), _ordered(left, "<=", high))
    if reader.is_next("IN"):
        reader.expect("(")
        members = [operand_of(reader)]
        while reader.is_next(","):
            members.append(operand_of(reader))
        reader.expect(")")
        return lambda item, names, values: any(
            same(left(item, names, values), member(item, names, values)) for member in members
        )
    sign = reader.take()
    right = operand_of(reader)
    if sign == "=":
        return lambda item, names, values: same(left(item, names, values), right(item, names, values))
    if sign == "<>":
        return lambda item, names, values: not same(left(item, names, values), right(item, names, values))
    return _ordered(left, sign, right)


def _all_of(first: Condition, second: Condition) -> Condition:
    return lambda item, names, values: first(item, names, values) and second(item, names, values)


def _ordered(left: Operand, sign: str, right: Operand) -> Condition:
    if sign not in _ORDERED:
        raise ExpressionError(f"expected a comparison, and there is {sign!r}")
    compare = _ORDERED[sign]

    def ordered(item: Item, names: Names, values: Values) -> bool:
        one, other = left(item, names, values), right(item, names, values)
        if one is None or other is None or type_of(one) != type_of(other) or type_of(one) not in ("S", "N", "B"):
            return False
        return compare(plain(one), plain(other))

    return ordered


def _attribute_exists(reader: Reader) -> Condition:
    name = path_of(reader)
    return lambda item, names, _values: name(names) in item


def _attribute_not_exists(reader: Reader) -> Condition:
    name = path_of(reader)
    return lambda item, names, _values: name(names) not in item


def _begins_with(reader: Reader) -> Condition:
    name = path_of(reader)
    reader.expect(",")
    prefix = operand_of(reader)

    def begins(item: Item, names: Names, values: Values) -> bool:
        value, wanted = item.get(name(names)), prefix(item, names, values)
        if value is None or wanted is None or type_of(value) != type_of(wanted):
            return False
        return bool(plain(value).startswith(plain(wanted)))

    return begins


_FUNCTIONS: Mapping[str, Callable[[Reader], Condition]] = {
    "attribute_exists": _attribute_exists,
    "attribute_not_exists": _attribute_not_exists,
    "begins_with": _begins_with,
}


@cache
def condition(text: str) -> tuple[Condition, frozenset[str]]:
    """Return what tells whether a condition holds, and the placeholders that it uses."""
    reader = Reader(text)
    made = _either(reader)
    if reader.peek():
        raise ExpressionError(f"{reader.peek()!r} is left of {text!r}")
    return made, reader.placeholders


@cache
def projection(text: str) -> tuple[Callable[[Item, Names], Item], frozenset[str]]:
    """Return what cuts an item down to the attributes that a projection names, and its placeholders."""
    reader = Reader(text)
    paths = [path_of(reader)]
    while reader.is_next(","):
        paths.append(path_of(reader))

    def cut(item: Item, names: Names) -> Item:
        return {name: item[name] for name in (path(names) for path in paths) if name in item}

    return cut, reader.placeholders
