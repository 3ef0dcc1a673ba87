"""What an exception holds on to: every frame that it came by, and all that had been received there."""

import traceback


def let_go(error: BaseException) -> None:
    """Have an error, and those behind it, hold no local variables any more, but still its places.

    A frame with a variable that leads back to its error is a circle, which only a search for garbage ends: that counts
    objects, and one of them may be an answer of megabytes. Frames that still run are left alone.
    """
    left, seen = [error], set[int]()
    while left:
        one = left.pop()
        if id(one) not in seen:
            seen.add(id(one))
            traceback.clear_frames(one.__traceback__)
            left += [behind for behind in (one.__context__, one.__cause__) if behind is not None]
            left += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
