"""llama.cpp's own server. Its grammar makes a small model follow the form, if no bound is too large for it."""

from functions.process.provider.dialects.chat_completions import Compatible


class LlamaCpp(Compatible):
    """A grammar repeats a rule as often as a bound says. Builds of May 2026 refuse or crash beyond some 2,000
    repetitions."""

    def largest_bound(self, _model: str) -> int:
        return 1_000
