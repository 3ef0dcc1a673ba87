"""The wire formats of model servers, by name. Only the one that a deployment uses is imported."""

from importlib import import_module

from functions.process.provider.dialects.contract import Dialect

# The parameter's value, the module, and the class.
NAMES = {
    "openrouter": "openrouter.OpenRouter",
    "openai": "chat_completions.OpenAI",
    "compatible": "chat_completions.Compatible",
    "llamacpp": "llama_cpp.LlamaCpp",
    "anthropic": "anthropic.Anthropic",
    "bedrock": "bedrock.Bedrock",
}
DOMAINS = {
    "openrouter.ai": "openrouter",
    "openai.com": "openai",
    "openai.azure.com": "openai",
}


def dialect_for(base_url: str, host: str, protocol: str = "auto") -> Dialect:
    """Return the dialect for `host`: by `protocol`, by its domain, or the smallest common form.

    Raises ValueError for an unknown protocol.
    """
    if protocol != "auto" and protocol not in NAMES:
        raise ValueError(f"the protocol is {protocol!r}; set it to auto or one of {', '.join(NAMES)}")
    name = protocol if protocol != "auto" else _by_domain(host)
    module, _, maker = NAMES[name].partition(".")
    made: Dialect = getattr(import_module(f"{__name__}.{module}"), maker)(base_url)
    return made


def _by_domain(host: str) -> str:
    for domain, name in DOMAINS.items():
        if host == domain or host.endswith("." + domain):
            return name
    return "compatible"
