"""Keeps what libraries say of the requests that they send out of the logs. Importing it is enough; nothing undoes it.

botocore at DEBUG writes whole requests and answers: users' texts, the keys that KMS and SSM hand out, credentials.
"""

import logging
from typing import Any

TALKATIVE = frozenset({"boto3", "botocore", "s3transfer", "urllib3", "httpx", "httpcore"})
LEFT_OUT = "left out: it could quote a request"

_make = logging.getLogRecordFactory()


def _without_content(*given: Any, **more: Any) -> logging.LogRecord:
    """Make a record, without its content where a talkative library says something below WARNING.

    This holds where records are made: an environment variable that sets levels, a handler, or a logger's own level
    cannot get around it, as they can around a level or a filter.
    """
    record = _make(*given, **more)
    talkative = isinstance(record.name, str) and record.name.partition(".")[0] in TALKATIVE
    if talkative and record.levelno < logging.WARNING:
        record.msg, record.args, record.exc_info, record.exc_text, record.stack_info = LEFT_OUT, (), None, None, None
    return record


logging.setLogRecordFactory(_without_content)
for _name in TALKATIVE:
    # What they say is safe by now; this is for how much it is. A root logger at DEBUG does not turn them on.
    logging.getLogger(_name).setLevel(logging.WARNING)
