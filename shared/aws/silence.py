"""Keeps libraries from logging the requests that they send. Importing it is enough, and nothing undoes it.

botocore at DEBUG writes whole requests and answers: users' texts, the keys that KMS and SSM hand out, credentials.
"""

import logging
from typing import Any

TALKATIVE = frozenset({"boto3", "botocore", "s3transfer", "urllib3", "httpx", "httpcore"})
LEFT_OUT = "omitted: it could quote a request"

_make = logging.getLogRecordFactory()


def _without_content(*given: Any, **more: Any) -> logging.LogRecord:
    """Make a log record. A verbose library's record below WARNING loses its content.

    This works where records are made. An environment variable, a handler or a logger's level could bypass a filter or a
    level, but not this.
    """
    record = _make(*given, **more)
    talkative = isinstance(record.name, str) and record.name.partition(".")[0] in TALKATIVE
    if talkative and record.levelno < logging.WARNING:
        record.msg, record.args, record.exc_info, record.exc_text, record.stack_info = LEFT_OUT, (), None, None, None
    return record


logging.setLogRecordFactory(_without_content)
for _name in TALKATIVE:
    # Their records are safe now; this limits the volume. A root logger at DEBUG does not turn them on.
    logging.getLogger(_name).setLevel(logging.WARNING)
