// Made by `python -m docs.render_codes` from the service's register of error codes; never edited by hand.

export interface Code {
  /** What happened. */
  title: string;
  /** What to do about it. */
  fix: string;
  /** Whose fault it usually is. */
  fault: string;
  /** The HTTP status of a problem. */
  status?: number;
  /** Whether a failure was tried again before it stood: later, the same generation may well succeed. */
  retried?: boolean;
}

/** How an HTTP call could not be done, by code. */
export const PROBLEMS: Readonly<Record<string, Code>> = {
  "invalid_json": {
    "title": "The body is not JSON.",
    "fix": "Send one JSON object. The same body fails again.",
    "fault": "the caller's",
    "status": 400
  },
  "invalid_encoding": {
    "title": "The body is not valid UTF-8 text.",
    "fix": "Encode the body as UTF-8 and resend.",
    "fault": "the caller's",
    "status": 400
  },
  "validation_failed": {
    "title": "The body does not match this kind's input.",
    "fix": "Fix the listed fields and resend. The same body fails again.",
    "fault": "the caller's",
    "status": 400
  },
  "idempotency_key_invalid": {
    "title": "The Idempotency-Key is not 1 to 255 visible ASCII characters.",
    "fix": "Send a valid key, for example a UUID.",
    "fault": "the caller's",
    "status": 400
  },
  "invalid_query": {
    "title": "The query string is not valid for this call.",
    "fix": "Fix the query and resend. Send a `cursor` exactly as it was returned.",
    "fault": "the caller's",
    "status": 400
  },
  "user_key_required": {
    "title": "This generation used your own key, which we do not keep. Send a key with the retry.",
    "fix": "Send a key with the retry, or create a new generation.",
    "fault": "the caller's",
    "status": 400
  },
  "token_expired": {
    "title": "The token has expired.",
    "fix": "Get a new token and resend the request.",
    "fault": "nobody's",
    "status": 401
  },
  "unsupported_subject": {
    "title": "The token's subject cannot be used as an owner.",
    "fix": "Configure the token issuer to set a stable ASCII `sub`. Another token of the same user fails again.",
    "fault": "the operator's",
    "status": 401
  },
  "not_found": {
    "title": "You have no generation with this id.",
    "fix": "Check the id, and stop polling.",
    "fault": "the caller's",
    "status": 404
  },
  "suggestion_not_found": {
    "title": "The generation has no suggestion with this number.",
    "fix": "Number suggestions from 1, in the order of the output. None of the decisions in this call was stored.",
    "fault": "the caller's",
    "status": 404
  },
  "card_not_found": {
    "title": "You have no card with this id.",
    "fix": "Check the id, and read the list of cards again.",
    "fault": "the caller's",
    "status": 404
  },
  "not_terminal": {
    "title": "The generation has not ended yet.",
    "fix": "Cancel it first, or wait until it ends.",
    "fault": "the caller's",
    "status": 409
  },
  "not_retryable": {
    "title": "Only a failed or canceled generation can be retried.",
    "fix": "Create a new generation.",
    "fault": "the caller's",
    "status": 409
  },
  "not_succeeded": {
    "title": "Only a succeeded generation can be reviewed.",
    "fix": "If it is still pending or running, wait until it succeeds.",
    "fault": "the caller's",
    "status": 409
  },
  "no_suggestions": {
    "title": "This kind of generation has nothing to review.",
    "fix": "Review a generation of a kind that makes suggestions.",
    "fault": "the caller's",
    "status": 409
  },
  "unreadable": {
    "title": "The stored data cannot be read.",
    "fix": "Report the `request_id` to the operator. The same call fails until the operator fixes it. Other generations are not affected, and `DELETE /v1/me` still works.",
    "fault": "the operator's",
    "status": 409
  },
  "body_too_large": {
    "title": "The body is larger than 256 KB.",
    "fix": "Send less.",
    "fault": "the caller's",
    "status": 413
  },
  "idempotency_key_reused": {
    "title": "The Idempotency-Key was used for another request.",
    "fix": "Use a new key for each new request. Reuse a key only to resend a request whose response you did not get.",
    "fault": "the caller's",
    "status": 422
  },
  "rate_limited": {
    "title": "You have reached your rate limit.",
    "fix": "Wait for `Retry-After`. Then the service accepts one more.",
    "fault": "the caller's",
    "status": 429
  },
  "too_many_running": {
    "title": "You have reached your limit of open generations.",
    "fix": "Wait until one ends, or cancel one.",
    "fault": "the caller's",
    "status": 429
  },
  "daily_spend_reached": {
    "title": "You have reached your spending limit for today.",
    "fix": "Wait until the next day (UTC).",
    "fault": "the caller's",
    "status": 429
  },
  "monthly_spend_reached": {
    "title": "You have reached your spending limit for this month.",
    "fix": "Wait until the next month (UTC).",
    "fault": "the caller's",
    "status": 429
  },
  "deployment_spend_reached": {
    "title": "The service has reached its spending limit for today.",
    "fix": "Wait until the next day (UTC). If the service takes users' keys, send your own key.",
    "fault": "the operator's",
    "status": 429
  },
  "too_many_connections": {
    "title": "You have too many live connections open.",
    "fix": "Poll instead, or close another tab and try again after `Retry-After`.",
    "fault": "the caller's",
    "status": 429
  },
  "kind_disabled": {
    "title": "This kind is switched off.",
    "fix": "Do not offer this kind, or ask the operator to add it to `EnabledKinds`.",
    "fault": "the operator's",
    "status": 403
  },
  "creates_paused": {
    "title": "The service is not taking new generations right now.",
    "fix": "Try again after `Retry-After`. Everything else works.",
    "fault": "the operator's",
    "status": 503
  },
  "internal_error": {
    "title": "Something went wrong on our side.",
    "fix": "Retry a GET or a cancel. A create may have succeeded: resend it with the same `Idempotency-Key`. Without a key, resending may start a second generation.",
    "fault": "the operator's",
    "status": 500
  },
  "unavailable": {
    "title": "The service cannot do this right now.",
    "fix": "Retry a GET or a cancel after `Retry-After`. A create may have succeeded: resend it with the same `Idempotency-Key`. Without a key, resending may start a second generation.",
    "fault": "the operator's",
    "status": 503
  }
};

/** How a generation ended that did not succeed, by code. */
export const FAILURES: Readonly<Record<string, Code>> = {
  "deadline_exceeded": {
    "title": "It timed out.",
    "fix": "Retry it later. Finished steps are kept and not billed again.",
    "fault": "the operator's",
    "retried": true
  },
  "crash_loop": {
    "title": "Its workers kept crashing, and none of them finished a step.",
    "fix": "Report it to the operator of this service. The same input will probably fail again.",
    "fault": "the operator's",
    "retried": true
  },
  "handover_limit": {
    "title": "One step takes longer than a worker's time limit.",
    "fix": "Report it to the operator of this service.",
    "fault": "the operator's",
    "retried": true
  },
  "storage_unavailable": {
    "title": "The result could not be stored.",
    "fix": "Retry it later. Finished steps are kept and not billed again.",
    "fault": "the operator's",
    "retried": true
  },
  "kind_failed": {
    "title": "This kind's code crashed.",
    "fix": "Report it to the operator of this service. The same input will probably fail again.",
    "fault": "the operator's"
  },
  "kind_broken": {
    "title": "This kind's code breaks a rule for kinds.",
    "fix": "Report it to the operator of this service. The same input will probably fail again.",
    "fault": "the operator's"
  },
  "call_limit": {
    "title": "One step used up all its model calls.",
    "fix": "Retry it later. Finished steps are kept and not billed again.",
    "fault": "the provider's"
  },
  "cost_limit": {
    "title": "The next call could exceed this generation's cost limit.",
    "fix": "Ask for less, or use a cheaper model.",
    "fault": "nobody's"
  },
  "spend_ceiling": {
    "title": "The spending limit of this day or month is reached.",
    "fix": "Retry it after the limit resets. Finished steps are kept and not billed again.",
    "fault": "nobody's"
  },
  "input_unreadable": {
    "title": "The stored input cannot be read.",
    "fix": "Create it again.",
    "fault": "the operator's"
  },
  "step_unreadable": {
    "title": "A stored step result cannot be read.",
    "fix": "Create it again.",
    "fault": "the operator's"
  },
  "provider_key_unavailable": {
    "title": "The service cannot read its key for the model provider.",
    "fix": "Report it to the operator of this service.",
    "fault": "the operator's",
    "retried": true
  },
  "provider_key_refused": {
    "title": "The model provider refused the service's key.",
    "fix": "Report it to the operator of this service.",
    "fault": "the operator's"
  },
  "provider_out_of_credit": {
    "title": "The service's account at the model provider has no credit left.",
    "fix": "Report it to the operator of this service.",
    "fault": "the operator's"
  },
  "user_key_refused": {
    "title": "The model provider refused your key.",
    "fix": "Retry it with a valid key. Finished steps are kept.",
    "fault": "the caller's"
  },
  "user_key_out_of_credit": {
    "title": "Your key's account has no credit left.",
    "fix": "Add credit, then retry it with the key.",
    "fault": "the caller's"
  },
  "user_key_missing": {
    "title": "Your key is missing.",
    "fix": "Retry it and send the key again.",
    "fault": "the operator's"
  },
  "user_key_unavailable": {
    "title": "Your key cannot be decrypted right now.",
    "fix": "Retry it later. Finished steps are kept and not billed again.",
    "fault": "the operator's",
    "retried": true
  },
  "provider_forbidden": {
    "title": "The model provider does not allow this request.",
    "fix": "Try another text, or another model.",
    "fault": "the caller's"
  },
  "provider_bad_request": {
    "title": "The model provider refused the request, or does not have this model.",
    "fix": "Create it again with another model.",
    "fault": "the operator's"
  },
  "provider_input_too_large": {
    "title": "The text is too long for this model.",
    "fix": "Send less text, or use another model.",
    "fault": "the caller's"
  },
  "provider_protocol_broken": {
    "title": "The model provider's response could not be read.",
    "fix": "Report it to the operator of this service.",
    "fault": "the provider's"
  },
  "provider_rate_limited": {
    "title": "The model provider is rate limiting this service.",
    "fix": "Retry it later. Finished steps are kept and not billed again.",
    "fault": "the operator's",
    "retried": true
  },
  "provider_unavailable": {
    "title": "The model is not available.",
    "fix": "Retry it later. Finished steps are kept and not billed again.",
    "fault": "the provider's",
    "retried": true
  },
  "provider_unreachable": {
    "title": "The service could not connect to the model provider.",
    "fix": "Retry it later. Finished steps are kept and not billed again.",
    "fault": "the provider's",
    "retried": true
  },
  "provider_timeout": {
    "title": "The model did not answer in time.",
    "fix": "Retry it later. Finished steps are kept and not billed again.",
    "fault": "the provider's",
    "retried": true
  },
  "provider_stream_cut": {
    "title": "The model's answer was cut off.",
    "fix": "Retry it later. Finished steps are kept and not billed again.",
    "fault": "the provider's",
    "retried": true
  },
  "provider_error": {
    "title": "The model provider reported an error while it answered.",
    "fix": "Retry it later. Finished steps are kept and not billed again.",
    "fault": "the provider's",
    "retried": true
  },
  "output_invalid": {
    "title": "The model's answer does not have the required form.",
    "fix": "Create it again with another model.",
    "fault": "the model's"
  },
  "output_empty": {
    "title": "The model's answer was empty.",
    "fix": "Creating it again may help.",
    "fault": "the model's"
  },
  "output_truncated": {
    "title": "The model's answer reached the length limit and is incomplete.",
    "fix": "Ask for less output, or send less text.",
    "fault": "the operator's"
  },
  "output_too_large": {
    "title": "The model's answer exceeds the size limit.",
    "fix": "Ask for less.",
    "fault": "the model's"
  },
  "output_filtered": {
    "title": "The provider's content filter stopped the answer.",
    "fix": "Try another text, or another model.",
    "fault": "nobody's"
  },
  "output_refused": {
    "title": "The model refused to answer.",
    "fix": "Try another text, or another model.",
    "fault": "nobody's"
  }
};
