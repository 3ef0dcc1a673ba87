"""The template's promises about live connections: none by default, and few rights where they exist."""

import json
from typing import Any

import pytest
import yaml

from shared.store.connections import YOUNG_SECONDS
from tests.unit.evaluated import evaluated
from tests.unit.test_template import TEMPLATE, _Loader, as_list, of_type, statements

ITS_OWN = ("Live", "Push")
CHANGED = {
    "ActionsFunction": {"LIVE_TABLE_NAME", "LIVE_ENDPOINT"},
    "ActionsRole": {"LiveTable.Arn", "/live/DELETE/@connections/*"},
    "MetricsDashboard": {"LiveErrorsAlarm", "PushErrorsAlarm", "PushAgeAlarm"},
    "PageHeaders": {"wss://"},
    "ProcessFunction": {"LIVE_TABLE_NAME", "LIVE_ENDPOINT"},
    "ProcessRole": {"LiveTable.Arn", "/live/POST/@connections/*"},
    "Table": {"KEYS_ONLY"},
}
"""The changes of `Live` to existing resources, and the new parts of each."""


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return dict(yaml.load(TEMPLATE.read_text(), _Loader))  # noqa: S506 - a SafeLoader


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    return dict(template["Resources"])


def with_live(template: dict[str, Any], live: str, verifier: str) -> dict[str, Any]:
    return evaluated(template, {"Live": live, "WebPage": "enabled", "TokenVerifier": verifier})


def texts(value: Any) -> str:
    return json.dumps(value, sort_keys=True).replace('", "', ".")


@pytest.mark.parametrize("verifier", ["gateway", "function"])
def test_without_it_nothing_of_it_is_there_and_with_it_nothing_else_changes(
    template: dict[str, Any], verifier: str
) -> None:
    without, with_it = (with_live(template, live, verifier) for live in ("disabled", "enabled"))
    left = texts(without)
    for other in ("InvokeModelWithResponseStream", "CreateLogStream", "TimeToLiveSpecification"):
        left = left.replace(other, "")
    for word in ("Live", "LIVE_", "Push", "@connections", "wss:", "WEBSOCKET", "Stream", "execute-api:Manage"):
        assert word not in left, word
    for part in ("Resources", "Outputs"):
        added = set(with_it[part]) - set(without[part])
        assert added, part
        assert set(without[part]) < set(with_it[part])
        assert all(name.startswith(ITS_OWN) for name in added), added
    before, after = without["Resources"], with_it["Resources"]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == set(CHANGED)
    for name, words in CHANGED.items():
        assert all(word in texts(after[name]) for word in words), name


def test_it_is_off_unless_it_is_asked_for(template: dict[str, Any]) -> None:
    parameter = template["Parameters"]["Live"]
    assert (parameter["Default"], parameter["AllowedValues"]) == ("disabled", ["enabled", "disabled"])


@pytest.mark.parametrize("verifier", ["gateway", "function"])
def test_nothing_refers_to_what_is_not_there(template: dict[str, Any], verifier: str) -> None:
    for live in ("enabled", "disabled"):
        found = with_live(template, live, verifier)
        names = {*found["Resources"], *template["Parameters"]}
        for reference in references(found):
            assert reference.startswith("AWS::") or reference in names, (live, reference)


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for each in value for found in references(each)]
    if not isinstance(value, dict):
        return []
    own = [value["Ref"]] if "Ref" in value else [value["Fn::GetAtt"][0]] if "Fn::GetAtt" in value else []
    return own + [found for each in value.values() for found in references(each)]


def rights(resources: dict[str, Any], role: str) -> dict[str, set[str]]:
    """Return what a role may do, by the resource."""
    found: dict[str, set[str]] = {}
    for statement in statements(resources[role]["Properties"]):
        assert statement["Effect"] == "Allow"
        for resource in as_list(statement["Resource"]):
            parts = as_list(resource if isinstance(resource, str) else next(iter(resource.values())))
            named = ".".join(part if isinstance(part, str) else texts(part) for part in parts)
            found.setdefault(named, set()).update(as_list(statement["Action"]))
    return found


CONNECTIONS = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${LiveApi}/live/POST/@connections/*"
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_who_opens_connections_may_do_nothing_with_generations(resources: dict[str, Any]) -> None:
    assert rights(resources, "LiveRole") == {
        "LiveLogGroup.Arn": LOGS,
        "LiveTable.Arn": {"dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Query"},
    }


def test_who_tells_of_changes_reads_one_head_at_a_time_and_posts_to_its_own_stage(resources: dict[str, Any]) -> None:
    assert rights(resources, "PushRole") == {
        "PushLogGroup.Arn": LOGS,
        "Table.StreamArn": {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
        "*": {"dynamodb:ListStreams"},
        "Table.Arn": {"dynamodb:GetItem"},
        "LiveTable.Arn": {"dynamodb:Query", "dynamodb:DeleteItem"},
        CONNECTIONS: {"execute-api:ManageConnections"},
    }


def test_an_erasure_may_close_connections_and_post_to_none(resources: dict[str, Any]) -> None:
    found = rights(resources, "ActionsRole")
    assert found["LiveTable.Arn"] == {"dynamodb:Query", "dynamodb:DeleteItem"}
    assert found[CONNECTIONS.replace("POST", "DELETE")] == {"execute-api:ManageConnections"}
    assert CONNECTIONS not in found


def test_the_worker_may_post_what_is_written_so_far_and_touch_no_connection(resources: dict[str, Any]) -> None:
    found = rights(resources, "ProcessRole")
    assert found["LiveTable.Arn"] == {"dynamodb:Query"}
    assert found[CONNECTIONS] == {"execute-api:ManageConnections"}


def test_the_stream_holds_keys_alone_and_heads_alone_are_told_of(resources: dict[str, Any]) -> None:
    stream = resources["Table"]["Properties"]["StreamSpecification"]["Fn::If"]
    assert stream == ["IsLive", {"StreamViewType": "KEYS_ONLY"}, {"Ref": "AWS::NoValue"}]
    source = resources["PushSource"]["Properties"]
    [pattern] = [json.loads(each["Pattern"]) for each in source["FilterCriteria"]["Filters"]]
    assert pattern == {"dynamodb": {"Keys": {"sk": {"S": [{"prefix": "G#"}]}}}}
    assert source["EventSourceArn"] == {"Fn::GetAtt": ["Table", "StreamArn"]}


def test_what_could_not_be_told_holds_up_nothing_for_long(resources: dict[str, Any]) -> None:
    source = resources["PushSource"]["Properties"]
    assert (source["StartingPosition"], source["BatchSize"]) == ("LATEST", 100)
    assert (source["MaximumRetryAttempts"], source["MaximumRecordAgeInSeconds"]) == (2, 60)
    assert (source["BisectBatchOnFunctionError"], source["ParallelizationFactor"]) == (True, 2)


def test_a_socket_opens_with_a_ticket_alone_and_no_message_runs_a_function(resources: dict[str, Any]) -> None:
    routes = {
        each["RouteKey"]: each
        for each in of_type(resources, "AWS::ApiGatewayV2::Route").values()
        if each["ApiId"] == {"Ref": "LiveApi"}
    }
    assert set(routes) == {"$connect", "$disconnect", "$default"}
    connect = routes["$connect"]
    assert (connect["AuthorizationType"], connect["AuthorizerId"]) == ("CUSTOM", {"Ref": "LiveAuthorizer"})
    authorizer = resources["LiveAuthorizer"]["Properties"]
    assert authorizer["IdentitySource"] == ["route.request.querystring.ticket"]
    assert "AuthorizerResultTtlInSeconds" not in authorizer, "a ticket is good once"
    assert routes["$default"]["Target"] == {"Fn::Sub": "integrations/${LivePingIntegration}"}
    ping = resources["LivePingIntegration"]["Properties"]
    assert (ping["IntegrationType"], "IntegrationUri" in ping) == ("MOCK", False)
    assert not of_type_or_none(resources, "AWS::ApiGatewayV2::RouteResponse"), "nothing is answered over the socket"


def of_type_or_none(resources: dict[str, Any], kind: str) -> list[str]:
    return [name for name, each in resources.items() if each["Type"] == kind]


def test_no_log_of_the_gateway_can_hold_a_ticket(resources: dict[str, Any]) -> None:
    stage = resources["LiveStage"]["Properties"]
    assert "AccessLogSettings" not in stage
    assert not {"LoggingLevel", "DataTraceEnabled"} & set(stage["DefaultRouteSettings"])


def test_connections_are_kept_in_a_table_of_their_own_that_forgets_and_has_no_copy(resources: dict[str, Any]) -> None:
    table = resources["LiveTable"]
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
    assert not {"PointInTimeRecoverySpecification", "StreamSpecification"} & set(table["Properties"])
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Delete", "Delete")


def test_a_connection_is_young_for_as_long_as_its_handshake_may_take(resources: dict[str, Any]) -> None:
    """API Gateway waits 29 seconds for an integration, and calls a connection gone until its handshake has ended."""
    assert YOUNG_SECONDS > 29
    assert resources["LiveFunction"]["Properties"]["Timeout"] <= 29


def test_the_ticket_wants_a_token_and_is_limited_as_other_routes_are(resources: dict[str, Any]) -> None:
    route = resources["LiveRoute"]["Properties"]
    assert route["AuthorizationType"] == {"Fn::If": ["FunctionVerifies", "CUSTOM", "JWT"]}
    assert route["ApiId"] == {"Ref": "Api"}
    limits = {"ThrottlingRateLimit": {"Ref": "ApiRateLimit"}, "ThrottlingBurstLimit": {"Ref": "ApiBurstLimit"}}
    assert resources["Stage"]["Properties"]["DefaultRouteSettings"] == limits
    assert resources["LiveStage"]["Properties"]["DefaultRouteSettings"] == limits
