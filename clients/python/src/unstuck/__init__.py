"""The client of Unstuck, whose AI generations cannot get stuck: `Client`, `AsyncClient`, and their requests, results
and errors."""

from unstuck.account import Erasure, UsageOfMonth
from unstuck.async_client import AsyncClient
from unstuck.client import Client
from unstuck.errors import (
    AnotherUserError,
    ApiError,
    BadAnswerError,
    ClosedError,
    ConflictError,
    GenerationCanceledError,
    GenerationEndedError,
    GenerationFailedError,
    InvalidRequestError,
    LimitReachedError,
    NotFoundError,
    ServiceError,
    TokenUnavailableError,
    UnauthorizedError,
    UnreachableError,
    UnstuckError,
    WaitTimeoutError,
)
from unstuck.exchange import Conditions, Patience
from unstuck.following import Changes, Polling, Seen
from unstuck.frames import PartialOutput
from unstuck.models import Accepted, Card, Generation, GenerationDetail, ListedGeneration, Reviewed, Timeline, Usage
from unstuck.outputs import AssistantOutput, FlashcardsOutput, ImageOutput, ReviewedSuggestion, StoryOutput
from unstuck.requests import (
    CreateAssistant,
    CreateFlashcards,
    CreateGeneration,
    CreateImage,
    CreateStory,
    DecideNumbered,
)
from unstuck.statuses import TERMINAL
from unstuck.wire import __version__

__all__ = [
    "TERMINAL",
    "Accepted",
    "AnotherUserError",
    "ApiError",
    "AssistantOutput",
    "AsyncClient",
    "BadAnswerError",
    "Card",
    "Changes",
    "Client",
    "ClosedError",
    "Conditions",
    "ConflictError",
    "CreateAssistant",
    "CreateFlashcards",
    "CreateGeneration",
    "CreateImage",
    "CreateStory",
    "DecideNumbered",
    "Erasure",
    "FlashcardsOutput",
    "Generation",
    "GenerationCanceledError",
    "GenerationDetail",
    "GenerationEndedError",
    "GenerationFailedError",
    "ImageOutput",
    "InvalidRequestError",
    "LimitReachedError",
    "ListedGeneration",
    "NotFoundError",
    "PartialOutput",
    "Patience",
    "Polling",
    "Reviewed",
    "ReviewedSuggestion",
    "Seen",
    "ServiceError",
    "StoryOutput",
    "Timeline",
    "TokenUnavailableError",
    "UnauthorizedError",
    "UnreachableError",
    "UnstuckError",
    "Usage",
    "UsageOfMonth",
    "WaitTimeoutError",
    "__version__",
]
