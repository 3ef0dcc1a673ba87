"""Finds in an OpenAPI document what belongs to the kinds that the clients do not bring types of."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

BROUGHT = frozenset({"flashcards", "story", "image", "assistant"})
"""The kinds whose types both clients have."""

type Schema = Mapping[str, Any]


class DocumentError(ValueError):
    """The document is not one of this service, or of one that is too old to say where its kinds' forms are."""


class OwnKinds(NamedTuple):
    """The forms of each own kind by their part (`create`, `output`, ...), and every schema that they lead to."""

    kinds: Mapping[str, Mapping[str, str]]
    schemas: Mapping[str, Schema]


def own_kinds(document: Mapping[str, Any]) -> OwnKinds:
    """Return the deployment's own kinds, in the document's order. Raises DocumentError."""
    try:
        found = document["x-kinds"]
        every = document["components"]["schemas"]
        kinds = {
            kind: {part: name_of(form) for part, form in forms.items()}
            for kind, forms in found.items()
            if kind not in BROUGHT
        }
        names = dict.fromkeys(name for forms in kinds.values() for name in forms.values())
        return OwnKinds(kinds, {name: every[name] for name in _reached(names, every)})
    except (KeyError, TypeError, AttributeError) as error:
        said = "The document does not say where its kinds' forms are (x-kinds): is it of this API, and as new as this?"
        raise DocumentError(said) from error


def name_of(reference: Schema) -> str:
    """Return the name of the schema that a `$ref` leads to."""
    return str(reference["$ref"]).rpartition("/")[2]


def _reached(names: Iterable[str], every: Mapping[str, Schema]) -> Iterator[str]:
    seen, left = set[str](), list(reversed(list(names)))
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            yield name
            left.extend(reversed(list(_references(every[name]))))


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield name_of(schema)
        for name, part in schema.items():
            # A mapping of a discriminator holds references as texts: the choices beside it have them as well.
            if name not in ("discriminator", "default", "examples", "const", "enum"):
                yield from _references(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _references(part)


def values_of(schema: Schema) -> list[Schema]:
    """Return the schemas of what an object may hold under names that it does not name."""
    patterns = list(schema.get("patternProperties", {}).values())
    more = schema.get("additionalProperties")
    return [*patterns, more] if isinstance(more, Mapping) else patterns
