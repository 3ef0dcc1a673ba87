// Says in plain words why something did not work and what can be done about it. The codes are those of docs/errors.md.

export interface Words {
  /** What happened, as a sentence. */
  what: string;
  /** What to do about it, as a sentence. */
  todo: string;
}

const LATER = "Retry it later: what is finished is kept and not paid for again.";
const OPERATOR = "Tell whoever runs this service.";
const OTHER_MODEL = "Create it again with another model.";
const OTHER_TEXT = "Try another text, or another model.";

/** Why a generation failed, or an attempt was given back. */
const FAILURES: Record<string, Words> = {
  deadline_exceeded: { what: "It was not done in the time that it had.", todo: LATER },
  crash_loop: {
    what: "The workers that took it kept dying, and none of them finished a step.",
    todo: `The same input is likely to fail again. ${OPERATOR}`,
  },
  handover_limit: { what: "One step takes longer than a worker may run.", todo: OPERATOR },
  call_limit: { what: "One step used up all the calls of the model that it may make.", todo: LATER },
  cost_limit: {
    what: "Going on could have cost more than one generation may.",
    todo: "Ask for less, or for a cheaper model.",
  },
  input_unreadable: { what: "What was sent in cannot be read any more.", todo: "Create it again." },
  step_unreadable: { what: "A stored result cannot be read any more.", todo: "Create it again." },
  provider_key_unavailable: { what: "The service cannot read its key for the model.", todo: OPERATOR },
  provider_key_refused: { what: "The model's provider refused the service's key.", todo: OPERATOR },
  provider_out_of_credit: { what: "The service's account at the model's provider is empty.", todo: OPERATOR },
  user_key_refused: {
    what: "The model's provider refused your key.",
    todo: "Retry it with a key that is valid: what is finished is kept.",
  },
  user_key_out_of_credit: {
    what: "The account of your key has no credit left.",
    todo: "Retry it with the key again once there is credit.",
  },
  user_key_missing: { what: "Your key is not there any more.", todo: "Retry it with the key again." },
  user_key_unavailable: { what: "Your key cannot be decrypted right now.", todo: LATER },
  provider_forbidden: { what: "The model's provider does not allow this request.", todo: OTHER_TEXT },
  provider_bad_request: {
    what: "The model's provider did not take the request, or does not have this model.",
    todo: OTHER_MODEL,
  },
  provider_input_too_large: { what: "The text is too long for this model.", todo: "Send less, or name another model." },
  provider_rate_limited: { what: "The model's provider asked for fewer calls.", todo: LATER },
  provider_unavailable: { what: "The model is not available.", todo: LATER },
  provider_unreachable: { what: "No connection to the model came about.", todo: LATER },
  provider_timeout: { what: "The model did not answer in time.", todo: LATER },
  provider_stream_cut: { what: "The model's answer broke off before it was whole.", todo: LATER },
  provider_error: { what: "The model's provider reported an error while it answered.", todo: LATER },
  output_invalid: { what: "The model's answer is not what was asked for.", todo: OTHER_MODEL },
  output_empty: { what: "The model's answer was empty.", todo: "Creating it again may help." },
  output_truncated: { what: "The model's answer was too long to be whole.", todo: "Ask for less, or send less text." },
  output_too_large: { what: "The model's answer was larger than is taken.", todo: "Ask for less." },
  output_filtered: { what: "The provider's content filter stopped the answer.", todo: OTHER_TEXT },
  output_refused: { what: "The model refused to answer.", todo: OTHER_TEXT },
};

/** Why a call was refused. */
const PROBLEMS: Record<string, Words> = {
  invalid_json: { what: "The service could not read what was sent.", todo: "Reload the page and try again." },
  invalid_encoding: { what: "The text holds characters that are broken.", todo: "Take them out and send it again." },
  validation_failed: { what: "Something in the form is not right.", todo: "Mend the fields that are marked." },
  idempotency_key_invalid: { what: "The request's own key is not valid.", todo: "Reload the page and try again." },
  invalid_query: { what: "The service did not understand what to list.", todo: "Reload the page." },
  user_key_required: {
    what: "It was made with a key of your own, which is not kept.",
    todo: "Give the key again, or create a new one.",
  },
  token_expired: { what: "Your sign-in has expired.", todo: "Sign in again." },
  unsupported_subject: { what: "This sign-in cannot be used here.", todo: "Sign in as another user." },
  not_found: {
    what: "There is no such generation.",
    todo: "It never existed, it is older than what is kept, or it is somebody else's.",
  },
  suggestion_not_found: { what: "There is no such suggestion.", todo: "Reload the page." },
  not_terminal: { what: "It has not ended yet.", todo: "Cancel it first, or wait for its end." },
  not_retryable: { what: "It cannot be retried.", todo: "Create a new one." },
  not_succeeded: { what: "It has no result to decide on yet.", todo: "Wait for its end." },
  no_suggestions: { what: "There is nothing to decide on in a result of this kind.", todo: "" },
  body_too_large: { what: "This is more than can be sent at once.", todo: "Send less." },
  idempotency_key_reused: { what: "The same key was sent with another request before.", todo: "Send it once more." },
  rate_limited: { what: "You have started as many as you may for now.", todo: "" },
  too_many_running: { what: "You have as many open as you may.", todo: "Wait until one has ended, or cancel one." },
  daily_spend_reached: { what: "Your generations have cost as much today as they may.", todo: "Go on tomorrow (UTC)." },
  internal_error: { what: "Something went wrong in the service.", todo: "Try again." },
  unavailable: { what: "The service is not available right now.", todo: "Try again in a moment." },
  network_error: { what: "The service could not be reached.", todo: "Look at your connection, and try again." },
  unauthorized: { what: "You are not signed in any more.", todo: "Sign in again." },
};

export function failureWords(code: string): Words {
  return FAILURES[code] ?? { what: `It failed (${code}).`, todo: LATER };
}

export function problemWords(code: string): Words | null {
  return PROBLEMS[code] ?? null;
}

export function isFailureKnown(code: string): boolean {
  return code in FAILURES;
}

/** What a kind is called, alone and in the plural of its results. */
export function kindName(kind: string): string {
  const known: Record<string, string> = {
    flashcards: "Flashcards",
    story: "Story",
    assistant: "Assistant",
    image: "Image",
  };
  return known[kind] ?? kind.charAt(0).toUpperCase() + kind.slice(1).replaceAll("_", " ");
}
