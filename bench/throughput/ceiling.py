"""A function that does nothing, behind the same gateway and authorizer as ours: what the emulator alone allows."""

import io
import zipfile
from typing import Any

from bench.throughput.load import CEILING_PATH
from local.stack import LocalStack

NAME = "throughput-ceiling"
FOLDER = "nothing"
"""By which the local stack knows its handler."""
SOURCE = 'def handler(event, context):\n    return {"statusCode": 200, "body": "{}"}\n'


def deploy(stack: LocalStack) -> None:
    """Add the function and its route to a stack that runs. They go with the stack."""
    functions, gateway = stack.client("lambda"), stack.client("apigatewayv2")
    like = functions.get_function_configuration(FunctionName=stack.function_names["status"])
    function = functions.create_function(
        FunctionName=NAME,
        Runtime=like["Runtime"],
        Role=like["Role"],
        MemorySize=like["MemorySize"],
        Handler=f"{FOLDER}.handler",
        Code={"ZipFile": _archive()},
        Timeout=10,
    )
    functions.add_permission(
        FunctionName=NAME, StatementId="gateway", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    api = _api_of(stack)
    integration = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function["FunctionArn"],
        PayloadFormatVersion="2.0",
    )
    [route] = [each for each in gateway.get_routes(ApiId=api)["Items"] if each["RouteKey"] == "GET /v1/generations"]
    gateway.create_route(
        ApiId=api,
        RouteKey=f"GET {CEILING_PATH}",
        AuthorizationType=route["AuthorizationType"],
        AuthorizerId=route["AuthorizerId"],
        Target=f"integrations/{integration['IntegrationId']}",
    )


def _api_of(stack: LocalStack) -> Any:
    apis = stack.client("apigatewayv2").get_apis()["Items"]
    [api] = [each["ApiId"] for each in apis if each["ProtocolType"] == "HTTP"]
    return api


def _archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(f"{FOLDER}.py", SOURCE)
    return made.getvalue()
