"""The problems: how an HTTP call could not be done."""

from collections.abc import Mapping

from shared.domain.codes import Code, Fault

PROBLEMS: Mapping[str, Code] = {
    "invalid_json": Code(
        title="The body is not JSON.",
        fix="Send one JSON object; the same body fails again.",
        fault=Fault.CALLER,
        detail="The body is not one JSON object.",
        status=400,
    ),
    "invalid_encoding": Code(
        title="The body is not valid UTF-8 text.",
        fix="Encode the body as UTF-8, and resend.",
        fault=Fault.CALLER,
        detail=(
            "The body, or a text in it, is not valid UTF-8: broken base64, a broken byte, or half of a surrogate "
            "pair. A broken byte in a body of type JSON is not seen: API Gateway makes U+FFFD of it, which is taken."
        ),
        status=400,
    ),
    "validation_failed": Code(
        title="The body does not fit what this kind takes.",
        fix="Fix the listed fields and resend; the same body fails again.",
        fault=Fault.CALLER,
        detail="The body is JSON, and not what this kind takes; `errors` lists each field and what is wrong with it.",
        status=400,
    ),
    "idempotency_key_invalid": Code(
        title="The Idempotency-Key is not 1 to 255 visible ASCII characters.",
        fix="A UUID is a good key.",
        fault=Fault.CALLER,
        detail="The `Idempotency-Key` is not 1 to 255 visible ASCII characters, in quotes or without.",
        status=400,
    ),
    "invalid_query": Code(
        title="The query string is not one that this call takes.",
        fix="Fix the query and resend. Send a `cursor` exactly as it was returned.",
        fault=Fault.CALLER,
        detail=(
            "The query string has a name that this call does not take, or a value that is repeated, out of bounds "
            "or of the wrong form; `errors` lists each, with `query` as the field of an unknown name."
        ),
        status=400,
    ),
    "user_key_required": Code(
        title="This generation used your own key, which we do not keep. Send a key with the retry.",
        fix="Send a key with the retry, or create a new generation.",
        fault=Fault.CALLER,
        detail=(
            "The generation that is retried was made with a `user_provided_key`. That key was deleted with its "
            "end, and the service's own is not used in its place."
        ),
        status=400,
    ),
    "token_expired": Code(
        title="The token has expired.",
        fix="Get a new token and resend.",
        fault=Fault.NOBODY,
        detail=(
            "The token was good and has expired. Only deployments whose tokens `functions/authorizer` verifies answer "
            "this; API Gateway's own verifier answers 401 with a `message`. See [auth.md](auth.md)."
        ),
        status=401,
    ),
    "unsupported_subject": Code(
        title="The token's subject cannot be used as an owner.",
        fix=(
            "Configure the issuer to put a stable ASCII `sub` into its tokens; another token of the same user "
            "fails again."
        ),
        fault=Fault.OPERATOR,
        detail=(
            "The token is valid, and its `sub` cannot be an owner: it is missing, longer than 128 characters, or "
            "not printable ASCII."
        ),
        status=401,
    ),
    "not_found": Code(
        title="There is no such generation of yours.",
        fix="Check the id, and stop polling.",
        fault=Fault.CALLER,
        detail=(
            "The caller has no such generation. It never existed, its retention is over, or it belongs to "
            "somebody else: the answer is the same on purpose. `GET .../input` also answers this where what was sent "
            "in is not kept any more."
        ),
        status=404,
    ),
    "suggestion_not_found": Code(
        title="The generation has no suggestion of that number.",
        fix=(
            "Number suggestions from 1, in the order of the output. Of several decisions in one call none was "
            "carried out."
        ),
        fault=Fault.CALLER,
        detail="The generation has no suggestion of that number; numbers begin at 1.",
        status=404,
    ),
    "card_not_found": Code(
        title="There is no such card of yours.",
        fix="Check the id, and read the list of cards again.",
        fault=Fault.CALLER,
        detail=(
            "The caller has no such card. It never existed, it was deleted, its suggestion was decided on otherwise, "
            "or it belongs to somebody else: the answer is the same on purpose."
        ),
        status=404,
    ),
    "not_terminal": Code(
        title="The generation has not ended yet.",
        fix="Cancel it first, or wait for its end.",
        fault=Fault.CALLER,
        detail="The generation is still pending or running, and only what has ended can be dismissed.",
        status=409,
    ),
    "not_retryable": Code(
        title="Only a failed or canceled generation can be retried.",
        fix="Create a new one.",
        fault=Fault.CALLER,
        detail=(
            "The generation is not `failed` or `canceled`, its kind is not made any more, what was sent in is not "
            "kept any more or cannot be read, or its model is not allowed any more (`AllowedModels`); `detail` says "
            "which of the last three. A stored step or picture that is lost refuses nothing: the retry goes on "
            "before it."
        ),
        status=409,
    ),
    "not_succeeded": Code(
        title="Only a succeeded generation can be reviewed.",
        fix="While it is open, wait.",
        fault=Fault.CALLER,
        detail="Suggestions can be decided on once the generation is `succeeded`.",
        status=409,
    ),
    "no_suggestions": Code(
        title="This kind of generation has nothing to review.",
        fix="Review a generation whose kind makes suggestions.",
        fault=Fault.CALLER,
        detail=(
            "The kind of this generation declares nothing of its output as reviewable (`REVIEWS`), or its output has "
            "no such list, so there is nothing to decide on."
        ),
        status=409,
    ),
    "unreadable": Code(
        title="What is stored cannot be read.",
        fix=(
            "Tell the operator, with the `request_id`; until then the same call fails again. Other generations are not "
            "touched by it, and `DELETE /v1/me` needs nothing of it."
        ),
        fault=Fault.OPERATOR,
        detail=(
            "What this call needs is damaged or lost, or a newer version of the service wrote it: the generation, its "
            "output or input, the card, the day's usage or the state of the limits. The feed and the list of cards "
            "pass over it. [`doctor`](operating.md#doctor) names the item."
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
            "Take a new key for each thing that the user wants done, and the same only to repeat one whose answer "
            "did not come."
        ),
        fault=Fault.CALLER,
        detail="The `Idempotency-Key` was sent within the last 24 hours with another request.",
        status=422,
    ),
    "rate_limited": Code(
        title="You have started as many generations as you may for now.",
        fix="Wait for `Retry-After`; then one more is accepted.",
        fault=Fault.CALLER,
        detail=(
            "The caller has started as many generations as the window allows (`RateLimits`; 5 in 300 s by "
            "default). The answer has `Retry-After`, `RateLimit` and `RateLimit-Policy`. A refused call counts "
            "for nothing."
        ),
        status=429,
    ),
    "too_many_running": Code(
        title="You have as many generations under way as you may have at once.",
        fix="Wait until one has ended, or cancel one.",
        fault=Fault.CALLER,
        detail=(
            "The caller has as many pending and running generations as may be open at once (`MaxRunning`; 10 by "
            "default). `Retry-After` is only a guess."
        ),
        status=429,
    ),
    "daily_spend_reached": Code(
        title="Your generations have cost as much today as they may.",
        fix="Wait for the next day (UTC).",
        fault=Fault.CALLER,
        detail=(
            "The caller's generations have cost as much today as they may (`MaxDailySpendUsd`; 5 US dollars by "
            "default), with what open ones have spent and reserved. The day ends at midnight UTC, which is what "
            "`Retry-After` says."
        ),
        status=429,
    ),
    "monthly_spend_reached": Code(
        title="Your generations have cost as much this month as they may.",
        fix="Wait for the next month (UTC).",
        fault=Fault.CALLER,
        detail=(
            "The caller's generations have cost as much this month as they may (`MaxMonthlySpendUsd`; no ceiling by "
            "default), with what open ones have spent and reserved. The month ends at midnight UTC, which is what "
            "`Retry-After` says."
        ),
        status=429,
    ),
    "deployment_spend_reached": Code(
        title="The service has spent as much today as it may.",
        fix="Wait for the next day (UTC), or bring a key of your own where the service takes one.",
        fault=Fault.OPERATOR,
        detail=(
            "The generations of all callers together have cost as much today as they may "
            "(`MaxDeploymentDailySpendUsd`; no ceiling by default). The day ends at midnight UTC, which is what "
            "`Retry-After` says. Generations that were accepted before go on."
        ),
        status=429,
    ),
    "too_many_connections": Code(
        title="You have too many live connections open.",
        fix="Poll instead, or close another tab and ask again after `Retry-After`.",
        fault=Fault.CALLER,
        detail=(
            "The caller has eight live connections, which is the most. Only `POST /v1/live` answers this. Everything "
            "else works, and polling shows the same; both clients poll by themselves."
        ),
        status=429,
    ),
    "kind_disabled": Code(
        title="This kind is switched off.",
        fix="Do not offer this kind, or ask the operator to add it to `EnabledKinds`.",
        fault=Fault.OPERATOR,
        detail=(
            "The deployment does not take new generations of this kind (`EnabledKinds`). Those that were accepted "
            "before end as they would."
        ),
        status=403,
    ),
    "creates_paused": Code(
        title="The service takes no new generations right now.",
        fix="Try again after `Retry-After`; everything else works.",
        fault=Fault.OPERATOR,
        detail=(
            "The operator has paused creates and retries for maintenance (`AcceptCreates` is `false`). Nothing was "
            "stored. Generations that were accepted before go on."
        ),
        status=503,
    ),
    "internal_error": Code(
        title="Something went wrong on our side.",
        fix=(
            "Retry a GET or a cancel. A create may have been carried out: repeat it with its `Idempotency-Key`. "
            "Without a key it may start a second generation."
        ),
        fault=Fault.OPERATOR,
        detail='A bug or a wrong configuration; the log line "unexpected error" of that function holds the cause.',
        status=500,
    ),
    "unavailable": Code(
        title="The service cannot do this right now; try again shortly.",
        fix=(
            "Retry a GET or a cancel after `Retry-After`. A create may have been carried out: repeat it with its "
            "`Idempotency-Key`. Without a key it may start a second generation."
        ),
        fault=Fault.OPERATOR,
        detail=(
            "DynamoDB or S3 did not take or confirm the call after several tries, or KMS did not encrypt the key "
            "that came with it; in that case nothing was stored. `Retry-After` says when to try again."
        ),
        status=503,
    ),
}
