"""Accepts a generation: validates, stores and dispatches it, and returns 202. Does none of the work itself."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.aws.dispatch import Dispatch
from shared.aws.sealing import Seal
from shared.domain.allowed_models import allowed_models, is_allowed
from shared.domain.clock import Clock
from shared.domain.generation import Generation, GenerationInput
from shared.domain.limits import Policy
from shared.domain.pacing import first_look_seconds
from shared.domain.settings import Settings
from shared.http.acceptance import answer_admitted, key_of, refuse_if_switched_off, sealing
from shared.http.problems import ProblemError
from shared.http.request import Request
from shared.http.response import Response
from shared.http.validation import KEY_NOT_TAKEN, UserProvidedKey, field_error, parse
from shared.kinds import load, names
from shared.kinds.contract import Kind
from shared.kinds.values import to_json
from shared.store.admission import Admission, AdmissionStore

_Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:~-]{1,64}$")]


class Envelope(BaseModel):
    """The fields of every create besides its kind's own. Labels belong to the caller; the service does not interpret
    them."""

    model_config = ConfigDict(strict=True, extra="forbid")

    kind: str = "flashcards"
    """The kind of generation to start."""
    model: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./:@-]{1,100}$")] | None = None
    """The model to use, of those that the deployment allows. Default: the deployment's."""
    prompt_version: _Label | None = None
    """A version of the kind's prompts. Default: the newest."""
    client_id: _Label | None = None
    """A label of your own."""
    session_id: _Label | None = None
    """A label of your own. Lists can filter by it."""
    user_provided_key: UserProvidedKey = None

    @property
    def provider_key(self) -> str | None:
        """The key itself, only for sealing it."""
        return None if self.user_provided_key is None else self.user_provided_key.get_secret_value()


@dataclass(frozen=True, slots=True)
class CreateService:
    """Creates generations."""

    store: AdmissionStore
    dispatch: Dispatch
    clock: Clock
    settings: Settings
    policy: Policy
    seal: Seal | None = None
    """For users' own provider keys; None where none is taken."""

    def create(self, request: Request) -> Response:
        """Store a generation and start its work, if its owner's limits allow it.

        Raises what `AdmissionStore.admit` raises.
        """
        owner, body = request.owner, request.json()
        envelope, content = self._validate(body)
        refuse_if_switched_off(envelope.kind, self.settings)
        # As requested, before the deployment's defaults: a new default does not make it a different request.
        asked = {"create": envelope.model_dump(exclude={"user_provided_key"}), "input": _asked(content)}
        key = key_of(request, asked, envelope.provider_key)
        generation, given = self._new(owner, envelope, content, request.request_id)
        seal = sealing(self.seal, envelope.provider_key, generation)
        first_look = first_look_seconds(generation.usual_seconds, self.settings)
        admitted = self.store.admit(generation, given, Admission(self.policy, key, seal))
        return answer_admitted(request, admitted, given.asked, first_look, self.dispatch, self.clock.now())

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
        if envelope.model and not is_allowed(envelope.model, self.settings):
            allowed = ", ".join(allowed_models(self.settings))
            errors.append(field_error("model", "not_allowed", f"Allowed models: {allowed}."))
        if envelope.prompt_version and envelope.prompt_version not in kind.prompt_versions:
            known = ", ".join(kind.prompt_versions)
            errors.append(field_error("prompt_version", "unknown", f"This kind has the prompt versions {known}."))
        if envelope.user_provided_key and self.seal is None:
            errors.append(KEY_NOT_TAKEN)

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
            content=_given(content),
            model=envelope.model or (self.settings.image_model if kind.draws else self.settings.default_model),
            prompt_version=envelope.prompt_version or kind.prompt_versions[-1],
            request_id=request_id,
        )
        return generation, given


def _given(content: BaseModel) -> dict[str, Any]:
    """Return the input to store: without omitted fields, as far as the kind restores them by itself."""
    left_out = {field.alias or name for name, field in type(content).model_fields.items() if field.default is None}
    return {name: value for name, value in to_json(content).items() if value is not None or name not in left_out}


def _asked(content: BaseModel) -> dict[str, Any]:
    """Return the values that make two requests the same. An option that a kind gets later does not change them, and
    neither does a generated default, such as a new UUID."""
    fields, sent = type(content).model_fields, content.model_fields_set
    made_up = {field.alias or name for name, field in fields.items() if field.default_factory and name not in sent}
    return {name: value for name, value in _given(content).items() if name not in made_up}


def _kind(name: object, errors: list[dict[str, str]]) -> Kind | None:
    if not isinstance(name, str):
        return None
    if name not in names():
        errors.append(field_error("kind", "unknown", f"Known kinds: {', '.join(names())}."))
        return None
    return load(name)
