"""Made by `python -m docs.render_codes` from the service's register of error codes; never edited by hand."""

from collections.abc import Mapping
from typing import NamedTuple


class Code(NamedTuple):
    """What happened, what to do about it, and whether a failure was tried again before it stood."""

    title: str
    fix: str
    retried: bool = False


PROBLEMS: Mapping[str, Code] = {
    "invalid_json": Code("The body is not JSON.", "Send one JSON object; the same body fails again."),
    "invalid_encoding": Code("The body is not valid UTF-8 text.", "Encode the body as UTF-8, and resend."),
    "validation_failed": Code(
        "The body does not fit what this kind takes.", "Fix the listed fields and resend; the same body fails again."
    ),
    "idempotency_key_invalid": Code(
        "The Idempotency-Key is not 1 to 255 visible ASCII characters.", "A UUID is a good key."
    ),
    "invalid_query": Code(
        "The query string is not one that this call takes.",
        "Fix the query and resend. Send a `cursor` exactly as it was returned.",
    ),
    "user_key_required": Code(
        "This generation used your own key, which we do not keep. Send a key with the retry.",
        "Send a key with the retry, or create a new generation.",
    ),
    "token_expired": Code("The token has expired.", "Get a new token and resend."),
    "unsupported_subject": Code(
        "The token's subject cannot be used as an owner.",
        "Configure the issuer to put a stable ASCII `sub` into its tokens; another token of the same user fails again.",
    ),
    "not_found": Code("There is no such generation of yours.", "Check the id, and stop polling."),
    "suggestion_not_found": Code(
        "The generation has no suggestion of that number.",
        "Number suggestions from 1, in the order of the output. Of several decisions in one call none was carried out.",
    ),
    "card_not_found": Code("There is no such card of yours.", "Check the id, and read the list of cards again."),
    "not_terminal": Code("The generation has not ended yet.", "Cancel it first, or wait for its end."),
    "not_retryable": Code("Only a failed or canceled generation can be retried.", "Create a new one."),
    "not_succeeded": Code("Only a succeeded generation can be reviewed.", "While it is open, wait."),
    "no_suggestions": Code(
        "This kind of generation has nothing to review.", "Review a generation whose kind makes suggestions."
    ),
    "unreadable": Code(
        "What is stored cannot be read.",
        "Tell the operator, with the `request_id`; until then the same call fails again. Other generations are not touched by it, and `DELETE /v1/me` needs nothing of it.",
    ),
    "body_too_large": Code("The body is larger than 256 KB.", "Send less."),
    "idempotency_key_reused": Code(
        "The Idempotency-Key was used for another request.",
        "Take a new key for each thing that the user wants done, and the same only to repeat one whose answer did not come.",
    ),
    "rate_limited": Code(
        "You have started as many generations as you may for now.", "Wait for `Retry-After`; then one more is accepted."
    ),
    "too_many_running": Code(
        "You have as many generations under way as you may have at once.", "Wait until one has ended, or cancel one."
    ),
    "daily_spend_reached": Code(
        "Your generations have cost as much today as they may.", "Wait for the next day (UTC)."
    ),
    "monthly_spend_reached": Code(
        "Your generations have cost as much this month as they may.", "Wait for the next month (UTC)."
    ),
    "deployment_spend_reached": Code(
        "The service has spent as much today as it may.",
        "Wait for the next day (UTC), or bring a key of your own where the service takes one.",
    ),
    "too_many_connections": Code(
        "You have too many live connections open.",
        "Poll instead, or close another tab and ask again after `Retry-After`.",
    ),
    "kind_disabled": Code(
        "This kind is switched off.", "Do not offer this kind, or ask the operator to add it to `EnabledKinds`."
    ),
    "creates_paused": Code(
        "The service takes no new generations right now.", "Try again after `Retry-After`; everything else works."
    ),
    "internal_error": Code(
        "Something went wrong on our side.",
        "Retry a GET or a cancel. A create may have been carried out: repeat it with its `Idempotency-Key`. Without a key it may start a second generation.",
    ),
    "unavailable": Code(
        "The service cannot do this right now; try again shortly.",
        "Retry a GET or a cancel after `Retry-After`. A create may have been carried out: repeat it with its `Idempotency-Key`. Without a key it may start a second generation.",
    ),
}

FAILURES: Mapping[str, Code] = {
    "deadline_exceeded": Code(
        "It timed out.", "Retry it later: what is finished is kept and not paid for again.", retried=True
    ),
    "crash_loop": Code(
        "The workers that took it kept dying, and none of them finished a step.",
        "Report it to the operator of this service. The same input is likely to fail again.",
        retried=True,
    ),
    "handover_limit": Code(
        "One step takes longer than a worker may run.", "Report it to the operator of this service.", retried=True
    ),
    "storage_unavailable": Code(
        "What was made could not be stored.",
        "Retry it later: what is finished is kept and not paid for again.",
        retried=True,
    ),
    "kind_failed": Code(
        "The service's code for this kind failed.",
        "Report it to the operator of this service. The same input is likely to fail again.",
    ),
    "kind_broken": Code(
        "The service's code for this kind breaks a rule of kinds.",
        "Report it to the operator of this service. The same input is likely to fail again.",
    ),
    "call_limit": Code(
        "One step used up all the calls of the model that it may make.",
        "Retry it later: what is finished is kept and not paid for again.",
    ),
    "cost_limit": Code(
        "Going on could have cost more than one generation may.", "Ask for less, or for a cheaper model."
    ),
    "spend_ceiling": Code(
        "What may be spent in this day or month is used up.",
        "Retry it once the ceiling is reset: what is finished is kept and not paid for again.",
    ),
    "input_unreadable": Code("What was sent in cannot be read any more.", "Create it again."),
    "step_unreadable": Code("A stored result cannot be read any more.", "Create it again."),
    "provider_key_unavailable": Code(
        "The service cannot read its key for the model.", "Report it to the operator of this service.", retried=True
    ),
    "provider_key_refused": Code(
        "The model's provider refused the service's key.", "Report it to the operator of this service."
    ),
    "provider_out_of_credit": Code(
        "The service's account at the model's provider is empty.", "Report it to the operator of this service."
    ),
    "user_key_refused": Code(
        "The model's provider refused your key.", "Retry it with a key that is valid: what is finished is kept."
    ),
    "user_key_out_of_credit": Code(
        "The account of your key has no credit left.", "Retry it with the key again once there is credit."
    ),
    "user_key_missing": Code("Your key is not there any more.", "Retry it with the key again."),
    "user_key_unavailable": Code(
        "Your key cannot be decrypted right now.",
        "Retry it later: what is finished is kept and not paid for again.",
        retried=True,
    ),
    "provider_forbidden": Code(
        "The model's provider does not allow this request.", "Try another text, or another model."
    ),
    "provider_bad_request": Code(
        "The model's provider did not take the request, or does not have this model.",
        "Create it again with another model.",
    ),
    "provider_input_too_large": Code("The text is too long for this model.", "Send less, or name another model."),
    "provider_protocol_broken": Code(
        "What the model's provider sent was no answer.", "Report it to the operator of this service."
    ),
    "provider_rate_limited": Code(
        "The model's provider asked for fewer calls.",
        "Retry it later: what is finished is kept and not paid for again.",
        retried=True,
    ),
    "provider_unavailable": Code(
        "The model is not available.", "Retry it later: what is finished is kept and not paid for again.", retried=True
    ),
    "provider_unreachable": Code(
        "No connection to the model came about.",
        "Retry it later: what is finished is kept and not paid for again.",
        retried=True,
    ),
    "provider_timeout": Code(
        "The model did not answer in time.",
        "Retry it later: what is finished is kept and not paid for again.",
        retried=True,
    ),
    "provider_stream_cut": Code(
        "The model's answer broke off before it was whole.",
        "Retry it later: what is finished is kept and not paid for again.",
        retried=True,
    ),
    "provider_error": Code(
        "The model's provider reported an error while it answered.",
        "Retry it later: what is finished is kept and not paid for again.",
        retried=True,
    ),
    "output_invalid": Code("The model's answer is not what was asked for.", "Create it again with another model."),
    "output_empty": Code("The model's answer was empty.", "Creating it again may help."),
    "output_truncated": Code("The model's answer was too long to be whole.", "Ask for less, or send less text."),
    "output_too_large": Code("The model's answer was larger than is taken.", "Ask for less."),
    "output_filtered": Code("The provider's content filter stopped the answer.", "Try another text, or another model."),
    "output_refused": Code("The model refused to answer.", "Try another text, or another model."),
}
