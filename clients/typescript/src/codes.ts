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
    "fix": "Send one JSON object; the same body fails again.",
    "fault": "the caller's",
    "status": 400
  },
  "invalid_encoding": {
    "title": "The body is not valid UTF-8 text.",
    "fix": "Encode the body as UTF-8, and resend.",
    "fault": "the caller's",
    "status": 400
  },
  "validation_failed": {
    "title": "The body does not fit what this kind takes.",
    "fix": "Fix the listed fields and resend; the same body fails again.",
    "fault": "the caller's",
    "status": 400
  },
  "idempotency_key_invalid": {
    "title": "The Idempotency-Key is not 1 to 255 visible ASCII characters.",
    "fix": "A UUID is a good key.",
    "fault": "the caller's",
    "status": 400
  },
  "invalid_query": {
    "title": "The query string is not one that this call takes.",
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
    "fix": "Get a new token and resend.",
    "fault": "nobody's",
    "status": 401
  },
  "unsupported_subject": {
    "title": "The token's subject cannot be used as an owner.",
    "fix": "Configure the issuer to put a stable ASCII `sub` into its tokens; another token of the same user fails again.",
    "fault": "the operator's",
    "status": 401
  },
  "not_found": {
    "title": "There is no such generation of yours.",
    "fix": "Check the id, and stop polling.",
    "fault": "the caller's",
    "status": 404
  },
  "suggestion_not_found": {
    "title": "The generation has no suggestion of that number.",
    "fix": "Number suggestions from 1, in the order of the output. Of several decisions in one call none was carried out.",
    "fault": "the caller's",
    "status": 404
  },
  "card_not_found": {
    "title": "There is no such card of yours.",
    "fix": "Check the id, and read the list of cards again.",
    "fault": "the caller's",
    "status": 404
  },
  "not_terminal": {
    "title": "The generation has not ended yet.",
    "fix": "Cancel it first, or wait for its end.",
    "fault": "the caller's",
    "status": 409
  },
  "not_retryable": {
    "title": "Only a failed or canceled generation can be retried.",
    "fix": "Create a new one.",
    "fault": "the caller's",
    "status": 409
  },
  "not_succeeded": {
    "title": "Only a succeeded generation can be reviewed.",
    "fix": "While it is open, wait.",
    "fault": "the caller's",
    "status": 409
  },
  "no_suggestions": {
    "title": "This kind of generation has nothing to review.",
    "fix": "Review a generation whose kind makes suggestions.",
    "fault": "the caller's",
    "status": 409
  },
  "unreadable": {
    "title": "What is stored cannot be read.",
    "fix": "Tell the operator, with the `request_id`; until then the same call fails again. Other generations are not touched by it, and `DELETE /v1/me` needs nothing of it.",
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
    "fix": "Take a new key for each thing that the user wants done, and the same only to repeat one whose answer did not come.",
    "fault": "the caller's",
    "status": 422
  },
  "rate_limited": {
    "title": "You have started as many generations as you may for now.",
    "fix": "Wait for `Retry-After`; then one more is accepted.",
    "fault": "the caller's",
    "status": 429
  },
  "too_many_running": {
    "title": "You have as many generations under way as you may have at once.",
    "fix": "Wait until one has ended, or cancel one.",
    "fault": "the caller's",
    "status": 429
  },
  "daily_spend_reached": {
    "title": "Your generations have cost as much today as they may.",
    "fix": "Wait for the next day (UTC).",
    "fault": "the caller's",
    "status": 429
  },
  "monthly_spend_reached": {
    "title": "Your generations have cost as much this month as they may.",
    "fix": "Wait for the next month (UTC).",
    "fault": "the caller's",
    "status": 429
  },
  "deployment_spend_reached": {
    "title": "The service has spent as much today as it may.",
    "fix": "Wait for the next day (UTC), or bring a key of your own where the service takes one.",
    "fault": "the operator's",
    "status": 429
  },
  "too_many_connections": {
    "title": "You have too many live connections open.",
    "fix": "Poll instead, or close another tab and ask again after `Retry-After`.",
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
    "title": "The service takes no new generations right now.",
    "fix": "Try again after `Retry-After`; everything else works.",
    "fault": "the operator's",
    "status": 503
  },
  "internal_error": {
    "title": "Something went wrong on our side.",
    "fix": "Retry a GET or a cancel. A create may have been carried out: repeat it with its `Idempotency-Key`. Without a key it may start a second generation.",
    "fault": "the operator's",
    "status": 500
  },
  "unavailable": {
    "title": "The service cannot do this right now; try again shortly.",
    "fix": "Retry a GET or a cancel after `Retry-After`. A create may have been carried out: repeat it with its `Idempotency-Key`. Without a key it may start a second generation.",
    "fault": "the operator's",
    "status": 503
  }
};

/** How a generation ended that did not succeed, by code. */
export const FAILURES: Readonly<Record<string, Code>> = {
  "deadline_exceeded": {
    "title": "It timed out.",
    "fix": "Retry it later: what is finished is kept and not paid for again.",
    "fault": "the operator's",
    "retried": true
  },
  "crash_loop": {
    "title": "The workers that took it kept dying, and none of them finished a step.",
    "fix": "Report it to the operator of this service. The same input is likely to fail again.",
    "fault": "the operator's",
    "retried": true
  },
  "handover_limit": {
    "title": "One step takes longer than a worker may run.",
    "fix": "Report it to the operator of this service.",
    "fault": "the operator's",
    "retried": true
  },
  "storage_unavailable": {
    "title": "What was made could not be stored.",
    "fix": "Retry it later: what is finished is kept and not paid for again.",
    "fault": "the operator's",
    "retried": true
  },
  "kind_failed": {
    "title": "The service's code for this kind failed.",
    "fix": "Report it to the operator of this service. The same input is likely to fail again.",
    "fault": "the operator's"
  },
  "kind_broken": {
    "title": "The service's code for this kind breaks a rule of kinds.",
    "fix": "Report it to the operator of this service. The same input is likely to fail again.",
    "fault": "the operator's"
  },
  "call_limit": {
    "title": "One step used up all the calls of the model that it may make.",
    "fix": "Retry it later: what is finished is kept and not paid for again.",
    "fault": "the provider's"
  },
  "cost_limit": {
    "title": "Going on could have cost more than one generation may.",
    "fix": "Ask for less, or for a cheaper model.",
    "fault": "nobody's"
  },
  "spend_ceiling": {
    "title": "What may be spent in this day or month is used up.",
    "fix": "Retry it once the ceiling is reset: what is finished is kept and not paid for again.",
    "fault": "nobody's"
  },
  "input_unreadable": {
    "title": "What was sent in cannot be read any more.",
    "fix": "Create it again.",
    "fault": "the operator's"
  },
  "step_unreadable": {
    "title": "A stored result cannot be read any more.",
    "fix": "Create it again.",
    "fault": "the operator's"
  },
  "provider_key_unavailable": {
    "title": "The service cannot read its key for the model.",
    "fix": "Report it to the operator of this service.",
    "fault": "the operator's",
    "retried": true
  },
  "provider_key_refused": {
    "title": "The model's provider refused the service's key.",
    "fix": "Report it to the operator of this service.",
    "fault": "the operator's"
  },
  "provider_out_of_credit": {
    "title": "The service's account at the model's provider is empty.",
    "fix": "Report it to the operator of this service.",
    "fault": "the operator's"
  },
  "user_key_refused": {
    "title": "The model's provider refused your key.",
    "fix": "Retry it with a key that is valid: what is finished is kept.",
    "fault": "the caller's"
  },
  "user_key_out_of_credit": {
    "title": "The account of your key has no credit left.",
    "fix": "Retry it with the key again once there is credit.",
    "fault": "the caller's"
  },
  "user_key_missing": {
    "title": "Your key is not there any more.",
    "fix": "Retry it with the key again.",
    "fault": "the operator's"
  },
  "user_key_unavailable": {
    "title": "Your key cannot be decrypted right now.",
    "fix": "Retry it later: what is finished is kept and not paid for again.",
    "fault": "the operator's",
    "retried": true
  },
  "provider_forbidden": {
    "title": "The model's provider does not allow this request.",
    "fix": "Try another text, or another model.",
    "fault": "the caller's"
  },
  "provider_bad_request": {
    "title": "The model's provider did not take the request, or does not have this model.",
    "fix": "Create it again with another model.",
    "fault": "the operator's"
  },
  "provider_input_too_large": {
    "title": "The text is too long for this model.",
    "fix": "Send less, or name another model.",
    "fault": "the caller's"
  },
  "provider_protocol_broken": {
    "title": "What the model's provider sent was no answer.",
    "fix": "Report it to the operator of this service.",
    "fault": "the provider's"
  },
  "provider_rate_limited": {
    "title": "The model's provider asked for fewer calls.",
    "fix": "Retry it later: what is finished is kept and not paid for again.",
    "fault": "the operator's",
    "retried": true
  },
  "provider_unavailable": {
    "title": "The model is not available.",
    "fix": "Retry it later: what is finished is kept and not paid for again.",
    "fault": "the provider's",
    "retried": true
  },
  "provider_unreachable": {
    "title": "No connection to the model came about.",
    "fix": "Retry it later: what is finished is kept and not paid for again.",
    "fault": "the provider's",
    "retried": true
  },
  "provider_timeout": {
    "title": "The model did not answer in time.",
    "fix": "Retry it later: what is finished is kept and not paid for again.",
    "fault": "the provider's",
    "retried": true
  },
  "provider_stream_cut": {
    "title": "The model's answer broke off before it was whole.",
    "fix": "Retry it later: what is finished is kept and not paid for again.",
    "fault": "the provider's",
    "retried": true
  },
  "provider_error": {
    "title": "The model's provider reported an error while it answered.",
    "fix": "Retry it later: what is finished is kept and not paid for again.",
    "fault": "the provider's",
    "retried": true
  },
  "output_invalid": {
    "title": "The model's answer is not what was asked for.",
    "fix": "Create it again with another model.",
    "fault": "the model's"
  },
  "output_empty": {
    "title": "The model's answer was empty.",
    "fix": "Creating it again may help.",
    "fault": "the model's"
  },
  "output_truncated": {
    "title": "The model's answer was too long to be whole.",
    "fix": "Ask for less, or send less text.",
    "fault": "the operator's"
  },
  "output_too_large": {
    "title": "The model's answer was larger than is taken.",
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
