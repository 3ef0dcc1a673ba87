"""The failure codes: why a generation failed, or why a worker released an attempt."""

from collections.abc import Mapping

from shared.domain.codes import Code, Fault

FAILURES: Mapping[str, Code] = {
    "deadline_exceeded": Code(
        title="It timed out.",
        fix="Retry it later. Finished steps are kept and not billed again.",
        fault=Fault.OPERATOR,
        detail=(
            "The generation was not done within `DeadlineSeconds` of its acceptance (900 by default; a kind may set "
            "its own). Many of these at once mean that the queue grows faster than the workers empty it."
        ),
        retried=True,
    ),
    "crash_loop": Code(
        title="Its workers kept crashing, and none of them finished a step.",
        fix="Report it to the operator of this service. The same input will probably fail again.",
        fault=Fault.OPERATOR,
        detail=(
            "`MaxFruitlessAttempts` attempts in a row (3 by default) crashed without saving anything. The process was "
            "killed, ran out of memory, or hit an unexpected error. The log of `process` has the cause. From the "
            "second attempt on, the generation ran alone."
        ),
        retried=True,
    ),
    "handover_limit": Code(
        title="One step takes longer than a worker's time limit.",
        fix="Report it to the operator of this service.",
        fault=Fault.OPERATOR,
        detail=(
            "`MaxReleases` invocations in a row ran out of time before a step was done. The step takes longer than "
            "`ProcessTimeoutSeconds` minus `HandoverMarginSeconds`. Raise the timeout or split the step."
        ),
        retried=True,
    ),
    "storage_unavailable": Code(
        title="The result could not be stored.",
        fix="Retry it later. Finished steps are kept and not billed again.",
        fault=Fault.OPERATOR,
        detail=(
            "DynamoDB or S3 refused an attempt's reads or writes, `MaxReleases` times in a row. That service was down "
            "or throttled the calls, or `process` lacks a permission. On AWS, a deleted object looks like a missing "
            "permission. Each attempt ended in order, and its spend is counted. The log line `storage failed under "
            "the worker` names the operation and the service's code."
        ),
        retried=True,
        is_ours=True,
    ),
    "kind_failed": Code(
        title="This kind's code crashed.",
        fix="Report it to the operator of this service. The same input will probably fail again.",
        fault=Fault.OPERATOR,
        detail=(
            "The kind's code, or the worker's code beneath it, raised an unexpected exception. The spend is counted, "
            "and stored steps are kept. The service does not retry it: the code would probably fail again, and each "
            "attempt may cost money. The log line `the kind's code failed` has the exception's type and place."
        ),
        is_ours=True,
    ),
    "kind_broken": Code(
        title="This kind's code breaks a rule for kinds.",
        fix="Report it to the operator of this service. The same input will probably fail again.",
        fault=Fault.OPERATOR,
        detail=(
            "The kind cannot be loaded, gives a step an invalid name, makes no step, stores or returns a value that "
            "does not fit its model, or fails with a code that it does not declare. The log line `the kind is broken` "
            "says which. [Adding a kind](adding-a-kind.md) has the rules."
        ),
        is_ours=True,
    ),
    "call_limit": Code(
        title="One step used up all its model calls.",
        fix="Retry it later. Finished steps are kept and not billed again.",
        fault=Fault.PROVIDER,
        detail=(
            "One step used all the model calls that its kind allows (`max_calls_per_step`, 12 by default), counted "
            "over all attempts."
        ),
    ),
    "cost_limit": Code(
        title="The next call could exceed this generation's cost limit.",
        fix="Ask for less, or use a cheaper model.",
        fault=Fault.NOBODY,
        detail=(
            "The next call could take the generation over the limit of its kind (`max_cost_usd`). A call whose cost "
            "was never reported counts with the kind's reserve. This limit guards against a large bill."
        ),
    ),
    "spend_ceiling": Code(
        title="The spending limit of this day or month is reached.",
        fix="Retry it after the limit resets. Finished steps are kept and not billed again.",
        fault=Fault.NOBODY,
        detail=(
            "The next call could exceed `MaxDailySpendUsd`, `MaxMonthlySpendUsd` or `MaxDeploymentDailySpendUsd`. "
            "There was room when the generation was accepted; other generations, or this one, have spent it since. "
            "Days and months begin at midnight UTC."
        ),
    ),
    "input_unreadable": Code(
        title="The stored input cannot be read.",
        fix="Create it again.",
        fault=Fault.OPERATOR,
        detail=(
            "The stored input is missing, damaged, or does not fit the kind's `Input`, for example after a deployment "
            "that changed `Input`."
        ),
    ),
    "step_unreadable": Code(
        title="A stored step result cannot be read.",
        fix="Create it again.",
        fault=Fault.OPERATOR,
        detail=(
            "A stored step's result is damaged, or does not fit the kind's model, for example after a deployment that "
            "changed the model."
        ),
    ),
    "provider_key_unavailable": Code(
        title="The service cannot read its key for the model provider.",
        fix="Report it to the operator of this service.",
        fault=Fault.OPERATOR,
        detail=(
            "The worker could not read the SSM parameter with the provider's key. It is missing, or `process` may not "
            "read it (see [deploying](deploying.md)). Nothing was sent to the provider."
        ),
        retried=True,
        is_ours=True,
    ),
    "provider_key_refused": Code(
        title="The model provider refused the service's key.",
        fix="Report it to the operator of this service.",
        fault=Fault.OPERATOR,
        detail=(
            "The provider refused the service's key (401, or another status whose body says so), or the key holds "
            "characters that no header may hold."
        ),
        is_ours=True,
    ),
    "provider_out_of_credit": Code(
        title="The service's account at the model provider has no credit left.",
        fix="Report it to the operator of this service.",
        fault=Fault.OPERATOR,
        detail=(
            "The service's account at the provider has no credit, quota or budget left (402, or another status "
            "whose body says so)."
        ),
        is_ours=True,
    ),
    "user_key_refused": Code(
        title="The model provider refused your key.",
        fix="Retry it with a valid key. Finished steps are kept.",
        fault=Fault.CALLER,
        detail="The provider refused the `user_provided_key` (401, or another status that says so).",
    ),
    "user_key_out_of_credit": Code(
        title="Your key's account has no credit left.",
        fix="Add credit, then retry it with the key.",
        fault=Fault.CALLER,
        detail=(
            "The account of the `user_provided_key` has no credit, quota or budget left (402, or another status "
            "whose body says so)."
        ),
    ),
    "user_key_missing": Code(
        title="Your key is missing.",
        fix="Retry it and send the key again.",
        fault=Fault.OPERATOR,
        detail=(
            "The `user_provided_key` is missing or cannot be decrypted. Its item was deleted or changed, or the "
            "deployment no longer takes keys (`UserKeys`). Nothing was sent to the provider, and the service did not "
            "use its own key instead."
        ),
    ),
    "user_key_unavailable": Code(
        title="Your key cannot be decrypted right now.",
        fix="Retry it later. Finished steps are kept and not billed again.",
        fault=Fault.OPERATOR,
        detail=(
            "KMS does not decrypt the `user_provided_key` right now. KMS is throttled or down, or `process` may not "
            "use it. Nothing was sent to the provider."
        ),
        retried=True,
        is_ours=True,
    ),
    "provider_forbidden": Code(
        title="The model provider does not allow this request.",
        fix="Try another text, or another model.",
        fault=Fault.CALLER,
        detail=(
            "The provider does not allow this request (403). Moderation refused the text, or the account behind the "
            "key may not use the model."
        ),
    ),
    "provider_bad_request": Code(
        title="The model provider refused the request, or does not have this model.",
        fix="Create it again with another model.",
        fault=Fault.OPERATOR,
        detail=(
            "The provider refused the request, or does not have the model (other 3xx and 4xx). The worker first tried "
            "without optional fields that the provider does not take: see [providers](providers.md)."
        ),
    ),
    "provider_input_too_large": Code(
        title="The text is too long for this model.",
        fix="Send less text, or use another model.",
        fault=Fault.CALLER,
        detail="The input is too large for the model (413, or another status whose body says so).",
    ),
    "provider_protocol_broken": Code(
        title="The model provider's response could not be read.",
        fix="Report it to the operator of this service.",
        fault=Fault.PROVIDER,
        detail=(
            "Twice in a row, the response did not follow the protocol that `LlmProtocol` names: it was not HTTP, not "
            "JSON, or compressed in a way that the worker did not ask for. A wrong `LlmBaseUrl` looks the same."
        ),
    ),
    "provider_rate_limited": Code(
        title="The model provider is rate limiting this service.",
        fix="Retry it later. Finished steps are kept and not billed again.",
        fault=Fault.OPERATOR,
        detail=(
            "The provider rate limited the account (429). The worker waited as long as the provider said, backed off "
            "further with each attempt, and gave up at the deadline."
        ),
        retried=True,
    ),
    "provider_unavailable": Code(
        title="The model is not available.",
        fix="Retry it later. Finished steps are kept and not billed again.",
        fault=Fault.PROVIDER,
        detail="The provider or the model behind it is not available (409, 424, 425, 498, 499, 5xx).",
        retried=True,
    ),
    "provider_unreachable": Code(
        title="The service could not connect to the model provider.",
        fix="Retry it later. Finished steps are kept and not billed again.",
        fault=Fault.PROVIDER,
        detail=(
            "No connection was made: the host name was not found, the connection was refused, TLS failed, or "
            "connecting timed out. Nothing was sent. A wrong `LlmBaseUrl` looks the same. The call itself tries to "
            "connect twice more, unless TLS failed."
        ),
        retried=True,
    ),
    "provider_timeout": Code(
        title="The model did not answer in time.",
        fix="Retry it later. Finished steps are kept and not billed again.",
        fault=Fault.PROVIDER,
        detail=(
            "The call did not end within `ModelTimeoutSeconds`, or the provider gave up waiting for the model (408)."
        ),
        retried=True,
    ),
    "provider_stream_cut": Code(
        title="The model's answer was cut off.",
        fix="Retry it later. Finished steps are kept and not billed again.",
        fault=Fault.PROVIDER,
        detail="The connection ended before the answer was complete.",
        retried=True,
    ),
    "provider_error": Code(
        title="The model provider reported an error while it answered.",
        fix="Retry it later. Finished steps are kept and not billed again.",
        fault=Fault.PROVIDER,
        detail="The provider reported an error while it answered, or ended the answer itself (`abort`).",
        retried=True,
    ),
    "output_invalid": Code(
        title="The model's answer does not have the required form.",
        fix="Create it again with another model.",
        fault=Fault.MODEL,
        detail=(
            "The answer does not have the required form. It is not JSON, JSON of another form, a tool call, invalid "
            "UTF-8, or a picture that is linked or not a complete PNG, JPEG or WebP. Or it repeats our instructions, "
            "which an input can make a model do. The worker asked again once. If the answer was JSON of the wrong "
            "form, not JSON, or repeated instructions, the worker showed it to the model with the fault."
        ),
    ),
    "output_empty": Code(
        title="The model's answer was empty.",
        fix="Creating it again may help.",
        fault=Fault.MODEL,
        detail=(
            "Twice in a row, the answer was empty, or held no picture although one was requested. If the model spent "
            "its tokens on thinking, the message says so."
        ),
    ),
    "output_truncated": Code(
        title="The model's answer reached the length limit and is incomplete.",
        fix="Ask for less output, or send less text.",
        fault=Fault.OPERATOR,
        detail=(
            "The answer reached `MaxCompletionTokens`, or the kind's `max_completion_tokens`, before it ended. The "
            "message says how much of it went into thinking."
        ),
    ),
    "output_too_large": Code(
        title="The model's answer exceeds the size limit.",
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
