"""What members post and administrators import: parsed, then stored and logged at once, or left to
a worker.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

import orjson
import structlog
import zstandard
from django.conf import settings
from django.db import transaction

from indicators.models import Collection, Member, Status
from indicators.pipeline.announcing import announce
from indicators.pipeline.handing_over import hand_over
from indicators.pipeline.vouching import admit_posted
from indicators.stix import Problem, StixObject, parse_objects
from indicators.stix.stream import parse_in_parts
from indicators.store.admission import admit
from indicators.store.judgement import Outcome, Verdict
from indicators.store.sql import open_cursor
from indicators.telemetry import OBJECTS

log = structlog.get_logger("retort.pipeline")

#: Objects stored and logged in one transaction: large enough to be cheap, short enough to wait for.
BATCH = 1000
FINISH_POST = "indicators.finish_post"
#: What a batch changes in a status. The payload is megabytes, and goes when all is done.
_PROGRESS = (
    "success_count", "failure_count", "successes", "failures", "pendings", "handed_over_at"
)  # fmt: skip
_SET_PAYLOAD = "UPDATE indicators_status SET payload = %b WHERE id = %s"
# Parsing is Python's work alone: by turns it takes as long as side by side, and less memory.
_PARSING = threading.Lock()


def receive(collection: Collection, member: Member, body: bytes) -> Status:
    """A member's POST: every good object is stored though others fail; the status says which.

    Raises UnreadableInput if the body as a whole can't be read.
    """
    with _PARSING:
        parsed = parse_in_parts(body, max_bytes=settings.MAX_CONTENT_LENGTH)
    now = datetime.now(UTC)
    status = Status(
        collection=collection,
        member=member,
        requested_at=now,
        handed_over_at=now,
        total_count=len(parsed.objects) + len({problem.index for problem in parsed.problems}),
    )
    failures = list(_problem_details(parsed.problems, now))
    if len(parsed.objects) > settings.POST_AT_ONCE:
        return _leave_to_worker(status, parsed.objects, failures)
    with transaction.atomic():
        outcomes = admit_posted(collection, member, parsed.objects)
        announce([collection.pk])
        _record(status, outcomes, [], failures)
        status.save(force_insert=True)
    _count(collection, outcomes)
    return status


def finish_post(status_id: UUID) -> None:
    """Store what a large POST left pending, a batch a transaction; safe to repeat and to kill.

    The pendings that remain say where to go on, and they change with the batch they count.
    """
    pending = Status.objects.filter(pk=status_id, payload__isnull=False)
    lines = _read_payload(status_id)
    more = bool(lines)
    while more:
        with transaction.atomic():
            status = (
                pending.select_for_update(of=("self",))
                .select_related("collection", "member")
                .defer("payload")
                .first()
            )
            if status is None:
                return
            more = _finish_batch(status, lines)


def resume_pending(older_than: datetime) -> int:
    """Hand POSTs that nobody got on with since `older_than` to a worker again; how many.

    Each is marked first, so that a long queue isn't made longer at every call (status_pending).
    """
    waiting = Status.objects.filter(payload__isnull=False, handed_over_at__lt=older_than)
    ids = list(waiting.order_by("handed_over_at").values_list("pk", flat=True)[:1000])
    Status.objects.filter(pk__in=ids).update(handed_over_at=datetime.now(UTC))
    for status_id in ids:
        hand_over(FINISH_POST, str(status_id))
    return len(ids)


def import_objects(
    collection: Collection, member: Member, objects: Iterable[StixObject]
) -> Iterator[list[Outcome]]:
    """Admit any number of objects, a batch at a time; the outcomes of each batch as it lands."""
    remaining = iter(objects)
    while batch := list(islice(remaining, BATCH)):
        outcomes = admit(collection, member, batch)
        announce([collection.pk])
        _count(collection, outcomes)
        yield outcomes


def _leave_to_worker(
    status: Status, objects: Sequence[StixObject], failures: list[dict[str, str]]
) -> Status:
    status.pendings = orjson.dumps([_detail(o.id, o.version, status.requested_at) for o in objects])
    status.failures, status.failure_count = orjson.dumps(failures), len(failures)
    payload = zstandard.compress(b"\n".join([obj.body for obj in objects]), 1)
    with transaction.atomic(), open_cursor() as cursor:
        status.save(force_insert=True)
        # Not by the ORM, which would write megabytes as text, several times over; and compressed,
        # as a connection keeps the memory of the longest statement that it has sent.
        cursor.execute(_SET_PAYLOAD, (payload, status.pk))
        transaction.on_commit(lambda: hand_over(FINISH_POST, str(status.pk)))
    return status


def _read_payload(status_id: UUID) -> list[bytes]:
    """What a POST left to a worker, an object a line: canonical JSON has no line ends within."""
    with open_cursor(binary=True) as cursor:
        cursor.execute("SELECT payload FROM indicators_status WHERE id = %s", (status_id,))
        row = cursor.fetchone()
    payload = None if row is None else row[0]
    return [] if payload is None else zstandard.decompress(payload).split(b"\n")


def _finish_batch(status: Status, lines: Sequence[bytes]) -> bool:
    pendings: list[Any] = orjson.loads(bytes(status.pendings))
    start = len(lines) - len(pendings)
    batch = lines[start : start + BATCH]
    source = b'{"objects":[' + b",".join(batch) + b"]}"
    parsed = parse_objects(source, max_bytes=len(source))
    outcomes = admit_posted(status.collection, status.member, parsed.objects)
    announce([status.collection_id])
    _record(
        status,
        outcomes,
        orjson.loads(bytes(status.successes)),
        # Problems are new only where the rules became stricter since the objects were sent.
        [
            *orjson.loads(bytes(status.failures)),
            *_problem_details(parsed.problems, status.requested_at),
        ],
    )
    status.pendings = orjson.dumps(pendings[len(batch) :])
    status.handed_over_at = datetime.now(UTC)
    more = len(pendings) > len(batch)
    if not more:
        status.payload = None
    status.save(update_fields=[*_PROGRESS, *([] if more else ["payload"])])
    _count(status.collection, outcomes)
    return more


def _record(
    status: Status, outcomes: Sequence[Outcome], successes: list[Any], failures: list[Any]
) -> None:
    for outcome in outcomes:
        detail = _detail(outcome.id, outcome.version, status.requested_at)
        if outcome.verdict in (Verdict.ADDED, Verdict.DUPLICATE):
            successes.append(detail)
        else:
            failures.append(detail | {"message": outcome.reason})
    status.successes, status.success_count = orjson.dumps(successes), len(successes)
    status.failures, status.failure_count = orjson.dumps(failures), len(failures)


def _problem_details(problems: Sequence[Problem], now: datetime) -> Iterator[dict[str, str]]:
    """One failure an object, naming every problem it has: TAXII wants an id and a version each."""
    by_index: dict[int, list[Problem]] = {}
    for problem in problems:
        by_index.setdefault(problem.index, []).append(problem)
    for index, found in sorted(by_index.items()):
        message = "; ".join(f"{each.pointer or '/'}: {each.message}" for each in found)
        yield {
            "id": found[0].id or f"objects/{index}",
            "version": found[0].version or _timestamp(now),
            "message": message,
        }


def _detail(stix_id: str, version: datetime | None, requested_at: datetime) -> dict[str, str]:
    return {"id": stix_id, "version": _timestamp(version or requested_at)}


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _count(collection: Collection, outcomes: Sequence[Outcome]) -> None:
    counts = {verdict.value: 0 for verdict in Verdict}
    for outcome in outcomes:
        counts[outcome.verdict.value] += 1
    for verdict, count in counts.items():
        OBJECTS.labels(verdict).inc(count)
    log.info("admitted", collection=str(collection.pk), **counts)
