"""From a detector's POST to signed objects in a collection, stage by stage.

Each stage reads its work by id, does it for all of them in one transaction, and hands the ids of
what comes next to a worker once that is committed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import structlog
import zstandard
from django.contrib.auth.models import User
from django.db import transaction

from indicators.detections import feedback as verdicts
from indicators.detections.drafts import decisions, making, publication
from indicators.detections.drafts.decisions import DecisionRefused
from indicators.detections.errors import DetectionError
from indicators.detections.formats import Line
from indicators.detections.identifiers import pseudonymize as tokens
from indicators.detections.identifiers.intake import LineResult, LineStatus, accept, untokenized
from indicators.detections.identifiers.sealing import keyed_digest
from indicators.models import Detector, Draft, DraftState, Job, Verdict
from indicators.pipeline.announcing import RECONCILE, announce
from indicators.pipeline.handing_over import hand_over, hand_over_all
from indicators.reconcile import delivery
from indicators.telemetry import DETECTIONS

log = structlog.get_logger("retort.pipeline")

PSEUDONYMIZE, DRAFT, PUBLISH = "indicators.pseudonymize", "indicators.draft", "indicators.publish"
#: Accounts that one task tokenizes: some seconds of one core.
ACCOUNTS_AT_ONCE = 4_000
DETECTIONS_AT_ONCE = 1_000
CLUSTERS_AT_ONCE = 200
DRAFTS_AT_ONCE = 500


class IdempotencyConflict(DetectionError):
    """A key that was used for another body."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a POST of detections; `replayed` if it was given before."""

    job_id: UUID
    results: Sequence[LineResult]
    replayed: bool = False


def contribute(
    detector: Detector,
    credential_id: UUID,
    idempotency_key: str | None,
    digest_source: bytes,
    lines: Iterable[Line],
) -> Receipt:
    """Store what a detector found, sealed; workers do the rest. Same key, same body: same answer.

    Raises IdempotencyConflict if the key was used for another body.
    """
    job = Job(
        pk=uuid4(),
        credential_id=credential_id,
        idempotency_key=idempotency_key or f"none:{uuid4()}",
        body_digest=keyed_digest("body", digest_source),
        received_at=datetime.now(UTC),
    )
    with transaction.atomic():
        # Of two POSTs with one key the second waits here until the first is stored.
        if not _begin(job):
            return _replay(job, credential_id)
        results = accept(detector, job.pk, lines, job.received_at)
        _finish(job, results)
        hand_over_job(job.pk)
    for status in LineStatus:
        DETECTIONS.labels(status.value).inc(sum(each.status is status for each in results))
    log.info("contributed", job=str(job.pk), detector=detector.name, lines=len(results))
    return Receipt(job.pk, results)


def hand_over_job(job_id: UUID) -> None:
    """Workers make tokens of what a job stored, once that is committed."""
    for ids in _portions(untokenized(job_id)):
        transaction.on_commit(lambda ids=ids: hand_over(PSEUDONYMIZE, *ids))  # type: ignore[misc]


def results_of(job: Job) -> list[LineResult]:
    """What became of each line of a POST."""
    return _RESULTS.decode(zstandard.decompress(bytes(job.results)))


def pseudonymize(detections: Sequence[int], first: int = 0, last: int | None = None) -> None:
    """Tokens for the identifiers of these detections (of one: for its accounts first to last)."""
    due = tokens.pseudonymize(detections, first, last)
    hand_over(RECONCILE)
    hand_over_all(DRAFT, due, at_once=CLUSTERS_AT_ONCE)


def draft(clusters: Sequence[int]) -> None:
    """Drafts of what is due of these clusters; those that policy approves go on."""
    approved = making.draft_clusters(clusters)
    hand_over_all(PUBLISH, approved, at_once=DRAFTS_AT_ONCE)


def publish(draft_ids: Sequence[UUID]) -> None:
    """Sign, store, log and index what these drafts say."""
    publication.publish_drafts(draft_ids)
    published = Draft.objects.filter(pk__in=draft_ids, state=DraftState.PUBLISHED)
    homes = published.values_list("collection_id", flat=True).distinct()
    announce([home for home in homes if home is not None])


def approve(draft_id: UUID, reviewer: User, reason: str = "", *, readers: str = "") -> None:
    """A person lets a draft go out. readers: who they were told gets it, as `delivery.listed`."""
    with transaction.atomic():
        approved = decisions.approve(draft_id, reviewer, reason)
        if readers and readers != delivery.listed(_readers(approved)):
            raise DecisionRefused(
                "Who gets it has changed since this page was opened; look at the list, then decide."
            )
        transaction.on_commit(lambda: hand_over(PUBLISH, [str(approved)]))


def reject(draft_id: UUID, reviewer: User, reason: str) -> None:
    """A person keeps a draft back."""
    decisions.reject(draft_id, reviewer, reason)


def return_draft(draft_id: UUID, reviewer: User, reason: str) -> None:
    """A person asks the author of a draft for changes."""
    decisions.return_draft(draft_id, reviewer, reason)


def remark(draft_id: UUID, person: User, text: str) -> None:
    """A person says something of a draft to who else looks at it."""
    decisions.remark(draft_id, person, text)


def describe_cluster(cluster: int, author: User, text: str) -> None:
    """A person writes what peers shall read of a cluster; another one will have to approve it."""
    with transaction.atomic():
        decisions.describe_cluster(cluster, author, text)
        transaction.on_commit(lambda: hand_over(DRAFT, [cluster]))


def feedback(detector: Detector, uid: str, verdict: Verdict, *, actor: str) -> verdicts.Record:
    """A person's verdict on a finding; what it changes of what is shared is drafted at once."""
    record = verdicts.record_feedback(detector, uid, verdict, actor=actor)
    hand_over_all(DRAFT, record.due_clusters, at_once=CLUSTERS_AT_ONCE)
    return record


def _readers(draft: UUID) -> Sequence[delivery.Reader]:
    home = Draft.objects.values_list("collection_id", flat=True).get(pk=draft)
    return [] if home is None else delivery.readers(home)


def _begin(job: Job) -> bool:
    """The job's row, unless its key was used."""
    job.accepted_count = job.duplicate_count = job.rejected_count = 0
    job.results = b""
    Job.objects.bulk_create([job], ignore_conflicts=True)
    return Job.objects.filter(pk=job.pk).exists()


def _replay(job: Job, credential_id: UUID) -> Receipt:
    before = Job.objects.get(credential_id=credential_id, idempotency_key=job.idempotency_key)
    if bytes(before.body_digest) != job.body_digest:
        raise IdempotencyConflict(
            "This Idempotency-Key was used for another body; take a new key for new content."
        )
    return Receipt(before.pk, results_of(before), replayed=True)


def _finish(job: Job, results: Sequence[LineResult]) -> None:
    count = dict.fromkeys(LineStatus, 0)
    for result in results:
        count[result.status] += 1
    job.accepted_count = count[LineStatus.ACCEPTED]
    job.duplicate_count = count[LineStatus.DUPLICATE]
    job.rejected_count = count[LineStatus.REJECTED]
    job.results = zstandard.compress(msgspec.json.encode(results), 1)
    job.save()


def _portions(stored: Sequence[tuple[int, int]]) -> Iterator[tuple[object, ...]]:
    """Arguments of tasks: some detections each, or some accounts of a large one."""
    portion: list[int] = []
    accounts = 0
    for detection, count in stored:
        if count > ACCOUNTS_AT_ONCE:
            for first in range(0, count, ACCOUNTS_AT_ONCE):
                yield [detection], first, first + ACCOUNTS_AT_ONCE - 1
            continue
        if portion and (accounts + count > ACCOUNTS_AT_ONCE or len(portion) == DETECTIONS_AT_ONCE):
            yield (portion,)
            portion, accounts = [], 0
        portion.append(detection)
        accounts += count
    if portion:
        yield (portion,)


_RESULTS = msgspec.json.Decoder(list[LineResult])
