"""The outputs of succeeded generations as their owner sees them: with decisions, and with URLs in place of pictures'
names."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from functions.status.pictures import PictureLinks
from shared.domain.errors import UnreadableError
from shared.domain.generation import Generation
from shared.domain.review import Review, shown, suggestions_of
from shared.domain.states import Status
from shared.store.reads import Reader
from shared.store.review import ReviewReader

Output = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outputs:
    """Every read is strongly consistent. Only a succeeded generation has an output."""

    reads: Reader
    reviews: ReviewReader
    pictures: PictureLinks
    reviews_of: Callable[[str], str | None]
    """Returns the name of a kind's reviewable list."""

    def of(self, head: Generation) -> Output | None:
        """Return the output, with pictures by name. Raises UnreadableError if it is lost."""
        if head.status is not Status.SUCCEEDED or head.output_step is None:
            return None
        step = self.reads.get_step(head.key, head.output_step)
        if step is None:
            raise UnreadableError("output")
        return self._reviewed(head, step.result, self.reviews.get_review(head.key) if head.reviewed else Review())

    def linked(self, head: Generation, output: Output) -> Output:
        """Return the output with its pictures' URLs; the same object if it has no pictures."""
        return self.pictures.shown(head, output)

    def bounded(self, heads: Sequence[Generation], most_bytes: int) -> dict[str, Output | None]:
        """Return the outputs of at most 100 generations by id, read in at most two calls, without S3.

        An output is None if its JSON exceeds `most_bytes` or its review cannot be read. A generation without output is
        missing.
        """
        made = self.reads.get_results(heads, most_bytes)
        reviews = self.reviews.get_reviews(
            [head.key for head in heads if head.reviewed and made.get(head.generation_id)]
        )
        found: dict[str, Output | None] = {}
        for head in heads:
            if head.generation_id not in made:
                continue
            result = made[head.generation_id]
            review = reviews.get(head.generation_id, Review())
            if result is not None and review is not None:
                result = self.linked(head, self._reviewed(head, result, review))
            fits = result is not None and review is not None and bytes_of(result) <= most_bytes
            found[head.generation_id] = result if fits else None
        return found

    def reviewable(self, head: Generation, output: Output) -> dict[str, str]:
        """Return the name of the output's reviewable list for the response, or nothing."""
        name = self.reviews_of(head.kind)
        return {} if name is None or suggestions_of(output, name) is None else {"reviews": name}

    def _reviewed(self, head: Generation, output: Output, review: Review) -> Output:
        name = self.reviews_of(head.kind)
        suggestions = suggestions_of(output, name)
        return output if name is None or suggestions is None else output | {name: shown(suggestions, review)}


def bytes_of(output: Output) -> int:
    """Return how many bytes of a response an output takes."""
    return len(json.dumps(output, ensure_ascii=False, separators=(",", ":")).encode())
