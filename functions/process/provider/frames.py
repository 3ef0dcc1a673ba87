"""Clears an exception's frames, which hold everything that was received there."""

import traceback


def let_go(error: BaseException) -> None:
    """Drop the local variables of an error and its causes, but keep the places.

    A frame with a variable that refers to its error is a cycle, which only garbage collection frees. That counts
    objects, and one of them may be an answer of megabytes. Running frames stay unchanged.
    """
    left, seen = [error], set[int]()
    while left:
        one = left.pop()
        if id(one) not in seen:
            seen.add(id(one))
            traceback.clear_frames(one.__traceback__)
            left += [behind for behind in (one.__context__, one.__cause__) if behind is not None]
            left += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
