"""Accepts a generation: validates it, stores it, dispatches it, and answers 202. Does none of the work itself."""

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.acceptance import answer_admitted, key_of
from shared.api import Answer, ProblemError, Request
from shared.clock import Clock
from shared.config import Settings
from shared.dispatch import Dispatch
from shared.generation import Generation, GenerationInput
from shared.kinds import Kind, load, names
from shared.limits import Policy
from shared.store import Admission, Store
from shared.validation import field_error, parse

_Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:~-]{1,64}$")]


class Envelope(BaseModel):
    """What every kind's request has beside its own input. Labels are the caller's own and mean nothing to us."""

    model_config = ConfigDict(strict=True, extra="forbid")

    kind: str = "flashcards"
    model: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./:@-]{1,100}$")] | None = None
    prompt_version: _Label | None = None
    client_id: _Label | None = None
    session_id: _Label | None = None


@dataclass(frozen=True, slots=True)
class CreateService:
    """Creates generations for the owners who ask."""

    store: Store
    dispatch: Dispatch
    clock: Clock
    settings: Settings
    policy: Policy

    def create(self, request: Request) -> Answer:
        """Store a generation and start its work, if its owner may have one more. Raises what `Store.admit` raises."""
        owner, body = request.owner, request.json()
        envelope, content = self._validate(body)
        # As asked, before the deployment's own defaults: a new default is no other request.
        key = key_of(request, {"create": envelope.model_dump(), "input": content.model_dump(mode="json")})
        generation, given = self._new(owner, envelope, content, request.request_id)
        admitted = self.store.admit(generation, given, Admission(self.policy, key))
        return answer_admitted(admitted, generation, self.dispatch, self.clock.now())

    def _validate(self, body: dict[str, Any]) -> tuple[Envelope, BaseModel]:
        own = {name: value for name, value in body.items() if name in Envelope.model_fields}
        rest = {name: value for name, value in body.items() if name not in Envelope.model_fields}
        errors: list[dict[str, str]] = []
        envelope = parse(Envelope, own, errors)
        kind = _kind(body.get("kind", Envelope.model_fields["kind"].default), errors)
        content = parse(kind.input, rest, errors) if kind else None
        if envelope and kind:
            self._check_choices(envelope, kind, errors)
        if errors or envelope is None or content is None:
            raise ProblemError("validation_failed", errors=errors)
        return envelope, content

    def _check_choices(self, envelope: Envelope, kind: Kind, errors: list[dict[str, str]]) -> None:
        allowed = self.settings.allowed_models or (self.settings.default_model,)
        if envelope.model and not any(fnmatchcase(envelope.model, pattern) for pattern in allowed):
            errors.append(field_error("model", "not_allowed", f"Allowed models: {', '.join(allowed)}."))
        if envelope.prompt_version and envelope.prompt_version not in kind.prompt_versions:
            known = ", ".join(kind.prompt_versions)
            errors.append(field_error("prompt_version", "unknown", f"This kind has the prompt versions {known}."))

    def _new(
        self, owner: str, envelope: Envelope, content: BaseModel, request_id: str
    ) -> tuple[Generation, GenerationInput]:
        kind, now = load(envelope.kind), self.clock.now()
        deadline_seconds = kind.limits.deadline_seconds or self.settings.deadline_seconds
        generation = Generation(
            user_id=owner,
            generation_id=self.clock.new_id(),
            kind=kind.name,
            created_at=now,
            deadline_at=now + timedelta(seconds=deadline_seconds),
            client_id=envelope.client_id,
            session_id=envelope.session_id,
            usual_seconds=kind.limits.usual_seconds,
            create_op=self.clock.token(),
        )
        given = GenerationInput(
            content=content.model_dump(mode="json"),
            model=envelope.model or self.settings.default_model,
            prompt_version=envelope.prompt_version or kind.prompt_versions[-1],
            request_id=request_id,
        )
        return generation, given


def _kind(name: object, errors: list[dict[str, str]]) -> Kind | None:
    if not isinstance(name, str):
        return None
    if name not in names():
        errors.append(field_error("kind", "unknown", f"Known kinds: {', '.join(names())}."))
        return None
    return load(name)
