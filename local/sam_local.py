"""`python -m local.sam_local`: connects `sam local` to a running local stack, and prints how to call it.

The SAM CLI only passes the variables that a function's template names. So a copy of the built template also names the
emulator's address.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import boto3
import yaml

from local.build import built_tree, host_architecture
from local.deployment import STACK_NAME

FOLDER = Path(".local") / "sam"
_PATHS = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


def main(argv: list[str] | None = None) -> int:
    """Return 1 if no local stack is running, or no file says where."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=FOLDER, help=f"folder for the two files ({FOLDER})")
    folder = parser.parse_args(argv).into
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        print("Set the variables that `make run` prints under 'Operate it', and run this again.", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    template = folder / "template.json"
    template.write_text(json.dumps(template_for(built_tree(), endpoint), indent=2), encoding="utf-8")
    variables = folder / "env.json"
    variables.touch(mode=0o600)
    variables.write_text(json.dumps(variables_of_functions(endpoint), indent=2) + "\n", encoding="utf-8")
    print(f"{template} and {variables} lead to {endpoint}. With Docker:")
    print(f"sam local invoke --template {template} --env-vars {variables} --docker-network host \\")
    print("    --event events/create.json CreateFunction")
    return 0


def template_for(tree: Path, endpoint: str) -> dict[str, Any]:
    """Return the built template for this machine: with the emulator's address, and absolute paths."""
    template: dict[str, Any] = yaml.safe_load((tree / "template.yaml").read_text(encoding="utf-8"))
    template["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = endpoint
    template["Parameters"]["Architecture"]["Default"] = host_architecture()
    # `start-api` has no WebSocket APIs, and refuses a template with an authorizer for one.
    resources = template["Resources"].items()
    template["Resources"] = {name: each for name, each in resources if not _is_of_sockets(each)}
    for resource in template["Resources"].values():
        if path := _PATHS.get(resource["Type"]):
            resource["Properties"][path] = str((tree / resource["Properties"][path]).resolve())
    return template


def _is_of_sockets(resource: dict[str, Any]) -> bool:
    properties = resource.get("Properties", {})
    return bool(properties.get("ProtocolType") == "WEBSOCKET" or properties.get("ApiId") == {"Ref": "LiveApi"})


def variables_of_functions(endpoint: str) -> dict[str, dict[str, str]]:
    """Return the variables of each function of the running stack, by the function's name in the template."""
    session = boto3.Session()
    stack = session.client("cloudformation", endpoint_url=endpoint).describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    functions, found = session.client("lambda", endpoint_url=endpoint), {}
    for output in stack["Outputs"]:
        name = output["OutputKey"].removesuffix("Name")
        if name.endswith("Function") and name != output["OutputKey"]:
            deployed = functions.get_function_configuration(FunctionName=output["OutputValue"])
            found[name] = {**deployed["Environment"]["Variables"], "AWS_ENDPOINT_URL": endpoint}
    given = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    # With the local stack's TokenVerifier=gateway, no authorizer is deployed: add one for the same issuer.
    found.setdefault(
        "AuthorizerFunction",
        {
            "AWS_ENDPOINT_URL": endpoint,
            "JWT_ISSUER": given["JwtIssuer"],
            "JWT_AUDIENCE": given["JwtAudience"],
            "TOKEN_ALGORITHM": "RS256",
        },
    )
    return found


if __name__ == "__main__":
    sys.exit(main())
