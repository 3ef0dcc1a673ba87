"""The AWS rights of `status`, which any valid token reaches most easily: read, write as a rescue does, and send.

Asked with the credentials of its own role, so that IAM answers and not the code that runs under it.
"""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.stack import KEY_PARAMETER, LocalStack

KEY = {"pk": {"S": "somebody"}, "sk": {"S": "G#nothing"}}
ITEM = {**KEY, "note": {"S": "by a test"}}
MESSAGE = json.dumps(
    {"v": 1, "user_id": "somebody", "generation_id": "01900000-0000-7000-8000-000000000000", "fence": 1}
)
"""For a generation that does not exist: the worker drops it."""
REFUSED = {"AccessDenied", "AccessDeniedException", "AccessDeniedError"}


class Role:
    """The role of a function, for anybody who holds its credentials."""

    def __init__(self, stack: LocalStack, function: str) -> None:
        self.stack = stack
        arn = stack.client("iam").get_role(RoleName=stack.role_names[function])["Role"]["Arn"]
        given = stack.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        self._session = boto3.session.Session(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name="us-east-1"
        )

    def client(self, service: Any) -> Any:
        return self._session.client(service, endpoint_url=self.stack.endpoint)

    def table(self, operation: str, **arguments: Any) -> Any:
        return getattr(self.client("dynamodb"), operation)(TableName=self.stack.table_name, **arguments)


Call = Callable[[Role], Any]

MAY: dict[str, Call] = {
    "read an item": lambda role: role.table("get_item", Key=KEY),
    "list what an owner has": lambda role: role.table(
        "query", KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": KEY["pk"]}
    ),
    "change a head": lambda role: role.table("update_item", Key=KEY, UpdateExpression="REMOVE note"),
    "note an event": lambda role: role.table("put_item", Item=ITEM),
    # The end of a generation takes its owner's provider key along.
    "delete in a transaction": lambda role: role.client("dynamodb").transact_write_items(
        TransactItems=[{"Delete": {"TableName": role.stack.table_name, "Key": KEY}}]
    ),
    "send to the queue": lambda role: role.client("sqs").send_message(
        QueueUrl=role.stack.queue_url, MessageBody=MESSAGE
    ),
    "send to the queue of those that run alone": lambda role: role.client("sqs").send_message(
        QueueUrl=role.stack.isolated_queue_url, MessageBody=MESSAGE
    ),
}

MAY_NOT: dict[str, Call] = {
    "delete an item": lambda role: role.table("delete_item", Key=KEY),
    "delete in a batch": lambda role: role.client("dynamodb").batch_write_item(
        RequestItems={role.stack.table_name: [{"DeleteRequest": {"Key": KEY}}]}
    ),
    "read every owner's items": lambda role: role.table("scan"),
    "read every owner's items by a statement": lambda role: role.client("dynamodb").execute_statement(
        Statement=f'SELECT * FROM "{role.stack.table_name}"'  # noqa: S608 - our own table's name
    ),
    "list what is due of every owner": lambda role: role.table(
        "query",
        IndexName="due",
        KeyConditionExpression="due_shard = :shard",
        ExpressionAttributeValues={":shard": {"S": "0"}},
    ),
    "delete the table": lambda role: role.table("delete_table"),
    "change the table": lambda role: role.table("update_table", DeletionProtectionEnabled=False),
    "send to the dead letters": lambda role: role.client("sqs").send_message(
        QueueUrl=role.stack.dead_letter_queue_url, MessageBody="{}"
    ),
    "receive messages": lambda role: role.client("sqs").receive_message(QueueUrl=role.stack.queue_url),
    "purge a queue": lambda role: role.client("sqs").purge_queue(QueueUrl=role.stack.queue_url),
    "read the provider's key": lambda role: role.client("ssm").get_parameter(Name=KEY_PARAMETER, WithDecryption=True),
    "invoke the worker": lambda role: role.client("lambda").invoke(FunctionName=role.stack.function_names["process"]),
    "write its own policy": lambda role: role.client("iam").put_role_policy(
        RoleName=role.stack.role_names["status"], PolicyName="more", PolicyDocument="{}"
    ),
    "become another function": lambda role: role.client("sts").assume_role(
        RoleArn=role.stack.client("iam").get_role(RoleName=role.stack.role_names["process"])["Role"]["Arn"],
        RoleSessionName="test",
    ),
    "read files": lambda role: role.client("s3").list_buckets(),
    "list the pictures of an owner": lambda role: role.client("s3").list_objects_v2(
        Bucket=role.stack.bucket_name, Prefix=f"{'0' * 64}/"
    ),
    "store a picture": lambda role: role.client("s3").put_object(Bucket=role.stack.bucket_name, Key="a", Body=b"x"),
    "delete a picture": lambda role: role.client("s3").delete_object(Bucket=role.stack.bucket_name, Key="a"),
    "decrypt": lambda role: role.client("kms").decrypt(CiphertextBlob=b"x"),
}


@pytest.fixture(scope="module")
def status(stack: LocalStack) -> Role:
    return Role(stack, "status")


@pytest.mark.parametrize("act", MAY)
def test_status_may(status: Role, act: str) -> None:
    answer = MAY[act](status)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    status.stack.client("dynamodb").delete_item(TableName=status.stack.table_name, Key=KEY)


@pytest.mark.parametrize("act", MAY_NOT)
def test_status_may_not(status: Role, act: str) -> None:
    with pytest.raises(ClientError) as refused:
        MAY_NOT[act](status)
    assert refused.value.response["Error"]["Code"] in REFUSED, refused.value
