"""Makes tables of fields from the schemas of the OpenAPI document: name, type, whether it is required, and meaning."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
SECTIONS = {
    "Generation": "Generation",
    "Usage": "Usage",
    "Output": "Output",
    "ReviewedSuggestion": "Suggestion",
    "Card": "Card",
    "Problem": "Problem",
}
"""Schemas that appear in more than one place, each by its heading on the page."""
_EXTENDED = {"GenerationDetail": "Generation", "ListedGeneration": "Generation"}
_FORMATS = {"uuid": "UUID", "date-time": "time", "uri-reference": "URL"}
_HEAD = ("name", "type", "required", "meaning")


class Fields:
    """The tables of one OpenAPI document."""

    def __init__(self, document: Json) -> None:
        self._schemas: Json = document["components"]["schemas"]
        self._kinds = {form["$ref"]: kind for kind, forms in document["x-kinds"].items() for form in forms.values()}

    def of(self, schema: Json) -> str:
        """Return the tables of a body, with one table per kind if their forms differ."""
        name, resolved = self._resolved(schema)
        base = _EXTENDED.get(name)
        if base is not None:
            known = self._schemas[base]["properties"]
            rows = [row for field, row in self._rows(resolved) if field.partition(".")[0] not in known]
            return f"{self._link(base)}, and:\n\n{table(_HEAD, rows)}"
        forms = [self._resolved(each) for each in self._alternatives(resolved)]
        if len(forms) > 1:
            return "\n\n".join(self._by_kind(schema, resolved))
        if name in SECTIONS:
            return f"{self._link(name)}."
        return table(_HEAD, [row for _, row in self._rows(resolved)])

    def section(self, name: str) -> str:
        """Return the text below the heading of one of SECTIONS."""
        schema = self._schemas[name]
        if len(self._alternatives(schema)) > 1:
            return "\n\n".join([schema["description"], *self._by_kind({}, schema)])
        return f"{schema['description']}\n\n{table(_HEAD, [row for _, row in self._rows(schema)])}"

    def typed(self, schema: Json) -> str:
        """Return a type in a word or two, such as `array of UUID or null`."""
        name, resolved = self._resolved(schema)
        if name in SECTIONS or name in _EXTENDED:
            return self._link(_EXTENDED.get(name, name))
        if self._alternatives(resolved):
            return "object"
        if present := self._present(resolved):
            return f"{self.typed(present)} or null"
        return self._plain(resolved)

    def _plain(self, schema: Json) -> str:
        kinds = schema.get("type", "object")
        if isinstance(kinds, list):
            return " or ".join(kinds)
        if kinds == "array":
            return f"array of {self.typed(schema['items'])}"
        if "const" in schema or "enum" in schema:
            values = schema.get("enum", [schema.get("const")])
            return {bool: "boolean", int: "integer"}.get(type(values[0]), "string")
        return _FORMATS.get(schema.get("format", ""), str(kinds))

    def meaning(self, schema: Json) -> str:
        """Return the meaning of a field, with its bounds."""
        _, resolved = self._resolved(schema)
        said = schema.get("description") or resolved.get("description", "")
        bounds = [*self._bounds(resolved)] or [*self._bounds(self._present(resolved))]
        return escaped(" ".join(each for each in (said, *bounds) if each))

    def _rows(self, schema: Json, prefix: str = "") -> Iterator[tuple[str, Sequence[str]]]:
        forms = [self._resolved(each)[1] for each in self._alternatives(schema)] or [schema]
        seen = set[tuple[str, ...]]()
        for form in forms:
            for name, field in form.get("properties", {}).items():
                row = (
                    f"`{prefix}{name}`",
                    self.typed(field),
                    yes(name in form.get("required", ())),
                    self.meaning(field),
                )
                if row in seen:
                    continue
                seen.add(row)
                yield f"{prefix}{name}", row
                yield from self._rows_below(field, f"{prefix}{name}")

    def _rows_below(self, field: Json, path: str) -> Iterator[tuple[str, Sequence[str]]]:
        name, resolved = self._resolved(field)
        if resolved.get("type") == "array":
            yield from self._rows_below(resolved["items"], f"{path}[]")
        elif name not in SECTIONS and name not in _EXTENDED:
            yield from self._rows(resolved, f"{path}.")

    def _by_kind(self, schema: Json, resolved: Json) -> Iterator[str]:
        forms = {
            self._kinds.get(each["$ref"], ""): self._resolved(each)[1]
            for each in self._alternatives(resolved or schema)
        }
        rows = {kind: [row for _, row in self._rows(form)] for kind, form in forms.items()}
        shared = [row for row in next(iter(rows.values())) if all(row in each for each in rows.values())]
        if shared:
            yield f"Every kind takes:\n\n{table(_HEAD, shared)}"
        for kind, form in forms.items():
            own = [row for row in rows[kind] if row not in shared]
            yield f"**`{kind}`.** {form.get('description', '')}\n\n{table(_HEAD, own)}"

    def _bounds(self, schema: Json) -> Iterator[str]:
        if "const" in schema:
            yield f"Always `{_shown(schema['const'])}`."
        values = [each for each in schema.get("enum", ()) if each is not None]
        if values:
            yield f"One of {', '.join(f'`{_shown(each)}`' for each in values)}."
        for least, most, unit in (
            ("minLength", "maxLength", " characters"),
            ("minItems", "maxItems", " items"),
            ("minimum", "maximum", ""),
        ):
            if least in schema and most in schema:
                yield f"{schema[least]:,} to {schema[most]:,}{unit}."
            elif least in schema:
                yield f"At least {schema[least]:,}{unit}."
        if "pattern" in schema and schema.get("format") != "uuid":
            yield f"Matches `{schema['pattern']}`."
        if schema.get("default") is not None:
            yield f"Default `{_shown(schema['default'])}`."

    def _present(self, schema: Json) -> Json:
        """Return the form of a nullable field when it is not null."""
        return next((each for each in schema.get("anyOf", ()) if each != {"type": "null"}), {})

    def _resolved(self, schema: Json) -> tuple[str, Json]:
        if "$ref" not in schema:
            return "", schema
        name = schema["$ref"].rpartition("/")[2]
        return name, self._schemas[name]

    def _alternatives(self, schema: Json) -> Sequence[Json]:
        found = schema.get("oneOf", schema.get("anyOf", ()))
        return () if {"type": "null"} in found else found

    def _link(self, name: str) -> str:
        return f"[{SECTIONS[name]}](#{SECTIONS[name].lower()})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown. Its cells are already escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    return text.replace("|", "\\|")


def yes(value: bool) -> str:
    return "yes" if value else "no"


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
