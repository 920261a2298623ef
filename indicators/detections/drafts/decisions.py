"""What people decide of drafts. Whoever wrote a word of a draft never decides it; of who wrote last
the database says so again.
"""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max

from indicators.detections import audit, due_matches
from indicators.detections.errors import DetectionError
from indicators.models import (
    Act,
    AuditEvent,
    Cluster,
    Detection,
    Draft,
    DraftState,
    Remark,
    Role,
    Stage,
    Submission,
    SubmissionState,
)
from indicators.people.roles import roles_of
from indicators.store.sql import open_cursor


class DecisionRefused(DetectionError):
    """Somebody who may not decide, or a draft that is not to be decided."""


class NoSuchDraft(DecisionRefused):
    """There is none that this person may know of."""


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


def return_draft(draft_id: UUID, reviewer: User, reason: str) -> None:
    """Ask whoever wrote a draft for changes, which make another draft; raises DecisionRefused."""
    if not reason.strip():
        raise DecisionRefused("Say what should change: its author reads it.")
    with transaction.atomic():
        draft = _reviewable(draft_id, reviewer)
        if draft.author_id is None:
            raise DecisionRefused(
                "Nobody wrote this draft: its detector's findings made it, and they stay as they"
                " are. Approve or reject it, or say in the discussion what is missing."
            )
        _decide(draft, reviewer, DraftState.RETURNED, reason)
        sent = Submission.objects.filter(cluster=draft.cluster, state=SubmissionState.SENT)
        sent.update(state=SubmissionState.RETURNED, state_since=draft.state_since)


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


def remark(draft_id: UUID, person: User, text: str) -> None:
    """Say something of a draft to who else looks at it: reviewers, and its author."""
    draft = Draft.objects.filter(pk=draft_id).exclude(state=DraftState.PREPARED).first()
    is_author = draft is not None and draft.author_id == person.pk
    if draft is None or not (is_author or Role.REVIEWER in roles_of(person)):
        raise NoSuchDraft("There is no such draft.")
    if not text.strip():
        raise DecisionRefused("Write what you want to say.")
    with transaction.atomic():
        note(person, Act.SAID, text, draft=draft)
        audit.record(person.get_username(), "remark", f"draft {draft_id}")


def note(person: User, act: Act, text: str, *, draft: Draft) -> None:
    """Keep what was done to a draft, and the words, with what it is about."""
    Remark.objects.create(
        cluster_id=None if draft.match_id else draft.cluster_id,
        match_id=draft.match_id,
        draft=draft,
        author=person,
        said_at=datetime.now(UTC),
        act=act,
        text=text.strip(),
    )


def describe_cluster(cluster_id: int, author: User, text: str) -> None:
    """Write of a cluster what peers shall read; another person has to approve it."""
    if not {Role.ANALYST, Role.REVIEWER} & roles_of(author):
        raise DecisionRefused(f"{author.get_username()} is neither an analyst nor a reviewer.")
    if Submission.objects.filter(cluster=cluster_id).exists():
        raise DecisionRefused("It was submitted: what peers read of it is written there.")
    now = datetime.now(UTC)
    with transaction.atomic():
        changed = Cluster.objects.filter(pk=cluster_id, is_open=True).update(
            description=text, described_by=author, draft_due=True, due_since=now
        )
        if not changed:
            raise DecisionRefused("There is no such open cluster.")
        audit.record(author.get_username(), "describe", f"cluster {cluster_id}")


_DECISION = ["state", "decided_by", "decided_at", "decision_reason", "state_since"]
_ANOTHER = "Who wrote of it does not decide it; ask another person."
_ACTS = {
    DraftState.APPROVED: Act.APPROVED,
    DraftState.RETURNED: Act.RETURNED,
    DraftState.REJECTED: Act.REJECTED,
}


def _reviewable(draft_id: UUID, reviewer: User) -> Draft:
    """The draft, locked: two people who decide at once are told apart here."""
    if Role.REVIEWER not in roles_of(reviewer):
        raise DecisionRefused(f"{reviewer.get_username()} is no reviewer.")
    draft = Draft.objects.select_for_update().filter(pk=draft_id).first()
    if draft is None or draft.state == DraftState.PREPARED:
        raise NoSuchDraft("There is no such draft.")
    if draft.state != DraftState.REVIEW:
        raise DecisionRefused(f"The draft is {draft.state}; only one in review is decided.")
    if draft.author_id is not None and (draft.author_id == reviewer.pk or _wrote(draft, reviewer)):
        raise DecisionRefused(_ANOTHER)
    return draft


def _wrote(draft: Draft, person: User) -> bool:
    """Whether they described its cluster since it was published last: whoever wrote on after them
    is its author, and their own words may be left in it."""
    published = Draft.objects.filter(cluster=draft.cluster_id, state=DraftState.PUBLISHED)
    last = published.aggregate(last=Max("created_at"))["last"]
    # audit_by_subject
    subject = f"cluster {draft.cluster_id}"
    written = AuditEvent.objects.filter(subject=subject, act="describe")
    theirs = written.filter(actor=person.get_username())
    return (theirs if last is None else theirs.filter(at__gt=last)).exists()


def _decide(draft: Draft, reviewer: User, state: DraftState, reason: str) -> None:
    draft.state, draft.decided_by = state, reviewer
    draft.decision_reason = reason
    draft.decided_at = draft.state_since = datetime.now(UTC)
    try:
        with transaction.atomic():
            draft.save(update_fields=_DECISION)
    except IntegrityError as error:  # an_author_never_decides
        raise DecisionRefused(_ANOTHER) from error
    note(reviewer, _ACTS[state], reason, draft=draft)
    # Not the reason: people may write identifiers there, and the audit log is for ever.
    audit.record(reviewer.get_username(), state.value, f"draft {draft.pk}")
