"""`manage.py simulate`: detections of campaigns that nobody ran, for tests and demonstrations."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from indicators.management.progress import Progress
from indicators.management.simulation.campaigns import lines
from indicators.management.simulation.delivery import (
    STATUSES,
    Delivery,
    DeliveryFailed,
    door_of,
)
from indicators.management.simulation.plan import FIRST_DAY, Plan
from indicators.management.simulation.shapes import SHAPES


class Command(BaseCommand):
    help = (
        "Write detections of simulated distillation campaigns as native NDJSON, or send them to a "
        "node. The same options give the same bytes; memory stays flat at any size. All values are "
        "reserved ones that nobody owns. The largest reported campaign: "
        "--shape largest --accounts 25000 --days 45."
    )

    # It needs no node, and touches nothing of the one that is here.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="another seed, another story (1)")
        parser.add_argument("--campaigns", type=_positive, default=1, metavar="N", help="(1)")
        parser.add_argument("--accounts", type=_positive, default=100, metavar="N", help=_ACCOUNTS)
        parser.add_argument("--accounts-per-line", type=_positive, default=1000, metavar="N")
        parser.add_argument("--shape", choices=list(SHAPES), help="default: each in turn")
        parser.add_argument("--interactions", type=_positive, metavar="N", help=_INTERACTIONS)
        parser.add_argument("--days", type=_days, default=7, help="of the first revision (7)")
        parser.add_argument("--start", type=_date, default=FIRST_DAY, metavar="DATE", help=_START)
        parser.add_argument("--revisions", type=_positive, default=1, metavar="N", help=_REVISIONS)
        parser.add_argument("--close", action="store_true", help="at last close every finding")
        parser.add_argument("--organization", default="", metavar="NAME", help=_ORGANIZATION)
        parser.add_argument("--shared", type=_ratio, default=0.3, metavar="RATIO", help=_SHARED)
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
        where.add_argument("--post", metavar="URL", help="a node, e.g. http://127.0.0.1:8000")
        parser.add_argument("--key", help="API key with scope ingest, for --post")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = _plan(options)
        if options["post"]:
            self._post(plan, options)
        elif options["output"] is not None:
            self._write(plan, options["output"])
        else:
            for line in lines(plan):
                sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()

    def _write(self, plan: Plan, target: Path) -> None:
        progress = Progress("lines", plan.line_count)
        try:
            with target.open("wb") as stream:
                for line in lines(plan):
                    stream.write(line)
                    progress.step(1, progress.done + 1)
        except OSError as error:
            raise CommandError(f"{target}: {error.strerror}.", returncode=2) from error
        progress.finish()
        self.stderr.write(f"{progress.line(None)} written to {target}")

    def _post(self, plan: Plan, options: dict[str, Any]) -> None:
        if not options["key"]:
            raise CommandError("--post needs --key: `credential create` makes one.", returncode=2)
        delivery = Delivery(door_of(options["post"]), options["key"])
        progress = Progress("lines", plan.line_count)
        try:
            with delivery:
                for count in delivery.send(lines(plan)):
                    progress.step(count, progress.done + count)
        except DeliveryFailed as error:
            raise CommandError(f"{error} {progress.done:,} lines were sent before it.") from error
        progress.finish()
        told = ", ".join(f"{delivery.counts[status]:,} {status}" for status in STATUSES)
        self.stdout.write(f"{progress.line(None)}: {told}")
        if delivery.counts["rejected"]:
            raise CommandError("Lines were rejected; their job has the reasons.")


def _plan(options: dict[str, Any]) -> Plan:
    plan = Plan(
        seed=options["seed"],
        campaigns=options["campaigns"],
        accounts=options["accounts"],
        accounts_per_line=options["accounts_per_line"],
        shape=options["shape"],
        interactions=options["interactions"],
        days=options["days"],
        start=options["start"],
        revisions=options["revisions"],
        closes=options["close"],
        organization=options["organization"],
        shared=options["shared"],
    )
    if plan.interactions is not None and plan.interactions < plan.days:
        raise CommandError("--interactions: at least one a day (--days).", returncode=2)
    return plan


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def _ratio(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return found


def _days(text: str) -> int:
    found = _positive(text)
    if found > 900:
        raise ArgumentTypeError("a finding has at most 900 days, of a window each")
    return found


def _date(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a date like 2026-04-22") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


_ACCOUNTS = "of each campaign, with five identifiers each (100)"
_INTERACTIONS = "of each campaign in the first --days (default: by the shape)"
_START = "the campaigns' first day (2026-04-22)"
_REVISIONS = "of each finding: banned accounts are replaced, a day of traffic is added (1)"
_ORGANIZATION = "whose side of the campaigns is told; others' sides share some identifiers with it"
_SHARED = "how many of its accounts other organizations see, too (0.3)"
