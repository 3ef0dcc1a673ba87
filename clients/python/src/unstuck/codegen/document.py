"""Finds, in an OpenAPI document, the schemas of kinds that the clients have no types for."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

BROUGHT = frozenset({"flashcards", "story", "image", "assistant"})
"""The kinds whose types both clients have."""

type Schema = Mapping[str, Any]


class DocumentError(ValueError):
    """The document is not of this service, or of a version that is too old to name its kinds' schemas."""


class OwnKinds(NamedTuple):
    """The schemas of each own kind by part (`create`, `output`, ...), and every schema that they refer to."""

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
        said = (
            "The document does not name its kinds' schemas (x-kinds). "
            "Check that it is of this API and not older than this client."
        )
        raise DocumentError(said) from error


def name_of(reference: Schema) -> str:
    """Return the name of the schema that a `$ref` refers to."""
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
            # A discriminator's mapping holds references as texts. The choices beside it hold them as well.
            if name not in ("discriminator", "default", "examples", "const", "enum"):
                yield from _references(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _references(part)


def values_of(schema: Schema) -> list[Schema]:
    """Return the schemas of an object's additional properties."""
    patterns = list(schema.get("patternProperties", {}).values())
    more = schema.get("additionalProperties")
    return [*patterns, more] if isinstance(more, Mapping) else patterns
