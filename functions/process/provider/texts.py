"""The text of an answer so far: its content, and the arguments of the tools that it calls. Knows no wire format."""

from functions.process.provider.json_in_text import holds_whole_json


class Texts:
    """Collects the pieces, and finds the form among them. `characters` is the length of them all."""

    def __init__(self) -> None:
        self.characters = 0
        self._content: list[str] = []
        self._tools: dict[int | str, list[str]] = {}

    @property
    def has_content(self) -> bool:
        return bool(self._content)

    def add(self, text: str) -> None:
        """Take more of the content."""
        self._content.append(text)
        self.characters += len(text)

    def add_to_tool(self, index: int | str, arguments: str) -> None:
        """Take more of a tool's arguments. Without any, the tool still counts as called."""
        pieces = self._tools.setdefault(index, [])
        if arguments:
            pieces.append(arguments)
            self.characters += len(arguments)

    def pieces_after(self, count: int) -> list[str]:
        """Return the pieces of the content that came after the first `count`."""
        return self._content[count:]

    def whole(self) -> bool:
        """Whether the content or a tool's arguments hold complete JSON."""
        return any(holds_whole_json("".join(pieces)) for pieces in (self._content, *self._tools.values()))

    def content(self) -> str:
        """Return the content. Raises UnicodeDecodeError if it has half a character."""
        return _joined(self._content)

    def form(self, *, by_tool: bool) -> str | None:
        """Return the text that should be the form: the content, or a tool's arguments if the content has no whole JSON.

        None if the model called tools without arguments. `by_tool` says that it stopped to call a tool.
        Raises UnicodeDecodeError if it has half a character.
        """
        text = _joined(self._content)
        if not (self._tools or by_tool) or holds_whole_json(text):
            return text
        called = next((said for said in self._tools.values() if "".join(said).strip() not in ("", "{}")), None)
        return None if called is None else _joined(called)


def _joined(pieces: list[str]) -> str:
    # A character beyond 16 bits may arrive as two escaped halves, even in two pieces. They are joined here.
    return "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16")
