"""AWS's quotas and rates as they are published, each with where it stands and when it was read. Decides nothing."""

from dataclasses import dataclass

_AWS = "https://docs.aws.amazon.com"
_SQS_SCALING = f"{_AWS}/lambda/latest/dg/services-sqs-scaling.html"
_PROVISIONED = f"{_AWS}/lambda/latest/api/API_ProvisionedPollerConfig.html"
_NEWS = "https://aws.amazon.com/blogs/aws/aws-lambda-enhances-sqs-processing-with-new-provisioned-mode-3x-faster-scaling-16x-higher-capacity"
_ON_DEMAND = f"{_AWS}/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
_PARTITION = f"{_AWS}/amazondynamodb/latest/developerguide/throttling-key-range-limit-exceeded-mitigation.html"
_TABLE = f"{_AWS}/amazondynamodb/latest/developerguide/ServiceQuotas.html"
_LAMBDA = f"{_AWS}/lambda/latest/dg/gettingstarted-limits.html"
READ_ON = "2026-11-25"


@dataclass(frozen=True, slots=True)
class Quota:
    """One figure of AWS's. `raised` says whether they raise it when asked."""

    what: str
    value: float
    unit: str
    source: str
    raised: str


API_RATE = Quota(
    "API Gateway: requests, all APIs of the account",
    10_000,
    "a second",
    f"{_AWS}/apigateway/latest/developerguide/limits.html",
    "yes; 2,500 in some Regions",
)
API_BURST = Quota("API Gateway: burst on top of it", 5_000, "requests", API_RATE.source, "with the rate")
ACCOUNT = Quota(
    "Lambda: concurrent executions of the account", 1_000, "at once", _LAMBDA, "yes; new accounts have less"
)
SCALING = Quota(
    "Lambda: new environments of one function",
    100,
    "a second",
    f"{_AWS}/lambda/latest/dg/scaling-behavior.html",
    "no; documented as 1,000 in 10 s",
)
POLLERS_BEGIN = Quota("Queue source: invocations it begins with", 5, "at once", _SQS_SCALING, "no")
POLLERS_GROW = Quota("Queue source: more invocations", 300, "a minute", _SQS_SCALING, "no")
POLLERS_MOST = Quota(
    "Queue source: invocations, MaximumConcurrency at most", 1_000, "at once", _SQS_SCALING, "no; 1,250 without that"
)
PROVISIONED_EACH = Quota("Provisioned mode: invocations of one poller", 10, "at once", _PROVISIONED, "no")
PROVISIONED_GROW = Quota("Provisioned mode: more invocations", 1_000, "a minute", _NEWS, "no")
PROVISIONED_MOST = Quota("Provisioned mode: invocations", 20_000, "at once", _NEWS, "no")
IN_FLIGHT = Quota(
    "SQS: messages in flight of a queue, about",
    120_000,
    "at once",
    f"{_AWS}/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html",
    "yes",
)
TABLE_FIRST = Quota(
    "DynamoDB: writes of a new on-demand table, and index", 4_000, "units a second", _ON_DEMAND, "pre-warmed"
)
TABLE_MOST = Quota("DynamoDB: writes of one on-demand table", 40_000, "units a second", _TABLE, "yes")
READS_FIRST = Quota("DynamoDB: reads of a new on-demand table", 12_000, "units a second", _ON_DEMAND, "pre-warmed")
PARTITION_WRITES = Quota("DynamoDB: writes of one partition", 1_000, "units a second", _PARTITION, "no")
PARTITION_READS = Quota("DynamoDB: reads of one partition", 3_000, "units a second", _PARTITION, "no")
SCHEDULE = Quota(
    "EventBridge Scheduler: shortest interval",
    60,
    "seconds",
    f"{_AWS}/scheduler/latest/UserGuide/schedule-types.html",
    "no; not verified again",
)

ALL = (
    API_RATE,
    API_BURST,
    ACCOUNT,
    SCALING,
    POLLERS_BEGIN,
    POLLERS_GROW,
    POLLERS_MOST,
    PROVISIONED_EACH,
    PROVISIONED_GROW,
    PROVISIONED_MOST,
    IN_FLIGHT,
    TABLE_FIRST,
    TABLE_MOST,
    READS_FIRST,
    PARTITION_WRITES,
    PARTITION_READS,
    SCHEDULE,
)
