"""The problem codes: why an HTTP call was refused or failed."""

from collections.abc import Mapping

from shared.domain.codes import Code, Fault

PROBLEMS: Mapping[str, Code] = {
    "invalid_json": Code(
        title="The body is not JSON.",
        fix="Send one JSON object. The same body fails again.",
        fault=Fault.CALLER,
        detail="The body is not one JSON object.",
        status=400,
    ),
    "invalid_encoding": Code(
        title="The body is not valid UTF-8 text.",
        fix="Encode the body as UTF-8 and resend.",
        fault=Fault.CALLER,
        detail=(
            "The body, or a text in it, is not valid UTF-8: broken base64, an invalid byte, or half of a surrogate "
            "pair. An invalid byte in a body of type JSON passes, because API Gateway replaces it with U+FFFD."
        ),
        status=400,
    ),
    "validation_failed": Code(
        title="The body does not match this kind's input.",
        fix="Fix the listed fields and resend. The same body fails again.",
        fault=Fault.CALLER,
        detail="The body is JSON but does not match the kind's input. `errors` lists each field and its fault.",
        status=400,
    ),
    "idempotency_key_invalid": Code(
        title="The Idempotency-Key is not 1 to 255 visible ASCII characters.",
        fix="Send a valid key, for example a UUID.",
        fault=Fault.CALLER,
        detail="The `Idempotency-Key` is not 1 to 255 visible ASCII characters, with or without quotes.",
        status=400,
    ),
    "invalid_query": Code(
        title="The query string is not valid for this call.",
        fix="Fix the query and resend. Send a `cursor` exactly as it was returned.",
        fault=Fault.CALLER,
        detail=(
            "The query string has a parameter that this call does not take, or a value that is repeated, out of "
            "bounds or malformed. `errors` lists each fault, with `query` as the field of an unknown parameter."
        ),
        status=400,
    ),
    "user_key_required": Code(
        title="This generation used your own key, which we do not keep. Send a key with the retry.",
        fix="Send a key with the retry, or create a new generation.",
        fault=Fault.CALLER,
        detail=(
            "The generation was made with a `user_provided_key`. The service deleted that key when the generation "
            "ended, and does not use its own key instead."
        ),
        status=400,
    ),
    "token_expired": Code(
        title="The token has expired.",
        fix="Get a new token and resend the request.",
        fault=Fault.NOBODY,
        detail=(
            "The token was valid and has expired. Only deployments that verify tokens with `functions/authorizer` "
            "return this code. API Gateway's own verifier returns 401 with a `message`. See [auth.md](auth.md)."
        ),
        status=401,
    ),
    "unsupported_subject": Code(
        title="The token's subject cannot be used as an owner.",
        fix=("Configure the token issuer to set a stable ASCII `sub`. Another token of the same user fails again."),
        fault=Fault.OPERATOR,
        detail=(
            "The token is valid, but its `sub` cannot be an owner. It is missing, longer than 128 characters, or "
            "not printable ASCII."
        ),
        status=401,
    ),
    "not_found": Code(
        title="You have no generation with this id.",
        fix="Check the id, and stop polling.",
        fault=Fault.CALLER,
        detail=(
            "The caller has no such generation. It never existed, its retention is over, or it belongs to somebody "
            "else. The response is the same on purpose. `GET .../input` also returns this if the input is no longer "
            "kept."
        ),
        status=404,
    ),
    "suggestion_not_found": Code(
        title="The generation has no suggestion with this number.",
        fix=("Number suggestions from 1, in the order of the output. None of the decisions in this call was stored."),
        fault=Fault.CALLER,
        detail="The generation has no suggestion with this number. Numbers begin at 1.",
        status=404,
    ),
    "card_not_found": Code(
        title="You have no card with this id.",
        fix="Check the id, and read the list of cards again.",
        fault=Fault.CALLER,
        detail=(
            "The caller has no such card. It never existed, it was deleted, its suggestion is no longer accepted, or "
            "it belongs to somebody else. The response is the same on purpose."
        ),
        status=404,
    ),
    "not_terminal": Code(
        title="The generation has not ended yet.",
        fix="Cancel it first, or wait until it ends.",
        fault=Fault.CALLER,
        detail="The generation is still pending or running. Only an ended generation can be dismissed.",
        status=409,
    ),
    "not_retryable": Code(
        title="Only a failed or canceled generation can be retried.",
        fix="Create a new generation.",
        fault=Fault.CALLER,
        detail=(
            "The generation is not `failed` or `canceled`, its kind no longer exists, its input is no longer kept or "
            "cannot be read, or its model is no longer allowed (`AllowedModels`). `detail` names which of the last "
            "three. A lost step or picture does not prevent a retry: the retry starts from that step."
        ),
        status=409,
    ),
    "not_succeeded": Code(
        title="Only a succeeded generation can be reviewed.",
        fix="If it is still pending or running, wait until it succeeds.",
        fault=Fault.CALLER,
        detail="Decisions need a generation that is `succeeded`.",
        status=409,
    ),
    "no_suggestions": Code(
        title="This kind of generation has nothing to review.",
        fix="Review a generation of a kind that makes suggestions.",
        fault=Fault.CALLER,
        detail=("The generation's kind declares no reviewable list (`REVIEWS`), or its output has no such list."),
        status=409,
    ),
    "unreadable": Code(
        title="The stored data cannot be read.",
        fix=(
            "Report the `request_id` to the operator. The same call fails until the operator fixes it. Other "
            "generations are not affected, and `DELETE /v1/me` still works."
        ),
        fault=Fault.OPERATOR,
        detail=(
            "An item that this call needs is damaged or lost, or a newer version of the service wrote it. The item "
            "may be the generation, its output or input, the card, the day's usage or the state of the limits. The "
            "feed and the list of cards skip such items. [`doctor`](operating.md#doctor) names the item."
        ),
        status=409,
    ),
    "body_too_large": Code(
        title="The body is larger than 256 KB.",
        fix="Send less.",
        fault=Fault.CALLER,
        detail="The body is larger than 256 KB, or the edits of a review are more than one item can hold.",
        status=413,
    ),
    "idempotency_key_reused": Code(
        title="The Idempotency-Key was used for another request.",
        fix=(
            "Use a new key for each new request. Reuse a key only to resend a request whose response you did not get."
        ),
        fault=Fault.CALLER,
        detail="The same `Idempotency-Key` came with another request within the last 24 hours.",
        status=422,
    ),
    "rate_limited": Code(
        title="You have reached your rate limit.",
        fix="Wait for `Retry-After`. Then the service accepts one more.",
        fault=Fault.CALLER,
        detail=(
            "The caller has started as many generations as the window allows (`RateLimits`; 5 in 300 s by default). "
            "The response has `Retry-After`, `RateLimit` and `RateLimit-Policy`. A refused call does not count."
        ),
        status=429,
    ),
    "too_many_running": Code(
        title="You have reached your limit of open generations.",
        fix="Wait until one ends, or cancel one.",
        fault=Fault.CALLER,
        detail=(
            "The caller has as many pending and running generations as the service allows at once (`MaxRunning`; 10 "
            "by default). `Retry-After` is an estimate."
        ),
        status=429,
    ),
    "daily_spend_reached": Code(
        title="You have reached your spending limit for today.",
        fix="Wait until the next day (UTC).",
        fault=Fault.CALLER,
        detail=(
            "The caller's generations have cost the daily limit (`MaxDailySpendUsd`; 5 US dollars by default). The "
            "sum includes what open generations have spent and reserved. The day ends at midnight UTC, which is when "
            "`Retry-After` ends."
        ),
        status=429,
    ),
    "monthly_spend_reached": Code(
        title="You have reached your spending limit for this month.",
        fix="Wait until the next month (UTC).",
        fault=Fault.CALLER,
        detail=(
            "The caller's generations have cost the monthly limit (`MaxMonthlySpendUsd`; none by default). The sum "
            "includes what open generations have spent and reserved. The month ends at midnight UTC, which is when "
            "`Retry-After` ends."
        ),
        status=429,
    ),
    "deployment_spend_reached": Code(
        title="The service has reached its spending limit for today.",
        fix="Wait until the next day (UTC). If the service takes users' keys, send your own key.",
        fault=Fault.OPERATOR,
        detail=(
            "The generations of all callers together have cost the daily limit (`MaxDeploymentDailySpendUsd`; none by "
            "default). The day ends at midnight UTC, which is when `Retry-After` ends. Accepted generations continue."
        ),
        status=429,
    ),
    "too_many_connections": Code(
        title="You have too many live connections open.",
        fix="Poll instead, or close another tab and try again after `Retry-After`.",
        fault=Fault.CALLER,
        detail=(
            "The caller has eight live connections, which is the limit. Only `POST /v1/live` returns this. Everything "
            "else works, and polling shows the same data. Both clients poll automatically."
        ),
        status=429,
    ),
    "kind_disabled": Code(
        title="This kind is switched off.",
        fix="Do not offer this kind, or ask the operator to add it to `EnabledKinds`.",
        fault=Fault.OPERATOR,
        detail=(
            "The deployment takes no new generations of this kind (`EnabledKinds`). Accepted generations continue."
        ),
        status=403,
    ),
    "creates_paused": Code(
        title="The service is not taking new generations right now.",
        fix="Try again after `Retry-After`. Everything else works.",
        fault=Fault.OPERATOR,
        detail=(
            "The operator has paused creates and retries for maintenance (`AcceptCreates` is `false`). Nothing was "
            "stored. Accepted generations continue."
        ),
        status=503,
    ),
    "internal_error": Code(
        title="Something went wrong on our side.",
        fix=(
            "Retry a GET or a cancel. A create may have succeeded: resend it with the same `Idempotency-Key`. Without "
            "a key, resending may start a second generation."
        ),
        fault=Fault.OPERATOR,
        detail='A bug or a wrong configuration. The log line "unexpected error" of that function has the cause.',
        status=500,
    ),
    "unavailable": Code(
        title="The service cannot do this right now.",
        fix=(
            "Retry a GET or a cancel after `Retry-After`. A create may have succeeded: resend it with the same "
            "`Idempotency-Key`. Without a key, resending may start a second generation."
        ),
        fault=Fault.OPERATOR,
        detail=(
            "DynamoDB or S3 did not accept or confirm the call after several tries, or KMS did not encrypt the key "
            "that came with it. If KMS failed, nothing was stored. `Retry-After` says when to try again."
        ),
        status=503,
    ),
}
