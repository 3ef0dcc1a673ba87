"""The planned deployment: the template with its parameter values. Uses no account and no network."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from operations.deployment import NotFoundError
from operations.preflight.found import Found, Level

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms, such as `!Ref X`, into one key and its value."""


def _short_form(loader: yaml.Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    return {suffix: loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None}


_Loader.add_multi_constructor("!", _short_form)


def read_template(path: Path = TEMPLATE) -> dict[str, Any]:
    return dict(yaml.load(path.read_text(encoding="utf-8"), _Loader))  # noqa: S506 - a SafeLoader


def read_values(path: Path | None, more: Sequence[str]) -> dict[str, str]:
    """Return the values of a file such as deploy.toml, read as `sam deploy` does, plus `Name=value` arguments.

    Raises NotFoundError if the file or a pair is not valid.
    """
    values: dict[str, str] = {}
    if path is not None:
        try:
            read = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise NotFoundError(f"{path} cannot be read: {error}. Copy deploy.example.toml and fill it in") from error
        values = {
            name: ",".join(map(str, each)) if isinstance(each, list) else str(each) for name, each in read.items()
        }
    for pair in more:
        name, equals, value = pair.partition("=")
        if not equals:
            raise NotFoundError(f"{pair!r} is not Name=value")
        values[name] = value
    return values


@dataclass(frozen=True, slots=True)
class Plan:
    """One stack before its deploy. `given` are the values of the file, `kept` those that the stack already has."""

    stack: str
    template: Mapping[str, Any]
    given: Mapping[str, str]
    kept: Mapping[str, str]

    def value(self, parameter: str) -> str:
        """Return the deploy's value of a parameter; an empty text if the template does not have it."""
        default = self.template["Parameters"].get(parameter, {}).get("Default", "")
        return str(self.given.get(parameter, self.kept.get(parameter, default)))

    def number(self, parameter: str) -> int:
        """Return a count; 0 if its value is invalid, which `values` reports."""
        text = self.value(parameter)
        return int(text) if text.isascii() and text.isdecimal() else 0

    def holds(self, condition: Any) -> bool:
        """Whether a condition of the template, named or inline, is true with these values."""
        if isinstance(condition, str):
            return self.holds(self.template["Conditions"][condition])
        [(form, parts)] = condition.items()
        if form == "Condition":
            return self.holds(parts)
        if form == "Equals":
            one, other = (self.value(each["Ref"]) if isinstance(each, dict) else str(each) for each in parts)
            return one == other
        every = [self.holds(each) for each in parts]
        return {"Not": not every[0], "And": all(every), "Or": any(every)}[form]

    def resource_types(self) -> set[str]:
        """Return the types of the resources that would exist."""
        return {
            each["Type"]
            for each in self.template["Resources"].values()
            if "Condition" not in each or self.holds(each["Condition"])
        }


def values(plan: Plan) -> Iterator[Found]:
    """Find names that SAM would silently ignore, and values that CloudFormation would refuse."""
    for name in plan.given.keys() - plan.template["Parameters"].keys():
        yield Found(
            "value_unknown",
            f"{name} is not a parameter of the template, so SAM silently ignores it.",
            "Correct its name; docs/deploying.md lists all parameters.",
        )
    for name, parameter in plan.template["Parameters"].items():
        text = plan.value(name)
        if not text and ("Default" not in parameter):
            yield Found("value_missing", f"{name} has no value.", f"Set it in deploy.toml: {parameter['Description']}.")
        elif not _takes(parameter, text):
            yield Found(
                "value_refused",
                f"CloudFormation would refuse {text!r} for {name}.",
                f"Set a valid value. {parameter['Description']}.",
            )
    for origin in filter(None, plan.value("AllowedOrigins").split(",")):
        if not _ORIGIN.fullmatch(origin):
            yield Found(
                "origin_odd",
                f"No browser sends the origin {origin!r}, so its pages could not call the API.",
                "Write only scheme and host in AllowedOrigins, without a path or a slash: https://app.example.com.",
            )
        elif origin.startswith("http://") and not origin.startswith(("http://localhost", "http://127.0.0.1")):
            says = f"Pages of {origin} have no TLS, so anybody on the network can read the tokens."
            yield Found("origin_without_tls", says, "Serve them over https.", Level.NOTICE)


def _takes(parameter: Mapping[str, Any], text: str) -> bool:
    if parameter["Type"] == "Number":
        try:
            number = float(text)
        except ValueError:
            return False
        within = parameter.get("MinValue", number) <= number <= parameter.get("MaxValue", number)
        return within and ("AllowedValues" not in parameter or number in parameter["AllowedValues"])
    if "AllowedValues" in parameter and text not in map(str, parameter["AllowedValues"]):
        return False
    if not parameter.get("MinLength", 0) <= len(text) <= parameter.get("MaxLength", len(text)):
        return False
    return re.search(parameter.get("AllowedPattern", ""), text) is not None


_LIMITS = {
    ("AWS::CloudFront::OriginAccessControl", "OriginAccessControlConfig"): 64,
    ("AWS::CloudFront::ResponseHeadersPolicy", "ResponseHeadersPolicyConfig"): 128,
}
"""The longest names of resources that are named after the stack and its region."""


def names(plan: Plan, region: str) -> Iterator[Found]:
    """Find names that AWS would refuse because of the stack's name in them."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", plan.stack):
        yield Found(
            "stack_name_odd",
            f"CloudFormation refuses {plan.stack!r} as a stack name.",
            "Use letters, digits and hyphens, starting with a letter, at most 128 characters.",
        )
    for resource in plan.template["Resources"].values():
        for (kind, inside), longest in _LIMITS.items():
            if resource["Type"] != kind or not plan.holds(resource["Condition"]):
                continue
            pattern = resource["Properties"][inside]["Name"]["Sub"]
            name = pattern.replace("${AWS::StackName}", plan.stack).replace("${AWS::Region}", region)
            if len(name) > longest:
                yield Found(
                    "name_too_long",
                    f"{name} has {len(name)} characters, and {kind} allows {longest}. WebPage=enabled needs it.",
                    f"Shorten the stack's name by {len(name) - longest} characters, or leave WebPage disabled.",
                )
    own = [name for name in ("ProviderKeyParameter", "JwtSecretParameter") if not plan.value(name)]
    if own and plan.stack.lower().startswith(("aws", "ssm")):
        yield Found(
            "key_name_reserved",
            f"SSM refuses parameter names that begin with /{plan.stack[:3]}, as the key's default name does.",
            f"Choose another stack name, or set {' and '.join(own)}.",
        )
