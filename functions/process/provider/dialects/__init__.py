"""The wires that a model server may speak, by name. Each is imported when a deployment uses it, and no other."""

from importlib import import_module

from functions.process.provider.dialects.contract import Dialect

# Its name as a parameter, its module and what makes it.
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
    """Return how to speak to `host`: as `protocol` says, or by its domain, or in the smallest common form.

    Raises ValueError for a protocol that there is not.
    """
    if protocol != "auto" and protocol not in NAMES:
        raise ValueError(f"the protocol must be auto or one of {', '.join(NAMES)}, and is {protocol!r}")
    name = protocol if protocol != "auto" else _by_domain(host)
    module, _, maker = NAMES[name].partition(".")
    made: Dialect = getattr(import_module(f"{__name__}.{module}"), maker)(base_url)
    return made


def _by_domain(host: str) -> str:
    for domain, name in DOMAINS.items():
        if host == domain or host.endswith("." + domain):
            return name
    return "compatible"
