"""Made by `python -m docs.render_codes` from the service's register of error codes; never edited by hand."""

from collections.abc import Mapping
from typing import NamedTuple


class Code(NamedTuple):
    """What happened, what to do about it, and whether a failure was tried again before it stood."""

    title: str
    fix: str
    retried: bool = False


PROBLEMS: Mapping[str, Code] = {
    "invalid_json": Code("The body is not JSON.", "Send one JSON object. The same body fails again."),
    "invalid_encoding": Code("The body is not valid UTF-8 text.", "Encode the body as UTF-8 and resend."),
    "validation_failed": Code(
        "The body does not match this kind's input.", "Fix the listed fields and resend. The same body fails again."
    ),
    "idempotency_key_invalid": Code(
        "The Idempotency-Key is not 1 to 255 visible ASCII characters.", "Send a valid key, for example a UUID."
    ),
    "invalid_query": Code(
        "The query string is not valid for this call.",
        "Fix the query and resend. Send a `cursor` exactly as it was returned.",
    ),
    "user_key_required": Code(
        "This generation used your own key, which we do not keep. Send a key with the retry.",
        "Send a key with the retry, or create a new generation.",
    ),
    "token_expired": Code("The token has expired.", "Get a new token and resend the request."),
    "unsupported_subject": Code(
        "The token's subject cannot be used as an owner.",
        "Configure the token issuer to set a stable ASCII `sub`. Another token of the same user fails again.",
    ),
    "not_found": Code("You have no generation with this id.", "Check the id, and stop polling."),
    "suggestion_not_found": Code(
        "The generation has no suggestion with this number.",
        "Number suggestions from 1, in the order of the output. None of the decisions in this call was stored.",
    ),
    "card_not_found": Code("You have no card with this id.", "Check the id, and read the list of cards again."),
    "not_terminal": Code("The generation has not ended yet.", "Cancel it first, or wait until it ends."),
    "not_retryable": Code("Only a failed or canceled generation can be retried.", "Create a new generation."),
    "not_succeeded": Code(
        "Only a succeeded generation can be reviewed.", "If it is still pending or running, wait until it succeeds."
    ),
    "no_suggestions": Code(
        "This kind of generation has nothing to review.", "Review a generation of a kind that makes suggestions."
    ),
    "unreadable": Code(
        "The stored data cannot be read.",
        "Report the `request_id` to the operator. The same call fails until the operator fixes it. Other generations are not affected, and `DELETE /v1/me` still works.",
    ),
    "body_too_large": Code("The body is larger than 256 KB.", "Send less."),
    "idempotency_key_reused": Code(
        "The Idempotency-Key was used for another request.",
        "Use a new key for each new request. Reuse a key only to resend a request whose response you did not get.",
    ),
    "rate_limited": Code(
        "You have reached your rate limit.", "Wait for `Retry-After`. Then the service accepts one more."
    ),
    "too_many_running": Code("You have reached your limit of open generations.", "Wait until one ends, or cancel one."),
    "daily_spend_reached": Code("You have reached your spending limit for today.", "Wait until the next day (UTC)."),
    "monthly_spend_reached": Code(
        "You have reached your spending limit for this month.", "Wait until the next month (UTC)."
    ),
    "deployment_spend_reached": Code(
        "The service has reached its spending limit for today.",
        "Wait until the next day (UTC). If the service takes users' keys, send your own key.",
    ),
    "too_many_connections": Code(
        "You have too many live connections open.",
        "Poll instead, or close another tab and try again after `Retry-After`.",
    ),
    "kind_disabled": Code(
        "This kind is switched off.", "Do not offer this kind, or ask the operator to add it to `EnabledKinds`."
    ),
    "creates_paused": Code(
        "The service is not taking new generations right now.", "Try again after `Retry-After`. Everything else works."
    ),
    "internal_error": Code(
        "Something went wrong on our side.",
        "Retry a GET or a cancel. A create may have succeeded: resend it with the same `Idempotency-Key`. Without a key, resending may start a second generation.",
    ),
    "unavailable": Code(
        "The service cannot do this right now.",
        "Retry a GET or a cancel after `Retry-After`. A create may have succeeded: resend it with the same `Idempotency-Key`. Without a key, resending may start a second generation.",
    ),
}

FAILURES: Mapping[str, Code] = {
    "deadline_exceeded": Code(
        "It timed out.", "Retry it later. Finished steps are kept and not billed again.", retried=True
    ),
    "crash_loop": Code(
        "Its workers kept crashing, and none of them finished a step.",
        "Report it to the operator of this service. The same input will probably fail again.",
        retried=True,
    ),
    "handover_limit": Code(
        "One step takes longer than a worker's time limit.", "Report it to the operator of this service.", retried=True
    ),
    "storage_unavailable": Code(
        "The result could not be stored.", "Retry it later. Finished steps are kept and not billed again.", retried=True
    ),
    "kind_failed": Code(
        "This kind's code crashed.",
        "Report it to the operator of this service. The same input will probably fail again.",
    ),
    "kind_broken": Code(
        "This kind's code breaks a rule for kinds.",
        "Report it to the operator of this service. The same input will probably fail again.",
    ),
    "call_limit": Code(
        "One step used up all its model calls.", "Retry it later. Finished steps are kept and not billed again."
    ),
    "cost_limit": Code(
        "The next call could exceed this generation's cost limit.", "Ask for less, or use a cheaper model."
    ),
    "spend_ceiling": Code(
        "The spending limit of this day or month is reached.",
        "Retry it after the limit resets. Finished steps are kept and not billed again.",
    ),
    "input_unreadable": Code("The stored input cannot be read.", "Create it again."),
    "step_unreadable": Code("A stored step result cannot be read.", "Create it again."),
    "provider_key_unavailable": Code(
        "The service cannot read its key for the model provider.",
        "Report it to the operator of this service.",
        retried=True,
    ),
    "provider_key_refused": Code(
        "The model provider refused the service's key.", "Report it to the operator of this service."
    ),
    "provider_out_of_credit": Code(
        "The service's account at the model provider has no credit left.", "Report it to the operator of this service."
    ),
    "user_key_refused": Code(
        "The model provider refused your key.", "Retry it with a valid key. Finished steps are kept."
    ),
    "user_key_out_of_credit": Code("Your key's account has no credit left.", "Add credit, then retry it with the key."),
    "user_key_missing": Code("Your key is missing.", "Retry it and send the key again."),
    "user_key_unavailable": Code(
        "Your key cannot be decrypted right now.",
        "Retry it later. Finished steps are kept and not billed again.",
        retried=True,
    ),
    "provider_forbidden": Code(
        "The model provider does not allow this request.", "Try another text, or another model."
    ),
    "provider_bad_request": Code(
        "The model provider refused the request, or does not have this model.", "Create it again with another model."
    ),
    "provider_input_too_large": Code("The text is too long for this model.", "Send less text, or use another model."),
    "provider_protocol_broken": Code(
        "The model provider's response could not be read.", "Report it to the operator of this service."
    ),
    "provider_rate_limited": Code(
        "The model provider is rate limiting this service.",
        "Retry it later. Finished steps are kept and not billed again.",
        retried=True,
    ),
    "provider_unavailable": Code(
        "The model is not available.", "Retry it later. Finished steps are kept and not billed again.", retried=True
    ),
    "provider_unreachable": Code(
        "The service could not connect to the model provider.",
        "Retry it later. Finished steps are kept and not billed again.",
        retried=True,
    ),
    "provider_timeout": Code(
        "The model did not answer in time.",
        "Retry it later. Finished steps are kept and not billed again.",
        retried=True,
    ),
    "provider_stream_cut": Code(
        "The model's answer was cut off.", "Retry it later. Finished steps are kept and not billed again.", retried=True
    ),
    "provider_error": Code(
        "The model provider reported an error while it answered.",
        "Retry it later. Finished steps are kept and not billed again.",
        retried=True,
    ),
    "output_invalid": Code(
        "The model's answer does not have the required form.", "Create it again with another model."
    ),
    "output_empty": Code("The model's answer was empty.", "Creating it again may help."),
    "output_truncated": Code(
        "The model's answer reached the length limit and is incomplete.", "Ask for less output, or send less text."
    ),
    "output_too_large": Code("The model's answer exceeds the size limit.", "Ask for less."),
    "output_filtered": Code("The provider's content filter stopped the answer.", "Try another text, or another model."),
    "output_refused": Code("The model refused to answer.", "Try another text, or another model."),
}
