"""The servers' different words for the same errors and reasons to stop. Data, and functions that read it.

A server's code takes precedence over phrases in its sentences. Add a new server's words here.
"""

from collections.abc import Mapping
from enum import Enum, auto

from functions.process.provider.report import Report


class Meaning(Enum):
    """The topic of an error."""

    KEY = auto()
    CREDIT = auto()
    CONTEXT = auto()
    FILTER = auto()
    REFUSAL = auto()
    NOT_JSON = auto()
    RATE = auto()
    BUSY = auto()
    TIMEOUT = auto()
    REQUEST = auto()
    FORBIDDEN = auto()


BEYOND_STATUS = frozenset(
    {Meaning.KEY, Meaning.CREDIT, Meaning.CONTEXT, Meaning.FILTER, Meaning.REFUSAL, Meaning.NOT_JSON}
)
"""These apply to any status. A 429 for a used-up quota does not pass by waiting, and a 400 for a bad key is not a bad
text."""

PASSING = frozenset({Meaning.RATE, Meaning.BUSY, Meaning.TIMEOUT})


class Finish(Enum):
    """Why the model stopped."""

    STOP = auto()
    TOOL = auto()
    TRUNCATED = auto()
    FILTERED = auto()
    REFUSED = auto()
    FAILED = auto()


def _table[T](rows: Mapping[T, str]) -> dict[str, T]:
    return {word: meaning for meaning, words in rows.items() for word in words.split()}


_FINISHES = _table({
    Finish.STOP: "stop end_turn stop_sequence stop_token stop_str eos eos_token eos_token_id end_of_turn "
    "end_of_sequence complete completed done end finish finished success natural",
    Finish.TOOL: "tool_calls tool_call tool_use function_call function_calls tool",
    Finish.TRUNCATED: "length max_tokens max_token model_length max_length max_output_tokens max_new_tokens "
    "max_completion_tokens token_limit model_context_window_exceeded context_length context_length_exceeded "
    "context_window_exceeded length_limit truncated incomplete output_limit model_max_length max_tokens_reached",
    Finish.FILTERED: "content_filter content_filtered safety recitation blocklist prohibited_content spii image_safety "
    "image_prohibited_content image_recitation guardrail_intervened sensitive moderation blocked model_armor "
    "error_toxic toxic violation content_policy content_policy_violation flagged filtered jailbreak",
    Finish.REFUSED: "refusal refused",
    Finish.FAILED: "error abort aborted cancel cancelled canceled insufficient_system_resource network_error timeout "
    "insufficient_system_resources interrupted malformed_function_call unexpected_tool_call server_error overloaded "
    "failed failure model_error engine_error internal_error malformed_response malformed_model_output no_image "
    "image_other error_limit preempted evicted rescheduled engine_overloaded repetition pause_turn other",
})  # fmt: skip

_CODES = _table({
    Meaning.KEY: "invalid_api_key api_key_invalid authentication_error authentication authenticationerror "
    "unauthenticated unauthorized invalid_authentication invalid_authentication_error invalid_key expired_api_key "
    "api_key_expired token_expired unrecognizedclientexception invalidsignatureexception expiredtokenexception "
    "missing_api_key incorrect_api_key key_disabled account_deactivated invalidapikey api_key_service_blocked "
    "incompletesignature missingauthenticationtoken invalidclienttokenid auth_error accessdenied.unpurchased "
    "wrong_api_key no_api_key signaturedoesnotmatch expiredtoken invalid_token",
    Meaning.CREDIT: "insufficient_quota payment_required billing_hard_limit_reached token_limit_exceeded "
    "billing_not_active insufficient_balance insufficient_credits insufficient_credit insufficient_funds arrearage "
    "budget_exceeded exceeded_budget exceeded_budget_error billing_error quota_exceeded insufficient_user_quota "
    "credit_limit_exceeded exceeded_current_quota_error allocationquota.freetieronly spend_limit_exceeded "
    "key_limit_exceeded out_of_credits no_credits credits_exhausted insufficientbalance payment_required_error 1113 "
    "usage_limit_exceeded usage_limit_reached servicequotaexceededexception spending_limit_reached",
    Meaning.CONTEXT: "context_length_exceeded exceed_context_size_error payload_too_large string_too_long "
    "string_above_max_length contextwindowexceedederror context_window_exceeded request_too_large input_too_long "
    "prompt_too_long max_context_length_exceeded context_limit_exceeded tokens_limit_reached",
    Meaning.FILTER: "content_filter content_policy_violation responsibleaipolicyviolation data_inspection_failed "
    "contentpolicyviolationerror moderation_blocked content_blocked safety_violation prohibited_content moderation "
    "content_management_policy datainspectionfailed guardrail_intervened image_generation_user_error",
    Meaning.REFUSAL: "refusal",
    Meaning.NOT_JSON: "json_validate_failed json_validation_failed tool_use_failed output_parse_failed "
    "failed_generation invalid_json_output malformed_function_call structured_output_error",
    Meaning.RATE: "rate_limit_error rate_limit_exceeded rate_limited ratelimiterror throttlingexception throttling "
    "too_many_requests resource_exhausted requests tokens throttled slow_down toomanyrequestsexception "
    "throttling.ratequota limit_burst_rate engine_rate_limited rate_limit throttling.allocationquota",
    Meaning.BUSY: "overloaded_error overloaded server_error unavailable service_unavailable internal api_error "
    "internal_server_error internalserverexception serviceunavailableexception modelnotreadyexception bad_gateway "
    "modelstreamerrorexception modelerrorexception server_overloaded engine_overloaded provider_unavailable "
    "provider_overloaded internal_error engine_overloaded_error internal_failure serviceunavailable aborted",
    Meaning.TIMEOUT: "timeout timeout_error modeltimeoutexception deadline_exceeded gateway_timeout request_timeout",
    Meaning.REQUEST: "invalid_prompt invalid_request_error model_not_found validationexception invalid_argument "
    "not_found resourcenotfoundexception bad_request badrequesterror not_found_error invalid_request",
    Meaning.FORBIDDEN: "permission_denied accessdeniedexception permission_error forbidden",
})  # fmt: skip

_KEY_NOUNS = (
    "api key", "api-key", "apikey", "api_key", "access token", "auth token", "bearer token", "credentials", "x-api-key",
    "security token", "authentication", "authorization header", "api token", "access key", "virtual key",
)  # fmt: skip
_KEY_FAULTS = (
    "invalid", "incorrect", "expired", "revoked", "disabled", "not valid", "not found", "no ", "fail", "missing",
    "wrong", "deactivated", "unrecognized", "malformed", "not provided", "leaked", "suspended", "does not exist",
    "required", "unknown", "must be", "blocked", "rejected", "not active", "inactive", "refused", "denied",
)  # fmt: skip
_CREDIT_NOUNS = (
    "credit", "balance", "billing", "budget", "spend", "payment", "funds", "key limit", "usage limit", "current quota",
    "hard limit", "monthly limit", "weekly limit", "daily limit", "free quota", "subscription", "prepaid", "overdue",
    "free tier", "trial key", "your quota", "monthly quota", "allowance",
)  # fmt: skip
_CREDIT_FAULTS = (
    "exceed", "insufficient", "too low", "reached", "exhausted", "not enough", "negative", "out of", "requires more",
    "limited", "required", "depleted", "ran out", "run out", "expired", "overdue", "no ", "used up", "has been hit",
    "used all", "past due", "not active", "good standing", "over your", "over the", "top up", "recharge",
)  # fmt: skip
_RATES = (
    "rate limit", "rate_limit", "rate-limit", "ratelimit", "too many requests", "per minute", "per second", "per min",
    "per hour", "(tpm)", "(rpm)", "(rpd)", "(tpd)", "concurren", "requests per", "tokens per", "throttl", "slow down",
    "too quickly", "too many tokens, please wait", "too many tokens per day",
)  # fmt: skip
_CONTEXTS = (
    "context length", "context_length", "context window", "context size", "maximum context", "context limit",
    "prompt is too long", "prompt too long", "input is too long", "input too long", "maximum number of tokens",
    "reduce the length", "request too large", "max_model_len", "exceeds the available context", "prompt length",
    "string too long", "input token count", "maximum input length", "input length should be", "maximum prompt length",
    "maximum allowed length", "longer than the maximum", "request entity too large", "payload too large",
    "longer than the model", "maximum context", "tokens exceed", "exceeds maximum input", "max input tokens",
    "too many input tokens", "messages too long", "maximum allowed number of input tokens", "content too large",
    "exceeds the token limit", "exceed the model's", "exceeds the model's maximum", "input exceeds",
)  # fmt: skip
_FILTERS = (
    "content filter", "content_filter", "content policy", "content management policy", "flagged", "moderation",
    "responsible ai", "inappropriate content", "safety system", "prohibited content", "usage policies",
    "safety reasons", "sensitive content", "safety settings", "content violates", "blocked by guardrail",
)  # fmt: skip
_NOT_JSON = (
    "failed to validate json", "failed to generate json", "model did not return valid json", "failed_generation",
    "model output is not valid json", "generated json", "failed to parse the model", "model produced invalid",
    "did not match the expected json", "did not match schema", "does not match the expected schema",
)  # fmt: skip
_BUSY = ("overloaded", "try again later", "temporarily unavailable", "at capacity", "no healthy upstream", "loading")


def finish_of(reason: object) -> Finish | None:
    """Return why the model stopped; None if `reason` is empty, "null" or unknown."""
    if not isinstance(reason, str):
        return None
    word = reason.strip().lower().replace("-", "_").replace(" ", "_")
    return _FINISHES.get(word) or _FINISHES.get(word.removeprefix("finish_reason_"))


def meaning_of(report: Report, status: int | None, *, told_wait: bool) -> Meaning | None:
    """Return the topic of an error; None if it does not say."""
    by_code = [_CODES[code] for code in report.codes if code in _CODES]
    certain = next((meaning for meaning in by_code if meaning in BEYOND_STATUS), None)
    if certain is not None and not (certain is Meaning.KEY and _mere_type(report)):
        return certain
    by_phrase = _meaning_of_phrases(report.text, status, told_wait=told_wait)
    if by_phrase in BEYOND_STATUS:
        return by_phrase
    return certain or next(iter(by_code), by_phrase)


def _mere_type(report: Report) -> bool:
    """Whether the error's class says authentication, which some servers use for anything, so that a sentence may say
    more."""
    return "insufficient" in report.text or "balance" in report.text or "credit" in report.text


def _meaning_of_phrases(text: str, status: int | None, *, told_wait: bool) -> Meaning | None:
    text = text.replace("load balanc", "")
    rated = _has(text, _RATES)
    # The first match counts: a temporary limit may also mention quotas and billing, and a key error mentions many
    # things.
    found = {
        Meaning.CONTEXT: _has(text, _CONTEXTS) and not (status == 429 and "please wait" in text),
        Meaning.NOT_JSON: _has(text, _NOT_JSON),
        Meaning.CREDIT: not (rated or told_wait) and _has(text, _CREDIT_NOUNS) and _has(text, _CREDIT_FAULTS),
        Meaning.KEY: _has(text, _KEY_NOUNS) and _has(text, _KEY_FAULTS),
        Meaning.FILTER: _has(text, _FILTERS) and (status is None or status < 429),
        Meaning.RATE: rated,
        Meaning.BUSY: _has(text, _BUSY),
    }
    return next((meaning for meaning, holds in found.items() if holds), None)


def _has(text: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in text for phrase in phrases)
