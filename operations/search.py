"""Finds the generation of a request. Reads inputs page by page and shows nothing of their content."""

from dataclasses import dataclass
from itertools import islice

from operations.reading import Reader
from shared.domain.generation import Generation, GenerationKey
from shared.store.marshalling import unmarshal
from shared.store.reads import Reader as Reads


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search. `head` is None if nothing was found, or if only the input of an expired generation
    remains.

    `complete` means that everything was read, so a generation that was not found does not exist.
    """

    key: GenerationKey | None = None
    head: Generation | None = None
    model: str | None = None
    pages: int = 0
    complete: bool = False


def find(reader: Reader, reads: Reads, request_id: str, *, owner: str | None, pages: int) -> Found:
    """Search for the generation of this request, in at most this many pages, of one owner if given.

    A page is up to 1 MB. Raises botocore's errors.
    """
    found, read = reader.inputs_of(request_id, owner), 0
    for page in islice(found, pages):
        read += 1
        for item in page:
            values = unmarshal(item)
            key = GenerationKey(values["pk"], values["sk"].removeprefix("I#"))
            return Found(key, reads.get(key), values.get("model"), read)
    return Found(pages=read, complete=next(found, None) is None)
