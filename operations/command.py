"""What the commands of operators do, `unstuck preflight` to `cost`. Exit codes are in docs/operating.md."""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import shared.aws.silence  # noqa: F401 - what botocore would log at DEBUG holds users' texts
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
    """Run one command and return its exit code. What it finds goes to stdout, why it could not look to stderr."""
    given = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = given.run
    try:
        return run(given)
    except (NotFoundError, PricesError, StoreUnavailableError, StoreRefusedError, ClientError, BotoCoreError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return IN_VAIN
    except KeyboardInterrupt:
        print("Interrupted. Run it again to continue; what was done stays done.", file=sys.stderr)
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
    if given.json:
        print(
            json.dumps(
                report.doctor_json(found, show_owners=given.show_owners, owner_key=deployment.settings.owner_key),
                indent=2,
            )
        )
    else:
        print(report.doctor_text(found, show_owners=given.show_owners, owner_key=deployment.settings.owner_key))
    return FOUND if found.findings else CLEAN


def _find(given: argparse.Namespace) -> int:
    deployment, clock = _deployment(given, acts=False), SystemClock()
    reader = Reader(reading_client(), deployment.settings.table_name, clock, given.pages_per_second)
    reads = deployment.store().reads
    found = search.find(reader, reads, given.request_id, owner=given.owner, pages=given.pages)
    if given.json:
        print(
            json.dumps(
                report.found_json(found, show_owners=given.show_owners, owner_key=deployment.settings.owner_key),
                indent=2,
            )
        )
    else:
        print(report.found_text(found, show_owners=given.show_owners, owner_key=deployment.settings.owner_key))
    return CLEAN if found.key is not None else FOUND


def _dead_letters(deployment: Deployment) -> Callable[[], int] | None:
    url = deployment.dead_letter_queue_url
    return None if url is None else lambda: redrive.counted(polling_client(), url)


def _redrive(given: argparse.Namespace) -> int:
    deployment = _deployment(given, acts=True)
    url = deployment.dead_letter_queue_url
    if url is None:
        raise NotFoundError("name the stack with --stack, or its dead letters with --dead-letter-queue-url")
    if any(
        redrive.same_queue(url, each)
        for each in (deployment.settings.queue_url, deployment.settings.isolated_queue_url)
    ):
        raise NotFoundError("--dead-letter-queue-url names a queue of the workers: name that of the dead letters")
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
            f"{hidden} more are hidden: another run looks at them, or one was interrupted less than 5 minutes ago. "
            "Run it again then.",
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
    told: report.Told = {"show_owners": given.show_owners, "owner_key": deployment.settings.owner_key}
    done = list(_told(lines, lambda line: report.retry_line(line, **told), given))
    _end(given, report.retries_json(done, **told), [str(line.outcome) for line in done])
    return FOUND if any(line.outcome is retry.RetryOutcome.NOT_SENT for line in done) else CLEAN


def _told[Each](found: Iterator[Each], line: Callable[[Each], str], given: argparse.Namespace) -> Iterator[Each]:
    for each in found:
        if not given.json:
            print(line(each), flush=True)  # as it is done: who interrupts knows how far it came
        yield each


def _end(given: argparse.Namespace, listed: list[dict[str, Any]], outcomes: list[str]) -> None:
    if given.json:
        print(json.dumps({"acted": given.yes, "done": listed}, indent=2))
    else:
        print(report.totals(outcomes, acted=given.yes))


def _deployment(given: argparse.Namespace, *, acts: bool) -> Deployment:
    return find(Named(**{name: getattr(given, name) for name in Named.__annotations__}), acts=acts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="unstuck", description="What operators of Unstuck have.")
    commands = parser.add_subparsers(required=True, metavar="preflight|smoke|doctor|find|redrive|bulk-retry|cost")
    before = commands.add_parser("preflight", help="ask the account what would fail in a deploy; changes nothing")
    before.set_defaults(run=preflight.run)
    preflight.add_options(before)
    after = commands.add_parser("smoke", help="go through a deployment as a user does; makes two generations")
    after.set_defaults(run=smoke.run)
    smoke.add_options(after)
    doctor = _command(commands, "doctor", _doctor, "look for what must not be; changes nothing")
    doctor.add_argument("--limit", type=_count, help="look at so many items at most")
    doctor.add_argument("--objects", action="store_true", help="ask S3 for each object that an item names, too")
    doctor.add_argument("--margin-seconds", type=_figure, default=120.0, help="what may be late by so much (120)")
    _paced(doctor)
    looking = _command(commands, "find", _find, "find the generation that a request created; changes nothing")
    looking.add_argument("--request-id", required=True, help="as an error, a log line or GET .../input shows it")
    looking.add_argument("--owner", help="of this user alone: reads far less")
    looking.add_argument("--pages", type=_count, default=1_000, help="read so many MB at most (1000)")
    _paced(looking)
    again = _command(commands, "redrive", _redrive, "send dead letters back, each after a look at its generation")
    again.add_argument("--limit", type=_count, help="look at so many messages at most")
    _acting(again)
    bulk = _command(commands, "bulk-retry", _retry, "have what failed or was canceled tried again, many at once")
    bulk.add_argument("--code", required=True, help="what they failed with, as provider_unavailable; or canceled")
    bulk.add_argument("--kind", help="of this kind alone")
    bulk.add_argument("--since", type=_moment, help="ended then or later, as 2026-01-31T08:00 (UTC)")
    bulk.add_argument("--until", type=_moment, help="ended before then (now)")
    bulk.add_argument("--owner", help="of this user alone")
    bulk.add_argument("--limit", type=_count, default=100, help="retry so many at most (100)")
    bulk.add_argument(
        "--per-second", type=_figure, default=2.0, help="retry no more a second (2); 0: as fast as it goes"
    )
    _paced(bulk)
    _acting(bulk)
    # Needs no deployment, and no AWS.
    does = "say what generations cost on AWS, by your own figures"
    cost = commands.add_parser("cost", help=does, description=f"{does[0].upper()}{does[1:]}.")
    cost.set_defaults(run=estimate.run)
    estimate.add_options(cost)
    return parser


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], int], does: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
    command.set_defaults(run=run)
    command.add_argument("--stack", help="name of the CloudFormation stack")
    command.add_argument("--region", help="its region, where your AWS configuration names another")
    command.add_argument("--table", help="without a stack: the table's name")
    command.add_argument("--bucket", help="without a stack: the bucket's name")
    command.add_argument("--queue-url", help="without a stack: the queue")
    command.add_argument("--isolated-queue-url", help="without a stack: the queue of isolated generations")
    command.add_argument("--dead-letter-queue-url", help="without a stack: where given up messages are")
    command.add_argument(
        "--sweep-seconds", type=_figure, help="how often the sweeper runs, where the stack does not say"
    )
    command.add_argument("--json", action="store_true", help="answer in JSON")
    command.add_argument("--show-owners", action="store_true", help="show users' ids")
    return command


def _paced(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--pages-per-second", type=_figure, default=5.0, help="read so many MB a second at most (5); 0: no bound"
    )


def _acting(command: argparse.ArgumentParser) -> None:
    command.add_argument("--yes", action="store_true", help="do it; without this it is a dry run")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _figure(text: str) -> float:
    """Return a number from 0 to a million. NaN passes each comparison with a bound, and would be none."""
    try:
        figure = float(text)
    except ValueError:
        figure = math.nan
    if not 0 <= figure <= _LARGEST or (figure and figure < 1 / _LARGEST):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to {_LARGEST:,.0f}")
    return figure


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time, as 2026-01-31T08:00") from error
