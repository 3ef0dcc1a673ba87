"""llama.cpp's own server: its grammar holds a small model to the form, as long as no bound is too large for it."""

from functions.process.provider.dialects.chat_completions import Compatible


class LlamaCpp(Compatible):
    """A grammar repeats what a bound counts; builds of May 2026 refuse or crash on more than some 2,000 times."""

    def largest_bound(self, _model: str) -> int:
        return 1_000
