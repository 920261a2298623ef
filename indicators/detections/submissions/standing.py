"""Where submissions stand: their own state, and what became of the newest draft of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from indicators.detections import audit
from indicators.detections.submissions import pieces
from indicators.detections.submissions.editing import OPEN, NoSuchSubmission
from indicators.models import (
    Detection,
    Draft,
    DraftState,
    Piece,
    PieceRole,
    Stage,
    Submission,
    SubmissionState,
)
from indicators.store.sql import open_cursor

_AT_ONCE = 1_000
# drafts_of_cluster: the newest of each, without its objects.
_NEWEST = """
SELECT c.id, d.state, d.decision_reason FROM unnest(%s::bigint[]) AS c(id)
CROSS JOIN LATERAL (
    SELECT state, decision_reason FROM indicators_draft WHERE cluster_id = c.id
    ORDER BY created_at DESC LIMIT 1
) d
"""
#: What a submission that was sent is called, by the state of its newest draft.
_SENT_AS = {
    DraftState.REVIEW.value: "in review",
    DraftState.RETURNED.value: "returned",
    DraftState.APPROVED.value: "approved",
    DraftState.PUBLISHED.value: "published",
    DraftState.REJECTED.value: "rejected",
    DraftState.FAILED.value: "failed",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A submission in its author's list. `typed`: the form, for its name."""

    id: UUID
    state: str
    created_at: datetime
    changed_at: datetime
    typed: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """A submission as it is now. `state`: its own, or in review, approved, published, rejected.

    `draft` is the newest that still says something; `stopped` are reasons why findings of it wait
    or are kept back; `evidence_is_read`: a worker has seen the newest identifiers.
    """

    id: UUID
    state: str
    state_since: datetime
    changed_at: datetime
    failure: str
    cluster: int | None
    evidence_is_read: bool
    has_upload: bool
    draft: Draft | None
    stopped: tuple[str, ...]
    decided_by: str
    decision_reason: str

    @property
    def is_open(self) -> bool:
        """Whether its author writes in it."""
        return self.state in OPEN

    @property
    def waits(self) -> bool:
        """Whether a worker is at it, so that looking again makes sense."""
        return self.state == SubmissionState.CHECKING or not self.evidence_is_read


def submissions_of(
    author: User, before: tuple[datetime, UUID] | None = None, *, limit: int = 50
) -> list[Listed]:
    """A person's submissions, the last changed first. Three statements."""
    # submissions_of_author
    rows = Submission.objects.filter(author=author)
    if before is not None:
        at, last = before
        rows = rows.filter(Q(changed_at__lt=at) | Q(changed_at=at, pk__lt=last))
    found = list(rows.order_by("-changed_at", "-pk")[:limit])
    drafts = _newest_drafts([each.cluster_id for each in found if each.cluster_id])
    typed = pieces.first_of_each([each.pk for each in found], PieceRole.TYPED)
    return [
        Listed(
            each.pk,
            _called(each, drafts.get(each.cluster_id or 0, "")),
            each.created_at,
            each.changed_at,
            typed.get(each.pk, b""),
        )
        for each in found
    ]


def read_standing(submission_id: UUID, author: User) -> Standing:
    """A submission for its author; raises NoSuchSubmission for everybody else."""
    found = Submission.objects.filter(pk=submission_id, author=author).first()
    if found is None:
        raise NoSuchSubmission("There is no such submission.")
    drafts = Draft.objects.filter(cluster=found.cluster_id).order_by("-created_at")
    draft = None if found.cluster_id is None else drafts.select_related("decided_by").first()
    decider = draft.decided_by if draft else None
    return Standing(
        id=found.pk,
        state=_called(found, draft.state if draft else ""),
        state_since=found.state_since,
        changed_at=found.changed_at,
        failure=found.failure,
        cluster=found.cluster_id,
        evidence_is_read=found.due_since is None,
        has_upload=found.pieces.filter(role=PieceRole.UPLOADED).exists(),
        draft=None if draft and draft.state == DraftState.SUPERSEDED else draft,
        stopped=_stopped(found.cluster_id),
        decided_by=decider.get_username() if decider else "",
        decision_reason=draft.decision_reason if draft else "",
    )


def destroy_evidence(before: datetime) -> int:
    """Destroy the identifiers of submissions that nobody changed since; how many submissions."""
    raw = Piece.objects.filter(role__in=[PieceRole.PASTED, PieceRole.UPLOADED])
    old = Submission.objects.filter(Exists(raw.filter(submission=OuterRef("pk"))))
    with transaction.atomic():
        # Locked: what its author uploads at this moment is not destroyed with what was old.
        due = old.filter(changed_at__lt=before).select_for_update(skip_locked=True)
        ids = list(due.values_list("pk", flat=True)[:_AT_ONCE])
        if ids:
            raw.filter(submission__in=ids).delete()
            audit.record(audit.RETENTION, "destroy", "identifiers", submissions=len(ids))
    return len(ids)


def _called(submission: Submission, draft: str) -> str:
    if submission.state == SubmissionState.SENT:
        return _SENT_AS.get(draft, "sent")
    return submission.state


def _newest_drafts(clusters: Sequence[int]) -> dict[int, str]:
    with open_cursor() as cursor:
        return {row[0]: row[1] for row in cursor.execute(_NEWEST, (list(clusters),)).fetchall()}


def _stopped(cluster: int | None) -> tuple[str, ...]:
    """Why findings of it wait or are kept back, each reason once."""
    if cluster is None:
        return ()
    # detections_of_cluster
    found = Detection.objects.filter(
        cluster_id=cluster, stage__in=[Stage.RECEIVED, Stage.FAILED, Stage.WITHHELD]
    ).exclude(reason="")
    reasons = found.values_list("reason", flat=True).distinct()[:10]
    return tuple(each for each in reasons if not each.startswith("Rejected:"))
