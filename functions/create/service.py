"""Accepts a generation: validates it, stores it, dispatches it, and answers 202. Does none of the work itself."""

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from shared.api import Answer, ProblemError, Request
from shared.clock import Clock
from shared.config import Settings
from shared.dispatch import Dispatch, DispatchFailedError
from shared.generation import Generation, GenerationInput
from shared.kinds import Kind, load, names
from shared.store import Store
from shared.telemetry import logger

_Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:~-]{1,64}$")]
_FIRST_POLL_SECONDS = 2


class Envelope(BaseModel):
    """What every kind's request has beside its own input. Labels are the caller's own and mean nothing to us."""

    model_config = ConfigDict(strict=True, extra="forbid")

    kind: str = "flashcards"
    model: Annotated[str, StringConstraints(pattern=r"^[\w./:@-]{1,100}$")] | None = None
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

    def create(self, request: Request) -> Answer:
        """Store a generation and start its work. Once it is stored the answer is 202, whatever the queue says."""
        owner, body = request.owner, request.json()
        envelope, content = self._validate(body)
        generation, given = self._new(owner, envelope, content, request.request_id)
        head = self.store.create(generation, given)
        try:
            self.dispatch.send(head, self.clock.now())
        except DispatchFailedError:
            # It is stored and due: a rescuer sends it. The caller has been promised nothing that does not hold.
            logger().exception("not dispatched; left to a rescuer", extra={"generation_id": head.generation_id})
        return _accepted(head)

    def _validate(self, body: dict[str, Any]) -> tuple[Envelope, BaseModel]:
        own = {name: value for name, value in body.items() if name in Envelope.model_fields}
        rest = {name: value for name, value in body.items() if name not in Envelope.model_fields}
        errors: list[dict[str, str]] = []
        envelope = _parse(Envelope, own, errors)
        kind = _kind(envelope.kind if envelope else body.get("kind"), errors)
        content = _parse(kind.input, rest, errors) if kind else None
        if envelope and kind:
            self._check_choices(envelope, kind, errors)
        if errors or envelope is None or content is None:
            raise ProblemError("validation_failed", errors=errors)
        return envelope, content

    def _check_choices(self, envelope: Envelope, kind: Kind, errors: list[dict[str, str]]) -> None:
        allowed = self.settings.allowed_models or (self.settings.default_model,)
        if envelope.model and not any(fnmatchcase(envelope.model, pattern) for pattern in allowed):
            errors.append(_error("model", "not_allowed", f"Allowed models: {', '.join(allowed)}."))
        if envelope.prompt_version and envelope.prompt_version not in kind.prompt_versions:
            known = ", ".join(kind.prompt_versions)
            errors.append(_error("prompt_version", "unknown", f"This kind has the prompt versions {known}."))

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
            create_op=self.clock.token(),
        )
        given = GenerationInput(
            content=content.model_dump(mode="json"),
            model=envelope.model or self.settings.default_model,
            prompt_version=envelope.prompt_version or kind.prompt_versions[-1],
            request_id=request_id,
        )
        return generation, given


def _parse[Model: BaseModel](model: type[Model], values: dict[str, Any], errors: list[dict[str, str]]) -> Model | None:
    try:
        return model.model_validate(values)
    except ValidationError as invalid:
        # Neither the input nor pydantic's own address of the rule is echoed.
        for error in invalid.errors(include_url=False, include_input=False, include_context=False):
            errors.append(_error(".".join(str(part) for part in error["loc"]), error["type"], error["msg"]))
        return None


def _kind(name: object, errors: list[dict[str, str]]) -> Kind | None:
    if not isinstance(name, str):
        return None
    if name not in names():
        errors.append(_error("kind", "unknown", f"Known kinds: {', '.join(names())}."))
        return None
    return load(name)


def _error(location: str, code: str, message: str) -> dict[str, str]:
    return {"field": location, "code": code, "message": message}


def _accepted(head: Generation) -> Answer:
    location = f"/v1/generations/{head.generation_id}"
    body = {
        "generation_id": head.generation_id,
        "status": str(head.status),
        "version": head.version,
        "urls": {"self": location},
    }
    return Answer(202, body, {"location": location, "retry-after": str(_FIRST_POLL_SECONDS)})
