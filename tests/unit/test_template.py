"""The template's promises, read from the file as SAM and the linter read it."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from functions.process.provider.dialects import NAMES
from shared import kinds
from shared.domain.settings import Settings
from shared.store.sweeps import NO_OWNER

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
SOURCES = ("QueueSource", "IsolatedQueueSource")
QUEUES = ("Queue", "IsolatedQueue")
WITHOUT_A_TOKEN = {f"{method} {path}" for method in ("GET", "HEAD") for path in ("/v1/openapi.json", "/v1/health")}

BEDROCK = "bedrock:InvokeModelWithResponseStream"


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms, as `!Ref X`, into the long ones."""


def _intrinsic(loader: yaml.Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise TypeError(f"unexpected node below !{suffix}")
    return {suffix if suffix == "Ref" else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return dict(yaml.load(TEMPLATE.read_text(), _Loader))  # noqa: S506 - a SafeLoader


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    return dict(template["Resources"])


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    found = {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}
    assert found, f"no {kind}"
    return found


def http_routes(resources: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the routes of the HTTP API, without those of the WebSocket API."""
    routes = of_type(resources, "AWS::ApiGatewayV2::Route").values()
    return [route for route in routes if route["ApiId"] == {"Ref": "Api"}]


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    """Every statement that a role can have, those of a condition too."""
    found = [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]
    return [statement.get("Fn::If", ["", statement])[1] for statement in found]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_a_message_stays_hidden_for_six_times_the_timeout_of_its_worker(template: dict[str, Any]) -> None:
    resources, timeouts = template["Resources"], template["Parameters"]["ProcessTimeoutSeconds"]
    mapping = template["Mappings"]["VisibilityTimeout"]
    assert {int(seconds) for seconds in mapping} == set(timeouts["AllowedValues"])
    assert all(entry["Seconds"] == 6 * int(timeout) for timeout, entry in mapping.items())
    assert resources["ProcessFunction"]["Properties"]["Timeout"] == {"Ref": "ProcessTimeoutSeconds"}
    for queue in QUEUES:
        visibility = resources[queue]["Properties"]["VisibilityTimeout"]
        assert visibility == {"Fn::FindInMap": ["VisibilityTimeout", {"Ref": "ProcessTimeoutSeconds"}, "Seconds"]}


@pytest.mark.parametrize("queue", QUEUES)
def test_a_message_is_tried_at_least_five_times_before_the_dead_letter_queue(
    resources: dict[str, Any], queue: str
) -> None:
    redrive = resources[queue]["Properties"]["RedrivePolicy"]
    assert redrive["maxReceiveCount"] >= 5
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}


def test_the_dead_letter_queue_keeps_a_message_longer_than_the_queue_it_came_from(resources: dict[str, Any]) -> None:
    kept = resources["DeadLetterQueue"]["Properties"]["MessageRetentionPeriod"]
    assert all(resources[queue]["Properties"]["MessageRetentionPeriod"] < kept for queue in QUEUES)


def test_every_queue_is_encrypted(resources: dict[str, Any]) -> None:
    assert all(queue["SqsManagedSseEnabled"] is True for queue in of_type(resources, "AWS::SQS::Queue").values())


@pytest.mark.parametrize("source", SOURCES)
def test_an_event_source_reports_partial_failures(resources: dict[str, Any], source: str) -> None:
    assert resources[source]["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("source", SOURCES)
def test_an_event_source_is_held_by_a_maximum_concurrency_of_at_least_two(
    template: dict[str, Any], source: str
) -> None:
    parameter = template["Resources"][source]["Properties"]["ScalingConfig"]["MaximumConcurrency"]["Ref"]
    assert template["Parameters"][parameter]["MinValue"] >= 2
    assert template["Parameters"][parameter]["Default"] >= 2
    assert "ReservedConcurrentExecutions" not in template["Resources"]["ProcessFunction"]["Properties"]


def test_what_crashed_once_runs_alone(resources: dict[str, Any]) -> None:
    alone = resources["IsolatedQueueSource"]["Properties"]
    assert alone["BatchSize"] == 1
    assert alone["EventSourceArn"] == {"Fn::GetAtt": ["IsolatedQueue", "Arn"]}


def test_the_table_forgets_expired_items_and_can_be_restored(resources: dict[str, Any]) -> None:
    table = resources["Table"]
    properties = table["Properties"]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"
    assert table["UpdateReplacePolicy"] == "Retain"


def test_the_bucket_is_private_encrypted_and_forgets(template: dict[str, Any]) -> None:
    bucket, parameters = template["Resources"]["Bucket"], template["Parameters"]
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    [encryption] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    [rule] = properties["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", {"Ref": "ObjectRetentionDays"})
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert not {"Prefix", "Filter", "TagFilters"} & set(rule), "it is for every object"
    assert "VersioningConfiguration" not in properties, "a deleted object must be gone"
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    longest = max(kinds.load(name).limits.deadline_seconds or 0 for name in kinds.names())
    deadline = max(longest, parameters["DeadlineSeconds"]["Default"])
    covered = parameters["RetentionDays"]["Default"] + deadline / 86_400 + 1
    assert parameters["ObjectRetentionDays"]["Default"] >= covered


def test_the_bucket_is_reached_over_tls_alone(resources: dict[str, Any]) -> None:
    [statement] = resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_pages_may_only_read_the_bucket(resources: dict[str, Any]) -> None:
    [rule] = resources["Bucket"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert (rule["AllowedMethods"], rule["AllowedOrigins"]) == (["GET"], {"Ref": "AllowedOrigins"})


INPUTS, MADE = "${Bucket.Arn}/*/input", "${Bucket.Arn}/*/????????-????-7???-????-????????????/*-*"
PLACES = {
    "CreateRole": {INPUTS},
    "ProcessRole": {INPUTS, MADE},
    "StatusRole": {"${Bucket.Arn}/*"},
    "ActionsRole": {"${Bucket.Arn}/*"},
}


def test_each_function_has_the_rights_to_objects_that_its_calls_need(resources: dict[str, Any]) -> None:
    rights: dict[str, set[str]] = {}
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for statement in statements(role):
            actions = {action for action in as_list(statement["Action"]) if action.startswith("s3:")}
            if not actions:
                continue
            rights.setdefault(name, set()).update(actions)
            if "s3:ListBucket" in actions:
                assert statement["Resource"] == {"Fn::GetAtt": ["Bucket", "Arn"]}
                assert statement["Condition"] == {"StringLike": {"s3:prefix": "?" * 64 + "/"}}, "of one owner at a time"
            else:
                places = {each["Fn::Sub"] for each in as_list(statement["Resource"])}
                assert places <= PLACES[name], "what its calls need is in tests/integration/test_rights_are_used.py"
    assert rights == {
        "CreateRole": {"s3:PutObject", "s3:DeleteObject"},
        "StatusRole": {"s3:GetObject"},
        "ProcessRole": {"s3:GetObject", "s3:PutObject"},
        "ActionsRole": {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"},
    }


def test_a_url_is_good_for_five_to_fifteen_minutes(template: dict[str, Any]) -> None:
    parameter = template["Parameters"]["SignedUrlSeconds"]
    assert (parameter["MinValue"], parameter["MaxValue"]) == (300, 900)


def test_the_only_index_is_the_sparse_one_of_what_is_due(resources: dict[str, Any]) -> None:
    (index,) = resources["Table"]["Properties"]["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "due"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["due_shard", "due_at"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    table_keys = {key["AttributeName"] for key in resources["Table"]["Properties"]["KeySchema"]}
    assert not table_keys & {"due_shard", "due_at"}, "an index over a key of the table would hold every item"


def test_every_route_wants_a_token_of_the_configured_issuer(resources: dict[str, Any]) -> None:
    kinds = {"Fn::If": ["FunctionVerifies", "CUSTOM", "JWT"]}
    authorizers = {"Fn::If": ["FunctionVerifies", {"Ref": "RequestAuthorizer"}, {"Ref": "Authorizer"}]}
    for route in http_routes(resources):
        if route["RouteKey"] in WITHOUT_A_TOKEN:
            assert (route["AuthorizationType"], "AuthorizerId" in route) == ("NONE", False), route["RouteKey"]
        else:
            assert (route["AuthorizationType"], route["AuthorizerId"]) == (kinds, authorizers), route["RouteKey"]
    authorizer = resources["Authorizer"]["Properties"]
    expected = {"Issuer": {"Ref": "JwtIssuer"}, "Audience": [{"Ref": "JwtAudience"}]}
    assert authorizer["JwtConfiguration"] == expected


def test_exactly_one_authorizer_exists_whichever_verifies(template: dict[str, Any]) -> None:
    conditions, resources = template["Conditions"], template["Resources"]
    for name, value in (("GatewayVerifies", "gateway"), ("FunctionVerifies", "function")):
        assert conditions[name] == {"Fn::Equals": [{"Ref": "TokenVerifier"}, value]}
    assert template["Parameters"]["TokenVerifier"]["AllowedValues"] == ["gateway", "function"]
    assert resources["Authorizer"]["Condition"] == "GatewayVerifies"
    own = [name for name in resources if name.startswith("Authorizer") and name != "Authorizer"]
    assert {resources[name]["Condition"] for name in ("RequestAuthorizer", *own)} == {"FunctionVerifies"}


def test_a_decision_of_the_authorizer_is_kept_for_one_header_and_never_long(template: dict[str, Any]) -> None:
    """A kept refusal or a key that was taken back must not count for longer than some minutes."""
    authorizer = template["Resources"]["RequestAuthorizer"]["Properties"]
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert authorizer["AuthorizerResultTtlInSeconds"] == {"Ref": "TokenCacheSeconds"}
    assert template["Parameters"]["TokenCacheSeconds"]["MaxValue"] <= 300
    assert authorizer["EnableSimpleResponses"] is True
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"


def test_the_authorizer_takes_one_algorithm_and_that_is_never_none(template: dict[str, Any]) -> None:
    allowed = template["Parameters"]["TokenAlgorithm"]["AllowedValues"]
    assert set(allowed) == {"ES256", "RS256", "EdDSA", "HS256"}


def test_cors_names_its_origins_and_shows_the_headers_clients_need(template: dict[str, Any]) -> None:
    cors = template["Resources"]["Api"]["Properties"]["CorsConfiguration"]
    assert cors["AllowOrigins"] == {"Ref": "AllowedOrigins"}
    assert "Default" not in template["Parameters"]["AllowedOrigins"]
    assert {"Location", "Retry-After", "ETag", "RateLimit", "RateLimit-Policy"} <= set(cors["ExposeHeaders"])
    assert {"authorization", "content-type", "idempotency-key", "if-none-match"} == set(cors["AllowHeaders"])
    methods = {route["RouteKey"].split()[0] for route in http_routes(template["Resources"])}
    assert set(cors["AllowMethods"]) == methods


def test_no_role_holds_a_wildcard_or_a_managed_policy(resources: dict[str, Any]) -> None:
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role, name
        for statement in statements(role):
            assert "*" not in str(statement["Action"]), name
            # An object has no name yet when a policy grants its creation. The same applies to a model that a request
            # names, and to a connection. AWS lists streams for all tables or for none.
            if statement["Action"] not in (BEDROCK, "dynamodb:ListStreams"):
                named = str(statement["Resource"]).replace("/@connections/*", "")
                for place in sorted({place for places in PLACES.values() for place in places}, key=len, reverse=True):
                    named = named.replace(place, "")
                assert "*" not in named, name
            assert "NotAction" not in statement, name
            assert "NotResource" not in statement, name


def test_only_the_worker_may_call_models_and_only_where_bedrock_is_what_it_speaks(resources: dict[str, Any]) -> None:
    assert str(resources).count(BEDROCK) == 1
    policy = resources["ProcessRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (condition, granted, otherwise) = next(each["Fn::If"] for each in policy if BEDROCK in str(each))
    assert (condition, otherwise) == ("UsesBedrock", {"Ref": "AWS::NoValue"})
    kinds = ("foundation-model", "inference-profile", "application-inference-profile")
    assert [arn["Fn::Sub"].rpartition(":")[2] for arn in granted["Resource"]] == [f"{kind}/*" for kind in kinds]


def test_a_deployment_may_name_every_wire_that_there_is_and_its_page_has_a_row_for_each(
    template: dict[str, Any],
) -> None:
    assert template["Parameters"]["LlmProtocol"]["AllowedValues"] == ["auto", *NAMES]
    page = Path("docs/providers.md").read_text()
    assert re.findall(r"^\| `(\w+)` \| .* \| (?:yes|no) \|$", page, re.MULTILINE) == list(NAMES)


def test_what_a_model_of_thirty_tokens_a_second_may_write_fits_in_the_time_that_a_call_has() -> None:
    defaults = Settings("t", "q", "i")
    assert defaults.max_completion_tokens / 30 <= defaults.model_timeout_seconds


def test_every_function_has_a_role_of_its_own_and_none_that_sam_adds_to(resources: dict[str, Any]) -> None:
    functions = of_type(resources, "AWS::Serverless::Function")
    roles = [function["Role"]["Fn::GetAtt"][0] for function in functions.values()]
    assert sorted(roles) == sorted(name.replace("Function", "Role") for name in functions)
    assert not any("Policies" in function for function in functions.values())


def test_only_the_worker_may_read_the_providers_key(resources: dict[str, Any]) -> None:
    readers = {
        name: statement["Resource"]
        for name, role in of_type(resources, "AWS::IAM::Role").items()
        for statement in statements(role)
        if any(action.startswith(("ssm:", "secretsmanager:")) for action in as_list(statement["Action"]))
    }
    assert set(readers) == {"ProcessRole", "AuthorizerRole"}
    functions = of_type(resources, "AWS::Serverless::Function")
    names = {
        "ProviderKeyParameter": functions["ProcessFunction"]["Environment"]["Variables"]["PROVIDER_KEY_PARAMETER"],
        "JwtSecretParameter": functions["AuthorizerFunction"]["Environment"]["Variables"]["JWT_SECRET_PARAMETER"][
            "Fn::If"
        ][1],
    }
    for role, own in (("ProcessRole", names["ProviderKeyParameter"]), ("AuthorizerRole", names["JwtSecretParameter"])):
        text, [named] = readers[role]["Fn::Sub"][0], readers[role]["Fn::Sub"][1].values()
        assert text.endswith((":parameter${Key}", ":parameter${Secret}"))
        assert named == own, "the one that the function asks for, and no other"
    assert [name for name, each in functions.items() if "PROVIDER_KEY" in str(each)] == ["ProcessFunction"]


def test_who_takes_a_users_key_may_encrypt_and_only_the_worker_may_decrypt(resources: dict[str, Any]) -> None:
    context = {
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["user_id", "generation_id"]},
        "Null": {"kms:EncryptionContextKeys": "false"},  # ForAllValues holds for a key that is absent
    }
    found = {}
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for statement in statements(role):
            if "kms:" in str(statement["Action"]):
                assert statement["Resource"] == {"Fn::GetAtt": ["UserKeysKey", "Arn"]}
                assert statement["Condition"] == context
                found[name] = statement["Action"]
    assert found == {"CreateRole": "kms:Encrypt", "ActionsRole": "kms:Encrypt", "ProcessRole": "kms:Decrypt"}
    told = {
        name: each["Environment"]["Variables"]["KMS_KEY_ID"]
        for name, each in of_type(resources, "AWS::Serverless::Function").items()
        if "KMS_KEY_ID" in str(each)
    }
    key = {"Fn::If": ["TakesUserKeys", {"Fn::GetAtt": ["UserKeysKey", "Arn"]}, ""]}
    assert told == dict.fromkeys(("CreateFunction", "ActionsFunction", "ProcessFunction"), key)


def test_every_setting_of_the_code_is_a_variable_of_the_template(template: dict[str, Any]) -> None:
    variables = dict(template["Globals"]["Function"]["Environment"]["Variables"])
    for function in of_type(template["Resources"], "AWS::Serverless::Function").values():
        variables |= function.get("Environment", {}).get("Variables", {})
    assert {field.name.upper() for field in dataclasses.fields(Settings)} <= set(variables)


@pytest.mark.parametrize("models", ["", "a/b", "a/b:free,c/d,e/f"])
def test_openrouter_takes_three_fallbacks_at_most(template: dict[str, Any], models: str) -> None:
    pattern = template["Parameters"]["FallbackModels"]["AllowedPattern"]
    assert re.fullmatch(pattern, models)
    for refused in ("a,b,c,d", "a, b", ",a", "a,"):
        assert not re.fullmatch(pattern, refused)


def test_the_key_of_users_keys_rotates_costs_nothing_when_switched_off_and_is_left_to_iam(
    template: dict[str, Any],
) -> None:
    key = template["Resources"]["UserKeysKey"]
    assert key["Condition"] == template["Resources"]["UserKeysAlias"]["Condition"] == "TakesUserKeys"
    assert template["Conditions"]["TakesUserKeys"] == {"Fn::Equals": [{"Ref": "UserKeys"}, "enabled"]}
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["Properties"].get("KeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
    (statement,) = key["Properties"]["KeyPolicy"]["Statement"]
    assert statement["Principal"]["AWS"]["Fn::Sub"].endswith(":root"), "who else, the roles' own policies say"
    for role in of_type(template["Resources"], "AWS::IAM::Role").values():
        for policy in role["Policies"]:
            for each in policy["PolicyDocument"]["Statement"]:
                assert "UserKeysKey" not in str(each) or each["Fn::If"][0] == "TakesUserKeys"


def test_only_an_erasure_deletes_outside_of_a_transaction_and_nobody_in_a_partition_of_no_owner(
    resources: dict[str, Any],
) -> None:
    owners = {
        "ForAllValues:StringNotLike": {"dynamodb:LeadingKeys": [f"{NO_OWNER[0]}*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    within = {"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}} | owners
    found = {
        name: statement.get("Condition")
        for name, role in of_type(resources, "AWS::IAM::Role").items()
        for statement in statements(role)
        if "dynamodb:DeleteItem" in as_list(statement["Action"])
        and statement["Resource"] == {"Fn::GetAtt": ["Table", "Arn"]}
    }
    ends = dict.fromkeys(("CreateRole", "StatusRole", "ProcessRole", "SweeperRole"), within)
    assert found == ends | {"ActionsRole": owners}


def test_only_the_sweeper_may_read_the_index(resources: dict[str, Any]) -> None:
    roles = of_type(resources, "AWS::IAM::Role")
    readers = [name for name, role in roles.items() if "/index/" in str(statements(role))]
    assert readers == ["SweeperRole"]


def test_what_makes_new_generations_may_not_start_a_rescued_one(resources: dict[str, Any]) -> None:
    roles = of_type(resources, "AWS::IAM::Role")
    senders = {
        name: [arn["Fn::GetAtt"][0] for arn in as_list(statement["Resource"])]
        for name, role in roles.items()
        for statement in statements(role)
        if "sqs:SendMessage" in as_list(statement["Action"])
    }
    both = ["Queue", "IsolatedQueue"]
    new = {"CreateRole": ["Queue"], "ActionsRole": ["Queue"]}
    assert senders == new | {"StatusRole": both, "ProcessRole": both, "SweeperRole": both}


def test_every_function_writes_to_a_log_group_of_its_own_that_forgets(resources: dict[str, Any]) -> None:
    groups = of_type(resources, "AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())
    for name, function in of_type(resources, "AWS::Serverless::Function").items():
        group = function["LoggingConfig"]["LogGroup"]["Ref"]
        assert group == name.replace("Function", "LogGroup")
        assert group in groups
        role = resources[function["Role"]["Fn::GetAtt"][0]]["Properties"]
        logging = [each["Resource"] for each in statements(role) if "logs:PutLogEvents" in as_list(each["Action"])]
        assert logging == [{"Fn::GetAtt": [group, "Arn"]}]


def test_functions_run_on_arm_unless_told_otherwise_and_the_layer_is_built_for_the_same(
    template: dict[str, Any],
) -> None:
    assert template["Parameters"]["Architecture"]["Default"] == "arm64"
    layer = template["Resources"]["SharedLayer"]
    assert layer["Metadata"]["BuildArchitecture"] == {"Ref": "Architecture"}
    assert layer["Properties"]["CompatibleArchitectures"] == [{"Ref": "Architecture"}]
    assert template["Globals"]["Function"]["Architectures"] == [{"Ref": "Architecture"}]


def test_every_function_is_built_from_its_own_directory(resources: dict[str, Any]) -> None:
    for name, function in of_type(resources, "AWS::Serverless::Function").items():
        package = name.removesuffix("Function").lower()
        assert function["CodeUri"] == f"functions/{package}"
        assert function["Handler"] == f"functions.{package}.handler.handler"
        assert resources[name]["Metadata"] == {"BuildProperties": {"ParentPackageMode": "auto"}}


def test_the_schedule_may_start_the_sweeper_and_nothing_else(resources: dict[str, Any]) -> None:
    (statement,) = statements(resources["ScheduleRole"]["Properties"])
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"] == {"Fn::GetAtt": ["SweeperFunction", "Arn"]}
    assert resources["Schedule"]["Properties"]["Target"]["Arn"] == statement["Resource"]


def test_a_sweep_ends_before_its_second_successor_starts(resources: dict[str, Any]) -> None:
    sweeper = resources["SweeperFunction"]["Properties"]
    assert sweeper["Timeout"] <= 60
    assert sweeper["EventInvokeConfig"]["MaximumRetryAttempts"] == 0


def test_every_parameter_says_what_it_is_for_and_is_used(template: dict[str, Any]) -> None:
    body = TEMPLATE.read_text()
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"], name
        assert f"!Ref {name}" in body or f"${{{name}}}" in body, name


def test_the_sweeper_keeps_concurrency_only_where_it_is_asked_for(template: dict[str, Any]) -> None:
    """An account that has no more than AWS's least refuses to reserve any: the deploy of a new one must not fail."""
    parameter = template["Parameters"]["SweeperReservedConcurrency"]
    assert parameter["Default"] == ""
    assert [bool(re.fullmatch(parameter["AllowedPattern"], each)) for each in ("", "2", "0", "-1", "x")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    reserved = {
        name: function["ReservedConcurrentExecutions"]
        for name, function in of_type(template["Resources"], "AWS::Serverless::Function").items()
        if "ReservedConcurrentExecutions" in function
    }
    either = ["ReservesForSweeper", {"Ref": "SweeperReservedConcurrency"}, {"Ref": "AWS::NoValue"}]
    assert reserved == {"SweeperFunction": {"Fn::If": either}}


def test_a_condition_on_all_values_of_a_key_also_asks_that_there_are_any(resources: dict[str, Any]) -> None:
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for statement in statements(role):
            condition = statement.get("Condition", {})
            for keys in (each for operator, each in condition.items() if operator.startswith("ForAllValues:")):
                assert {"Null": dict.fromkeys(keys, "false")}.items() <= condition.items(), name


def test_the_table_is_protected_against_deletion_where_that_is_asked_for(template: dict[str, Any]) -> None:
    protected = template["Resources"]["Table"]["Properties"]["DeletionProtectionEnabled"]
    assert protected == {"Fn::If": ["ProtectsTable", True, False]}
    assert template["Conditions"]["ProtectsTable"] == {"Fn::Equals": [{"Ref": "TableDeletionProtection"}, "enabled"]}
    assert template["Parameters"]["TableDeletionProtection"]["Default"] == "disabled"


def test_no_function_holds_a_right_to_a_queue_that_nothing_uses(resources: dict[str, Any]) -> None:
    """Receive, delete and attributes are the event source mapping's, which acts with the worker's role."""
    found = {
        action
        for role in of_type(resources, "AWS::IAM::Role").values()
        for statement in statements(role)
        for action in as_list(statement["Action"])
        if action.startswith("sqs:")
    }
    assert found == {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}


def test_the_access_log_names_the_caller_only_where_that_is_asked_for(template: dict[str, Any]) -> None:
    text, values = template["Resources"]["Stage"]["Properties"]["AccessLogSettings"]["Format"]["Fn::Sub"]
    assert "authorizer.sub" not in text
    assert "claims" not in text
    assert template["Parameters"]["LogSubjects"]["Default"] == "disabled"
    asked, by_verifier, otherwise = values["Subject"]["Fn::If"]
    assert (asked, otherwise) == ("LogsSubjects", "")
    verifies, own, gateways = by_verifier["Fn::If"]
    assert verifies == "FunctionVerifies"
    for subject, name in ((own, "$context.authorizer.sub"), (gateways, "$context.authorizer.claims.sub"), ("", None)):
        line = json.loads(text.replace("${Subject}", subject))
        assert line.get("sub") == name
        assert line["request_id"] == "$context.requestId"
