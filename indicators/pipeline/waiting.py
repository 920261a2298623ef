"""What waits on its way out: sent again if it was lost, shown with its reason if it can't go on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Model, QuerySet

from indicators.detections import audit
from indicators.models import Cluster, Detection, Draft, DraftState, Stage
from indicators.pipeline.contributing import (
    CLUSTERS_AT_ONCE,
    DETECTIONS_AT_ONCE,
    DRAFT,
    DRAFTS_AT_ONCE,
    PSEUDONYMIZE,
    PUBLISH,
)
from indicators.pipeline.handing_over import hand_over, hand_over_all
from indicators.pipeline.triaging import send_failed_answers, send_homeless_answers

#: Of one kind, at one look: more would only make the queue longer.
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that doesn't go on by itself, or not now, and why."""

    what: str
    id: UUID
    detector: str
    stage: str
    since: datetime
    reason: str


def resume(older_than: datetime) -> int:
    """Hand over again what nobody got on with since `older_than`; how many.

    Each is marked first, so that a long queue isn't made longer at every call.
    """
    now = datetime.now(UTC)
    detections = _mark(
        Detection, Detection.objects.filter(stage=Stage.RECEIVED), "stage_since", older_than, now
    )
    for start in range(0, len(detections), DETECTIONS_AT_ONCE):
        hand_over(PSEUDONYMIZE, detections[start : start + DETECTIONS_AT_ONCE])
    send_homeless_answers()
    clusters = _mark(Cluster, Cluster.objects.filter(draft_due=True), "due_since", older_than, now)
    hand_over_all(DRAFT, clusters, at_once=CLUSTERS_AT_ONCE)
    approved = Draft.objects.filter(state=DraftState.APPROVED)
    drafts = _mark(Draft, approved, "state_since", older_than, now)
    hand_over_all(PUBLISH, drafts, at_once=DRAFTS_AT_ONCE)
    return len(detections) + len(clusters) + len(drafts)


def waiting() -> Iterator[Waiting]:
    """What stopped with a reason, waits for a key-holder, or waits for a person; oldest first."""
    stopped = Detection.objects.filter(stage__in=[Stage.FAILED, Stage.RECEIVED]).exclude(reason="")
    for each in stopped.select_related("detector").order_by("stage_since")[:_MOST]:
        yield Waiting(
            "detection", each.uuid, each.detector.name, each.stage, each.stage_since, each.reason
        )
    held_up = Draft.objects.filter(state__in=[DraftState.FAILED, DraftState.REVIEW])
    for draft in held_up.select_related("cluster__detector").order_by("state_since")[:_MOST]:
        detector = "" if draft.cluster is None else draft.cluster.detector.name
        reason = draft.failure or "; ".join(draft.review_reasons)
        yield Waiting("draft", draft.pk, detector, draft.state, draft.state_since, reason)


def note_delay(detections: Sequence[int], reason: str) -> None:
    """Say why these detections have no tokens yet; it goes when they have."""
    Detection.objects.filter(pk__in=detections, stage=Stage.RECEIVED).update(reason=reason)


def stop_detection(detection: int, reason: str) -> None:
    """A detection that can't be tokenized as it is waits for whoever removes the cause."""
    Detection.objects.filter(pk=detection, stage=Stage.RECEIVED).update(
        stage=Stage.FAILED,
        failed_stage=Stage.RECEIVED,
        reason=reason,
        stage_since=datetime.now(UTC),
    )


def stop_cluster(cluster: int, reason: str) -> None:
    """What is new of a cluster that can't be drafted waits for whoever removes the cause."""
    with transaction.atomic():
        Cluster.objects.filter(pk=cluster).update(draft_due=False, due_since=None)
        Detection.objects.filter(cluster_id=cluster, stage=Stage.TOKENIZED).update(
            stage=Stage.FAILED,
            failed_stage=Stage.TOKENIZED,
            reason=reason,
            stage_since=datetime.now(UTC),
        )


def stop_draft(draft: UUID, reason: str) -> None:
    """A draft that can't be published as it is waits for whoever removes the cause."""
    Draft.objects.filter(pk=draft, state=DraftState.APPROVED).update(
        state=DraftState.FAILED, failure=reason, state_since=datetime.now(UTC)
    )


def run_again(actor: str, ids: Sequence[UUID] | None = None) -> int:
    """Send what failed on its way again, all of it or the detections and drafts named; how many."""
    now = datetime.now(UTC)
    failed = Detection.objects.filter(stage=Stage.FAILED)
    drafts = Draft.objects.filter(state=DraftState.FAILED, cluster__isnull=False)
    if ids is not None:
        failed, drafts = failed.filter(uuid__in=ids), drafts.filter(pk__in=ids)
    with transaction.atomic():
        rows = list(failed.values_list("pk", "cluster_id", "failed_stage")[:_MOST])
        failed_drafts = list(drafts.values_list("cluster_id", flat=True)[:_MOST])
        Detection.objects.filter(pk__in=[row[0] for row in rows]).update(
            stage=F("failed_stage"), failed_stage="", reason="", stage_since=now
        )
        untokenized = [pk for pk, _, stage in rows if stage == Stage.RECEIVED]
        clusters = {cluster for _, cluster, stage in rows if stage != Stage.RECEIVED}
        clusters |= {cluster for cluster in failed_drafts if cluster is not None}
        Cluster.objects.filter(pk__in=clusters).update(draft_due=True, due_since=now)
        count = len(rows) + len(failed_drafts) + send_failed_answers(ids)
        audit.record(actor, "run again", "pipeline", count=count)
    for start in range(0, len(untokenized), DETECTIONS_AT_ONCE):
        hand_over(PSEUDONYMIZE, untokenized[start : start + DETECTIONS_AT_ONCE])
    hand_over_all(DRAFT, sorted(clusters), at_once=CLUSTERS_AT_ONCE)
    return count


def _mark(
    model: type[Model], rows: QuerySet[Any], since: str, older_than: datetime, now: datetime
) -> list[Any]:
    waiting_rows = rows.filter(**{f"{since}__lt": older_than}).order_by(since)
    ids = list(waiting_rows.values_list("pk", flat=True)[:_MOST])
    model._default_manager.filter(pk__in=ids).update(**{since: now})
    return ids
