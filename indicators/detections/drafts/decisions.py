"""What people decide of drafts. Whoever wrote a word of a draft never decides it; the database says
so again.
"""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from indicators.detections import audit, due_matches
from indicators.detections.errors import DetectionError
from indicators.models import Cluster, Detection, Draft, DraftState, Stage
from indicators.store.sql import open_cursor

#: The permission that a reviewer has (Django's name for "may change drafts").
PERMISSION = "indicators.change_draft"


class DecisionRefused(DetectionError):
    """Somebody who may not decide, or a draft that is not to be decided."""


def approve(draft_id: UUID, reviewer: User, reason: str = "") -> UUID:
    """Let a draft be published as it is; raises DecisionRefused."""
    with transaction.atomic():
        draft = _reviewable(draft_id, reviewer)
        if draft.collection_id is None:
            raise DecisionRefused(
                "The draft has no collection; set one for its detector and run it again, or name"
                " one for answers to what its match came by."
            )
        _decide(draft, reviewer, DraftState.APPROVED, reason)
    return draft.pk


def reject(draft_id: UUID, reviewer: User, reason: str) -> None:
    """Share nothing of what a draft would have added; raises DecisionRefused."""
    if not reason.strip():
        raise DecisionRefused("A rejection needs a reason: its author reads it.")
    with transaction.atomic():
        draft = _reviewable(draft_id, reviewer)
        _decide(draft, reviewer, DraftState.REJECTED, reason)
        Detection.objects.filter(draft=draft, stage=Stage.DRAFTED).update(
            stage=Stage.WITHHELD, stage_since=draft.state_since, reason=f"Rejected: {reason}"
        )
        if draft.cluster_id is not None:
            with open_cursor() as cursor:
                due_matches.has_changed(cursor, [draft.cluster_id], draft.state_since)


def describe_cluster(cluster_id: int, author: User, text: str) -> None:
    """Write of a cluster what peers shall read; another person has to approve it."""
    now = datetime.now(UTC)
    with transaction.atomic():
        changed = Cluster.objects.filter(pk=cluster_id, is_open=True).update(
            description=text, described_by=author, draft_due=True, due_since=now
        )
        if not changed:
            raise DecisionRefused("There is no such open cluster.")
        audit.record(author.get_username(), "describe", f"cluster {cluster_id}")


_DECISION = ["state", "decided_by", "decided_at", "decision_reason", "state_since"]


def _reviewable(draft_id: UUID, reviewer: User) -> Draft:
    if not reviewer.has_perm(PERMISSION):
        raise DecisionRefused(f"{reviewer.get_username()} is no reviewer ({PERMISSION}).")
    draft = Draft.objects.select_for_update().filter(pk=draft_id).first()
    if draft is None:
        raise DecisionRefused("There is no such draft.")
    if draft.state != DraftState.REVIEW:
        raise DecisionRefused(f"The draft is {draft.state}; only one in review is decided.")
    if draft.author_id is not None and draft.author_id == reviewer.pk:
        raise DecisionRefused("Who wrote of it does not decide it; ask another person.")
    return draft


def _decide(draft: Draft, reviewer: User, state: DraftState, reason: str) -> None:
    draft.state, draft.decided_by = state, reviewer
    draft.decision_reason = reason
    draft.decided_at = draft.state_since = datetime.now(UTC)
    try:
        with transaction.atomic():
            draft.save(update_fields=_DECISION)
    except IntegrityError as error:  # an_author_never_decides
        raise DecisionRefused("Who wrote of it does not decide it; ask another person.") from error
    audit.record(reviewer.get_username(), state.value, f"draft {draft.pk}", reason=reason)
