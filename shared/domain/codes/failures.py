"""The failures: how a generation ended that did not succeed, or why an attempt was released."""

from collections.abc import Mapping

from shared.domain.codes import Code, Fault

FAILURES: Mapping[str, Code] = {
    "deadline_exceeded": Code(
        title="It timed out.",
        fix="Retry it later: what is finished is kept and not paid for again.",
        fault=Fault.OPERATOR,
        detail=(
            "The generation was not done `DeadlineSeconds` after it was accepted (900 by default; a kind may set "
            "its own). Many of these at once mean that the queue is longer than the workers can take."
        ),
        retried=True,
    ),
    "crash_loop": Code(
        title="The workers that took it kept dying, and none of them finished a step.",
        fix="Report it to the operator of this service. The same input is likely to fail again.",
        fault=Fault.OPERATOR,
        detail=(
            "`MaxFruitlessAttempts` attempts in a row (3 by default) crashed without saving anything: the process "
            "was killed, ran out of memory, or met an error that the code does not expect. The log of `process` "
            "has the cause. From the second attempt on the generation ran without neighbours."
        ),
        retried=True,
    ),
    "handover_limit": Code(
        title="One step takes longer than a worker may run.",
        fix="Report it to the operator of this service.",
        fault=Fault.OPERATOR,
        detail=(
            "`MaxReleases` invocations in a row ran out of time before a step was done: a step takes longer than "
            "`ProcessTimeoutSeconds` less `HandoverMarginSeconds`. Raise the timeout or split the step."
        ),
        retried=True,
    ),
    "storage_unavailable": Code(
        title="What was made could not be stored.",
        fix="Retry it later: what is finished is kept and not paid for again.",
        fault=Fault.OPERATOR,
        detail=(
            "DynamoDB or S3 did not take what an attempt read or wrote, `MaxReleases` times in a row: it was down, "
            "throttled, or `process` lacks a right. On AWS an object that is gone looks like a right that is "
            "missing. Each attempt ended in order, with what it had spent counted. The log line `storage failed "
            "under the worker` names the operation and the service's code."
        ),
        retried=True,
        is_ours=True,
    ),
    "kind_failed": Code(
        title="The service's code for this kind failed.",
        fix="Report it to the operator of this service. The same input is likely to fail again.",
        fault=Fault.OPERATOR,
        detail=(
            "The kind's code, or the worker's beneath it, raised what nobody expected. What was spent is counted, "
            "and what is stored is kept. It is not tried again by itself, since code is likely to fail again, and each "
            "try may be paid for. The log line `the kind's code failed` has the exception's type and place."
        ),
        is_ours=True,
    ),
    "kind_broken": Code(
        title="The service's code for this kind breaks a rule of kinds.",
        fix="Report it to the operator of this service. The same input is likely to fail again.",
        fault=Fault.OPERATOR,
        detail=(
            "The kind cannot be loaded, names a step wrongly, makes none, stores or returns what does not fit its "
            "form, or fails with a code that it does not declare. The log line `the kind is broken` says which. "
            "[Adding a kind](adding-a-kind.md) has the rules."
        ),
        is_ours=True,
    ),
    "call_limit": Code(
        title="One step used up all the calls of the model that it may make.",
        fix="Retry it later: what is finished is kept and not paid for again.",
        fault=Fault.PROVIDER,
        detail=(
            "One step has used all the model calls that its kind allows (`max_calls_per_step`, 12 by default), "
            "over all attempts."
        ),
    ),
    "cost_limit": Code(
        title="Going on could have cost more than one generation may.",
        fix="Ask for less, or for a cheaper model.",
        fault=Fault.NOBODY,
        detail=(
            "The next call could take the generation over what its kind allows (`max_cost_usd`). Calls whose cost "
            "was never reported count with the kind's reserve. It is the guard against a bill."
        ),
    ),
    "spend_ceiling": Code(
        title="What may be spent in this day or month is used up.",
        fix="Retry it once the ceiling is reset: what is finished is kept and not paid for again.",
        fault=Fault.NOBODY,
        detail=(
            "The next call could pass `MaxDailySpendUsd`, `MaxMonthlySpendUsd` or `MaxDeploymentDailySpendUsd`, which "
            "left room when the generation was accepted. Others have spent it since, or this one itself. Days and "
            "months begin at midnight UTC."
        ),
    ),
    "input_unreadable": Code(
        title="What was sent in cannot be read any more.",
        fix="Create it again.",
        fault=Fault.OPERATOR,
        detail=(
            "The stored input is missing, damaged, or does not fit the kind's `Input`, as after a deployment that "
            "changed it."
        ),
    ),
    "step_unreadable": Code(
        title="A stored result cannot be read any more.",
        fix="Create it again.",
        fault=Fault.OPERATOR,
        detail=(
            "A stored step's result is damaged, or does not fit the kind's model, as after a deployment that changed "
            "it."
        ),
    ),
    "provider_key_unavailable": Code(
        title="The service cannot read its key for the model.",
        fix="Report it to the operator of this service.",
        fault=Fault.OPERATOR,
        detail=(
            "The SSM parameter with the provider's key could not be read: it is missing, or `process` may not "
            "read it (see [deploying](deploying.md)). Nothing was sent to the provider."
        ),
        retried=True,
        is_ours=True,
    ),
    "provider_key_refused": Code(
        title="The model's provider refused the service's key.",
        fix="Report it to the operator of this service.",
        fault=Fault.OPERATOR,
        detail=(
            "The provider refused the service's key (401, or another status whose body says so), or the key holds "
            "characters that no header may hold."
        ),
        is_ours=True,
    ),
    "provider_out_of_credit": Code(
        title="The service's account at the model's provider is empty.",
        fix="Report it to the operator of this service.",
        fault=Fault.OPERATOR,
        detail=(
            "The service's account at the provider has no credit, quota or budget left (402, or another status "
            "whose body says so)."
        ),
        is_ours=True,
    ),
    "user_key_refused": Code(
        title="The model's provider refused your key.",
        fix="Retry it with a key that is valid: what is finished is kept.",
        fault=Fault.CALLER,
        detail="The provider refused the `user_provided_key` (401, or another status that says so).",
    ),
    "user_key_out_of_credit": Code(
        title="The account of your key has no credit left.",
        fix="Retry it with the key again once there is credit.",
        fault=Fault.CALLER,
        detail=(
            "The account of the `user_provided_key` has no credit, quota or budget left (402, or another status "
            "whose body says so)."
        ),
    ),
    "user_key_missing": Code(
        title="Your key is not there any more.",
        fix="Retry it with the key again.",
        fault=Fault.OPERATOR,
        detail=(
            "The `user_provided_key` is not there any more or cannot be decrypted: its item was deleted or "
            "changed by somebody else, or the deployment takes no keys any more (`UserKeys`). Nothing was sent to "
            "the provider, and the service's own key is not used in its place."
        ),
    ),
    "user_key_unavailable": Code(
        title="Your key cannot be decrypted right now.",
        fix="Retry it later: what is finished is kept and not paid for again.",
        fault=Fault.OPERATOR,
        detail=(
            "KMS does not decrypt the `user_provided_key` right now: it is throttled, down, or `process` may not "
            "use it. Nothing was sent to the provider."
        ),
        retried=True,
        is_ours=True,
    ),
    "provider_forbidden": Code(
        title="The model's provider does not allow this request.",
        fix="Try another text, or another model.",
        fault=Fault.CALLER,
        detail=(
            "The provider does not allow this request (403): moderation refuses the text, or the account behind "
            "the key may not use the model."
        ),
    ),
    "provider_bad_request": Code(
        title="The model's provider did not take the request, or does not have this model.",
        fix="Create it again with another model.",
        fault=Fault.OPERATOR,
        detail=(
            "The provider refused the request, or does not have the model (other 3xx and 4xx). A field that it does "
            "not take was left out first: [providers](providers.md) says which."
        ),
    ),
    "provider_input_too_large": Code(
        title="The text is too long for this model.",
        fix="Send less, or name another model.",
        fault=Fault.CALLER,
        detail="The input is too large for the model (413, or another status whose body says so).",
    ),
    "provider_protocol_broken": Code(
        title="What the model's provider sent was no answer.",
        fix="Report it to the operator of this service.",
        fault=Fault.PROVIDER,
        detail=(
            "Twice in a row, what came was no answer in the protocol that `LlmProtocol` names: no HTTP, no JSON, or "
            "a compression that nobody asked for. A wrong `LlmBaseUrl` looks the same."
        ),
    ),
    "provider_rate_limited": Code(
        title="The model's provider asked for fewer calls.",
        fix="Retry it later: what is finished is kept and not paid for again.",
        fault=Fault.OPERATOR,
        detail=(
            "The provider asked for fewer calls (429): too many for the account. It was asked again no sooner than "
            "it said, and ever less often, until the deadline."
        ),
        retried=True,
    ),
    "provider_unavailable": Code(
        title="The model is not available.",
        fix="Retry it later: what is finished is kept and not paid for again.",
        fault=Fault.PROVIDER,
        detail="The provider or the model behind it is not available (409, 424, 425, 498, 499, 5xx).",
        retried=True,
    ),
    "provider_unreachable": Code(
        title="No connection to the model came about.",
        fix="Retry it later: what is finished is kept and not paid for again.",
        fault=Fault.PROVIDER,
        detail=(
            "No connection was made: the name was not found, the connection was refused, TLS failed, or it took "
            "too long. Nothing was sent. A wrong `LlmBaseUrl` looks the same. The call itself tries twice more "
            "unless TLS failed."
        ),
        retried=True,
    ),
    "provider_timeout": Code(
        title="The model did not answer in time.",
        fix="Retry it later: what is finished is kept and not paid for again.",
        fault=Fault.PROVIDER,
        detail=(
            "The call did not end within `ModelTimeoutSeconds`, or the provider gave up waiting for the model (408)."
        ),
        retried=True,
    ),
    "provider_stream_cut": Code(
        title="The model's answer broke off before it was whole.",
        fix="Retry it later: what is finished is kept and not paid for again.",
        fault=Fault.PROVIDER,
        detail="The answer ended before it was whole.",
        retried=True,
    ),
    "provider_error": Code(
        title="The model's provider reported an error while it answered.",
        fix="Retry it later: what is finished is kept and not paid for again.",
        fault=Fault.PROVIDER,
        detail="The provider reported an error while it answered, or ended the answer itself, as with `abort`.",
        retried=True,
    ),
    "output_invalid": Code(
        title="The model's answer is not what was asked for.",
        fix="Create it again with another model.",
        fault=Fault.MODEL,
        detail=(
            "The answer is not what was asked for: no JSON, JSON of another form, a tool call, invalid UTF-8, a "
            "picture that is not a whole PNG, JPEG or WebP or that stands elsewhere, or a repetition of our "
            "instructions, which a text can talk a model into. An answer that is not JSON of the right form, or "
            "repeats its instructions, was shown to the model once with what is wrong with it; one that cannot be "
            "shown was asked for once more."
        ),
    ),
    "output_empty": Code(
        title="The model's answer was empty.",
        fix="Creating it again may help.",
        fault=Fault.MODEL,
        detail=(
            "The answer was empty, or held no picture where one was asked for, twice in a row. Where the model "
            "spent its tokens on thinking, the message says so."
        ),
    ),
    "output_truncated": Code(
        title="The model's answer was too long to be whole.",
        fix="Ask for less, or send less text.",
        fault=Fault.OPERATOR,
        detail=(
            "The answer reached `MaxCompletionTokens`, or the kind's `max_completion_tokens`, before it ended. The "
            "message says how much of it went into thinking."
        ),
    ),
    "output_too_large": Code(
        title="The model's answer was larger than is taken.",
        fix="Ask for less.",
        fault=Fault.MODEL,
        detail=(
            "The answer held more than 1 MiB of text or 16 MiB over the wire, or a picture of more than 8 MiB "
            "or 64 million pixels, or more than four."
        ),
    ),
    "output_filtered": Code(
        title="The provider's content filter stopped the answer.",
        fix="Try another text, or another model.",
        fault=Fault.NOBODY,
        detail="The provider's content filter stopped the answer or refused the text.",
    ),
    "output_refused": Code(
        title="The model refused to answer.",
        fix="Try another text, or another model.",
        fault=Fault.NOBODY,
        detail="The model refused to answer.",
    ),
}
