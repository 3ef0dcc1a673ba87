"""The template as CloudFormation sees it once it knows its parameters: each condition decided, each `Fn::If` chosen."""

from collections.abc import Mapping
from typing import Any

NO_VALUE = {"Ref": "AWS::NoValue"}


def evaluated(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return resources and outputs as they are with `parameters`; the others have their defaults, or a made-up text."""
    given = {name: str(each.get("Default", "made-up")) for name, each in template["Parameters"].items()}
    conditions = template["Conditions"]
    values = {**given, **parameters}

    def holds(name: str) -> bool:
        return decided(conditions[name])

    def decided(condition: Any) -> bool:
        [(function, of)] = condition.items()
        match function:
            case "Fn::Equals":
                first, second = (values[each["Ref"]] if isinstance(each, dict) else str(each) for each in of)
                return first == second
            case "Fn::Not":
                return not decided(of[0])
            case "Fn::And":
                return all(decided(each) for each in of)
            case "Fn::Or":
                return any(decided(each) for each in of)
            case "Condition" | "Fn::Condition":
                return holds(of)
        raise ValueError(function)

    def chosen(value: Any) -> Any:
        if isinstance(value, list):
            return [each for each in map(chosen, value) if each != NO_VALUE]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Fn::If"}:
            condition, yes, no = value["Fn::If"]
            return chosen(yes if holds(condition) else no)
        if set(value) == {"Fn::Sub"} and isinstance(value["Fn::Sub"], list):
            return _substituted(*map(chosen, value["Fn::Sub"]))
        found = {name: chosen(each) for name, each in value.items()}
        return {name: each for name, each in found.items() if each != NO_VALUE or value == NO_VALUE}

    return {
        part: {
            name: chosen(each)
            for name, each in template[part].items()
            if "Condition" not in each or holds(each["Condition"])
        }
        for part in ("Resources", "Outputs")
    }


def _substituted(text: str, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a substitution without those of its parts that are texts, or substitutions themselves."""
    left = {}
    for name, part in parts.items():
        own = part.get("Fn::Sub") if isinstance(part, dict) else part
        if isinstance(own, str):
            text = text.replace(f"${{{name}}}", own)
        else:
            left[name] = part
    return {"Fn::Sub": [text, left] if left else text}
