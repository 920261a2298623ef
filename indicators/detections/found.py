"""One detection as people look at it: where it is on its way out, and what it says without naming
anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from indicators.detections.drafts.facts import ClusterFacts, absorb
from indicators.detections.identifiers.showing import open_finding
from indicators.models import Detection, Draft, DraftState, Stage, Submission

#: What stopped, or waits for a key-holder, that is shown at once.
STOPPED = 100


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of the same finding."""

    uuid: UUID
    revision: int
    stage: str
    received_at: datetime
    account_count: int


@dataclass(frozen=True, slots=True)
class DetectionView:
    """A detection with its revisions. `facts` are None once what was sealed is destroyed."""

    detection: Detection
    facts: ClusterFacts | None
    revisions: Sequence[Revision]
    draft: Draft | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """Something that doesn't go on by itself, or not now, and why. `stage`: where it stopped."""

    what: str
    id: UUID
    cluster: int | None
    detector: str
    stage: str
    since: datetime
    reason: str
    is_failed: bool


def read_detection(uuid: UUID, person: int) -> DetectionView | None:
    """A detection, unless another person works at it alone; four statements."""
    rows = Detection.objects.select_related("detector", "cluster", "draft")
    # A draft's objects are megabytes, and not looked at here.
    found = rows.defer("draft__objects_zstd", "draft__preview").filter(uuid=uuid).first()
    if found is None or _is_anothers(found, person):
        return None
    same = Detection.objects.filter(detector=found.detector_id, uid=found.uid)
    listed = same.order_by("-revision").values_list(
        "uuid", "revision", "stage", "received_at", "account_count"
    )[:50]
    draft = found.draft
    hidden = draft is not None and draft.state == DraftState.PREPARED
    facts = absorb(None, [open_finding(found)]) if found.sealed is not None else None
    return DetectionView(
        found, facts, [Revision(*row) for row in listed], None if hidden else draft
    )


def _is_anothers(found: Detection, person: int) -> bool:
    """Part of a submission of which nobody but its author was shown anything yet."""
    author = Submission.objects.filter(cluster=found.cluster_id).values_list("author", flat=True)
    others = [each for each in author if each != person]
    if not others:
        return False
    own = [DraftState.PREPARED, DraftState.SUPERSEDED]
    return not Draft.objects.filter(cluster=found.cluster_id).exclude(state__in=own).exists()


def stopped() -> list[Stopped]:
    """What failed, and what waits with a reason, the oldest first; at most STOPPED of each."""
    # detections_under_way, drafts_under_way
    held = Detection.objects.filter(stage__in=[Stage.FAILED, Stage.RECEIVED]).exclude(reason="")
    columns = ("uuid", "cluster_id", "detector__name", "stage", "stage_since", "reason")
    rows: list[list[Any]] = [
        ["detection", *row, row[3] == Stage.FAILED]
        for row in held.order_by("stage_since").values_list(*columns)[:STOPPED]
    ]
    drafts = Draft.objects.filter(state=DraftState.FAILED).order_by("state_since")
    columns = ("pk", "cluster_id", "cluster__detector__name", "state", "state_since", "failure")
    rows += [["draft", *row, True] for row in drafts.values_list(*columns)[:STOPPED]]
    return sorted((Stopped(*row) for row in rows), key=lambda each: each.since)
