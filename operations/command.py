"""Runs the operators' commands, `unstuck preflight` to `cost`. docs/operating.md lists the exit codes."""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import shared.aws.silence  # noqa: F401 - botocore's DEBUG log would hold users' texts
from operations import estimate, redrive, report, retry, search, smoke
from operations.checks import Expected
from operations.deployment import Deployment, Named, NotFoundError, find, polling_client, reading_client
from operations.doctor import Doctor
from operations.preflight import command as preflight
from operations.prices import PricesError
from operations.reading import Reader
from shared import kinds
from shared.domain.clock import SystemClock
from shared.domain.errors import StoreRefusedError, StoreUnavailableError

_LARGEST = 1_000_000.0
CLEAN, FOUND, IN_VAIN, INTERRUPTED = 0, 1, 2, 130


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code. Results go to stdout, reasons why it could not run to stderr."""
    given = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = given.run
    try:
        return run(given)
    except (NotFoundError, PricesError, StoreUnavailableError, StoreRefusedError, ClientError, BotoCoreError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return IN_VAIN
    except KeyboardInterrupt:
        print("Interrupted. Run it again to continue. Finished work is kept.", file=sys.stderr)
        return INTERRUPTED


def _doctor(given: argparse.Namespace) -> int:
    deployment, clock = _deployment(given, acts=False), SystemClock()
    patience = timedelta(seconds=deployment.sweep_seconds + given.margin_seconds)
    retention, lease = deployment.settings.retention_days, deployment.settings.lease_seconds
    doctor = Doctor(
        reader=Reader(reading_client(), deployment.settings.table_name, clock, given.pages_per_second),
        store=deployment.store(),
        clock=clock,
        expected=Expected(timedelta(days=retention), timedelta(seconds=lease), patience),
        dead_letters=_dead_letters(deployment),
        has_object=deployment.store().ground.objects.exists if given.objects else None,
    )
    found = doctor.look(given.limit)
    shown = _shown(given, deployment)
    print(_json(report.doctor_json(found, **shown)) if given.json else report.doctor_text(found, **shown))
    return FOUND if found.findings else CLEAN


def _find(given: argparse.Namespace) -> int:
    deployment, clock = _deployment(given, acts=False), SystemClock()
    reader = Reader(reading_client(), deployment.settings.table_name, clock, given.pages_per_second)
    reads = deployment.store().reads
    found = search.find(reader, reads, given.request_id, owner=given.owner, pages=given.pages)
    shown = _shown(given, deployment)
    print(_json(report.found_json(found, **shown)) if given.json else report.found_text(found, **shown))
    return CLEAN if found.key is not None else FOUND


def _dead_letters(deployment: Deployment) -> Callable[[], int] | None:
    url = deployment.dead_letter_queue_url
    return None if url is None else lambda: redrive.counted(polling_client(), url)


def _redrive(given: argparse.Namespace) -> int:
    deployment = _deployment(given, acts=True)
    url = deployment.dead_letter_queue_url
    if url is None:
        raise NotFoundError("the queue of dead letters is not known: pass --stack, or --dead-letter-queue-url")
    if any(
        redrive.same_queue(url, each)
        for each in (deployment.settings.queue_url, deployment.settings.isolated_queue_url)
    ):
        raise NotFoundError("--dead-letter-queue-url is a queue of the workers: pass the queue of the dead letters")
    work = redrive.Redrive(
        deployment.store(),
        deployment.dispatch(),
        SystemClock(),
        polling_client(),
        url,
        kinds.names(),
    )
    done = list(_told(work.run(act=given.yes, limit=given.limit), report.letter_line, given))
    _end(given, report.letters_json(done), [str(letter.outcome) for letter in done])
    if given.limit is None and (hidden := redrive.hidden(polling_client(), url)):
        print(
            f"{hidden} more are hidden, because another run is reading them, or was interrupted less than "
            "5 minutes ago. Run it again in 5 minutes.",
            file=sys.stderr,
        )
    return FOUND if any(letter.outcome is redrive.RedriveOutcome.LEFT for letter in done) else CLEAN


def _retry(given: argparse.Namespace) -> int:
    deployment, clock = _deployment(given, acts=True), SystemClock()
    wanted = retry.Wanted(given.code, given.until or clock.now(), given.since, given.kind, given.owner)
    work = retry.BulkRetry(
        reader=Reader(reading_client(), deployment.settings.table_name, clock, given.pages_per_second),
        store=deployment.store(),
        dispatch=deployment.dispatch(),
        clock=clock,
        settings=deployment.settings,
        sleep=time.sleep,
    )
    lines = work.run(wanted, act=given.yes, limit=given.limit, per_second=given.per_second)
    shown = _shown(given, deployment)
    done = list(_told(lines, lambda line: report.retry_line(line, **shown), given))
    _end(given, report.retries_json(done, **shown), [str(line.outcome) for line in done])
    return FOUND if any(line.outcome is retry.RetryOutcome.NOT_SENT for line in done) else CLEAN


def _told[Each](found: Iterator[Each], line: Callable[[Each], str], given: argparse.Namespace) -> Iterator[Each]:
    for each in found:
        if not given.json:
            print(line(each), flush=True)  # print as it goes, so that an interrupted run shows its progress
        yield each


def _end(given: argparse.Namespace, listed: list[dict[str, Any]], outcomes: list[str]) -> None:
    if given.json:
        print(_json({"acted": given.yes, "done": listed}))
    else:
        print(report.totals(outcomes, acted=given.yes))


def _shown(given: argparse.Namespace, deployment: Deployment) -> report.Told:
    return {"show_owners": given.show_owners, "owner_key": deployment.settings.owner_key}


def _json(listed: object) -> str:
    return json.dumps(listed, indent=2)


def _deployment(given: argparse.Namespace, *, acts: bool) -> Deployment:
    return find(Named(**{name: getattr(given, name) for name in Named.__annotations__}), acts=acts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="unstuck", description="The operators' commands of Unstuck.")
    commands = parser.add_subparsers(required=True, metavar="preflight|smoke|doctor|find|redrive|bulk-retry|cost")
    before = commands.add_parser(
        "preflight", help="check the AWS account for problems before a deploy; changes nothing"
    )
    before.set_defaults(run=preflight.run)
    preflight.add_options(before)
    after = commands.add_parser("smoke", help="test a deployment as a user would; creates two generations")
    after.set_defaults(run=smoke.run)
    smoke.add_options(after)
    doctor = _command(commands, "doctor", _doctor, "check a deployment's data for inconsistencies; changes nothing")
    doctor.add_argument("--limit", type=_count, help="check at most this many items")
    doctor.add_argument(
        "--objects", action="store_true", help="also check that each object that an item names exists in S3"
    )
    doctor.add_argument("--margin-seconds", type=_figure, default=120.0, help="tolerate this lateness in seconds (120)")
    _paced(doctor)
    looking = _command(commands, "find", _find, "find the generation of a request by its request id; changes nothing")
    looking.add_argument(
        "--request-id", required=True, help="the request id from an error, a log line or GET .../input"
    )
    looking.add_argument("--owner", help="search only this user, which reads far less")
    looking.add_argument("--pages", type=_count, default=1_000, help="read at most this many MB (1000)")
    _paced(looking)
    again = _command(commands, "redrive", _redrive, "requeue dead letters, after checking each one's generation")
    again.add_argument("--limit", type=_count, help="check at most this many messages")
    _acting(again)
    bulk = _command(commands, "bulk-retry", _retry, "retry many failed or canceled generations at once")
    bulk.add_argument("--code", required=True, help="the failure code, such as provider_unavailable; or canceled")
    bulk.add_argument("--kind", help="only this kind")
    bulk.add_argument("--since", type=_moment, help="ended at or after this time, such as 2026-01-31T08:00 (UTC)")
    bulk.add_argument("--until", type=_moment, help="ended before this time (now)")
    bulk.add_argument("--owner", help="only this user")
    bulk.add_argument("--limit", type=_count, default=100, help="retry at most this many (100)")
    bulk.add_argument(
        "--per-second", type=_figure, default=2.0, help="retry at most this many per second (2); 0: no limit"
    )
    _paced(bulk)
    _acting(bulk)
    # Needs no deployment and no AWS.
    does = "estimate the AWS cost of your workload"
    cost = commands.add_parser("cost", help=does, description=f"{does[0].upper()}{does[1:]}.")
    cost.set_defaults(run=estimate.run)
    estimate.add_options(cost)
    return parser


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], int], does: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
    command.set_defaults(run=run)
    command.add_argument("--stack", help="the CloudFormation stack's name")
    command.add_argument("--region", help="the stack's region, if your AWS configuration has another")
    command.add_argument("--table", help="without a stack: the table's name")
    command.add_argument("--bucket", help="without a stack: the bucket's name")
    command.add_argument("--queue-url", help="without a stack: the work queue's URL")
    command.add_argument("--isolated-queue-url", help="without a stack: the isolated queue's URL")
    command.add_argument("--dead-letter-queue-url", help="without a stack: the dead-letter queue's URL")
    command.add_argument(
        "--sweep-seconds", type=_figure, help="the sweeper's interval in seconds, if the stack does not say"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--show-owners", action="store_true", help="show users' ids")
    return command


def _paced(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--pages-per-second", type=_figure, default=5.0, help="read at most this many MB per second (5); 0: no limit"
    )


def _acting(command: argparse.ArgumentParser) -> None:
    command.add_argument("--yes", action="store_true", help="make the changes; without this, it is a dry run")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def _figure(text: str) -> float:
    """Return a number from 0 to a million. Excludes NaN, which would pass every comparison with a bound."""
    try:
        figure = float(text)
    except ValueError:
        figure = math.nan
    if not 0 <= figure <= _LARGEST or (figure and figure < 1 / _LARGEST):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {_LARGEST:,.0f}")
    return figure


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-01-31T08:00") from error
