"""Prints what the SAM CLI reads of a template and a file of variables: run as a program, since it changes yaml for all.

`python -m tests.e2e.sam_reading TEMPLATE ENV_JSON [Name=value ...]`
"""

import json
import sys
from pathlib import Path

from samcli.commands.local.lib.local_lambda import LocalLambdaRunner
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider


def main() -> None:
    """Print the environment of each function's container, where its code is, and the routes with their authorizers."""
    template, variables, *given = sys.argv[1:]
    overrides = dict(pair.split("=", 1) for pair in given)
    stacks, _ = SamLocalStackProvider.get_stacks(template, parameter_overrides=overrides)
    functions, folder = SamFunctionProvider(stacks), str(Path(template).parent)
    values = json.loads(Path(variables).read_text(encoding="utf-8"))
    runner = LocalLambdaRunner(None, functions, folder, folder, env_vars_values=values)
    print(
        json.dumps(
            {
                "functions": {
                    each.name: {"variables": runner._make_env_vars(each).resolve(), "code": each.codeuri}
                    for each in functions.get_all()
                },
                "routes": [
                    [method, route.path, route.authorizer_name]
                    for route in ApiProvider(stacks, cwd=folder).api.routes
                    for method in route.methods
                    if method != "OPTIONS"
                ],
            }
        )
    )


if __name__ == "__main__":
    main()
