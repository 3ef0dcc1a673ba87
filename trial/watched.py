"""A trial's model: the worker's own client, which also shows each call and its text."""

import time
from collections.abc import Callable
from typing import Any

from functions.process.provider import Completion, ModelRequest, Provider
from shared.domain.errors import GenerationError
from shared.domain.generation import Usage
from trial.measured import Measured
from trial.screen import Screen


class WatchedModel:
    """Calls the model through `provider`, and shows on `screen` what happens."""

    def __init__(self, provider: Provider, screen: Screen, measured: Measured) -> None:
        self._provider, self._screen, self._measured = provider, screen, measured
        self._calls = 0

    @property
    def takes_key(self) -> bool:
        return self._provider.takes_key

    def complete(
        self, request: ModelRequest, *, on_words: Callable[[str], None] | None = None, **given: Any
    ) -> Completion:
        """Return the provider's answer, or raise as it does. Also passes each piece of text to the screen."""

        def written(piece: str) -> None:
            self._screen.words(piece)
            if on_words is not None:
                on_words(piece)

        self._calls += 1
        self._screen.say(f"call {self._calls}: {request.schema_name} of {request.model}")
        began = time.monotonic()
        try:
            answer = self._provider.complete(request, on_words=written, **given)
        except GenerationError as error:
            self._screen.say(f"call {self._calls} failed: {error.code}: {error.message}")
            raise
        seconds = time.monotonic() - began
        self._measured.answered(request.schema_name, len(answer.text), answer.usage)
        self._screen.say(f"call {self._calls}: {answer.usage.completion_tokens:,} tokens in {seconds:.1f} s")
        return answer

    def bill(self, bill_id: str, *, api_key: str, deadline: float) -> Usage | None:
        return self._provider.bill(bill_id, api_key=api_key, deadline=deadline)
