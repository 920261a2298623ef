"""What an author does with a submission. Everything typed is sealed before it is stored.

Rows are locked as everywhere: the cluster, its live draft, then the submission, so that a worker
who drafts the cluster, a reviewer who decides and an author who sends come one after the other.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet

from indicators.detections import audit
from indicators.detections.errors import DetectionError
from indicators.detections.stated import Stated
from indicators.detections.submissions import pieces
from indicators.detections.submissions.evidence import MOST_BYTES
from indicators.detections.submissions.pieces import PREPARED, Prepared
from indicators.models import (
    Audience,
    Cluster,
    Collection,
    Draft,
    DraftState,
    Part,
    PieceRole,
    Role,
    Submission,
    SubmissionState,
)
from indicators.models.draft import LIVE
from indicators.people.roles import roles_of
from indicators.stix import Tlp

#: States in which an author writes.
OPEN = (SubmissionState.EDITING, SubmissionState.PREPARED, SubmissionState.RETURNED)


class SubmissionRefused(DetectionError):
    """What can't be done with a submission as it stands; the message says what to do."""


class NoSuchSubmission(SubmissionRefused):
    """There is none that this person may know of."""


def begin(author: User, typed: bytes = b"") -> UUID:
    """A new submission of this person's; raises SubmissionRefused."""
    _check_role(author)
    _check_length(typed)
    now = datetime.now(UTC)
    with transaction.atomic():
        made = Submission.objects.create(
            author=author, state_since=now, created_at=now, changed_at=now
        )
        if typed:
            pieces.write(made.pk, PieceRole.TYPED, typed)
        audit.record(author.get_username(), "begin", f"submission {made.pk}")
    return made.pk


def save(
    submission_id: UUID, author: User, typed: bytes, *, knows: Callable[[bytes], bool]
) -> None:
    """Keep the form as it is typed, right or wrong; raises SubmissionRefused.

    knows: whether who saves knew what is held; what another window saved is not written over.
    """
    _check_length(typed)
    with transaction.atomic():
        submission = _writable(submission_id, author)
        if not knows(pieces.read(submission.pk, PieceRole.TYPED)):
            raise SubmissionRefused(
                "Another window saved this form since this one was opened; what is typed here is"
                " not saved. Save it here to keep this, or open the form again to see that."
            )
        pieces.write(submission.pk, PieceRole.TYPED, typed)
        _touch(submission)


def paste(submission_id: UUID, author: User, text: str) -> bool:
    """Keep pasted identifiers in place of those pasted before; whether anything has changed."""
    content = text.encode()
    with transaction.atomic():
        submission = _writable(submission_id, author)
        if content == pieces.read(submission.pk, PieceRole.PASTED):
            return False
        pieces.write(submission.pk, PieceRole.PASTED, content)
        _change_evidence(submission)
    return True


def upload(submission_id: UUID, author: User, chunks: Iterable[bytes]) -> int:
    """Keep an uploaded table in place of the one before; how many bytes. Nothing stays of one that
    is too large."""
    with transaction.atomic():
        submission = _writable(submission_id, author)
        size = pieces.write_each(submission.pk, PieceRole.UPLOADED, _bounded(chunks))
        _change_evidence(submission)
        audit.record(author.get_username(), "upload", f"submission {submission.pk}", bytes=size)
    return size


def drop_upload(submission_id: UUID, author: User) -> None:
    """Destroy what was uploaded."""
    with transaction.atomic():
        submission = _writable(submission_id, author)
        pieces.drop(submission.pk, PieceRole.UPLOADED)
        _change_evidence(submission)
        audit.record(author.get_username(), "drop upload", f"submission {submission.pk}")


def prepare(submission_id: UUID, author: User, prepared: Prepared) -> None:
    """State what is to be shared; a worker makes the draft that the author will look at."""
    with transaction.atomic():
        submission = _writable(submission_id, author)
        before = _prepared_before(submission)
        _check_home(submission, prepared.stated)
        _check_hold(before, prepared.stated)
        _mark_parts(submission, before, prepared.stated)
        content = msgspec.json.encode(prepared)
        if len(content) > pieces.PIECE_BYTES:
            raise SubmissionRefused("The submission is too long; shorten its texts and windows.")
        pieces.write(submission.pk, PieceRole.STATED, content)
        submission.failure = ""
        _move(submission, SubmissionState.CHECKING, due=True)
        audit.record(author.get_username(), "prepare", f"submission {submission.pk}")


def send(submission_id: UUID, author: User, draft_id: UUID) -> Draft:
    """Ask for review of the draft that its author looked at; raises SubmissionRefused."""
    with transaction.atomic():
        submission = _own(submission_id, author)
        if submission.state != SubmissionState.PREPARED:
            raise SubmissionRefused("Prepare it first, and look at what peers will see.")
        live = Draft.objects.filter(cluster=submission.cluster_id, state=DraftState.PREPARED)
        draft = live.select_for_update().first()
        if draft is None or draft.pk != draft_id:
            raise SubmissionRefused("What peers will see has changed meanwhile; look at it again.")
        if draft.failure:
            raise SubmissionRefused("It can't be shared as it is; take out what is named.")
        if draft.collection_id is None:
            raise SubmissionRefused("Choose the collection that it is for, and prepare it again.")
        # Without reasons there is nothing in it but what is taken back, which needs nobody's leave.
        draft.state = DraftState.REVIEW if draft.review_reasons else DraftState.APPROVED
        draft.state_since = datetime.now(UTC)
        draft.save(update_fields=["state", "state_since"])
        _move(submission, SubmissionState.SENT)
        audit.record(author.get_username(), "send", f"submission {submission.pk}")
    return draft


def reopen(submission_id: UUID, author: User) -> None:
    """Write again in what was sent, or is being checked; what waits for a reviewer is taken from
    the queue."""
    with transaction.atomic():
        submission = _own(submission_id, author)
        if submission.state not in (SubmissionState.SENT, SubmissionState.CHECKING):
            raise SubmissionRefused("It was not sent, so there is nothing to take back.")
        if _drafts(submission).filter(state=DraftState.APPROVED).exists():
            raise SubmissionRefused("It was approved and is being published; wait a moment.")
        _take_from_queue(submission)
        _move(submission, SubmissionState.EDITING)
        audit.record(author.get_username(), "reopen", f"submission {submission.pk}")


def abandon(submission_id: UUID, author: User) -> None:
    """Give it up: its identifiers are destroyed, what was published of it is taken back."""
    with transaction.atomic():
        submission = _own(submission_id, author)
        if submission.state == SubmissionState.ABANDONED:
            return
        for role in (PieceRole.PASTED, PieceRole.UPLOADED, PieceRole.CHECKED):
            pieces.drop(submission.pk, role)
        _take_from_queue(submission)
        _move(submission, SubmissionState.ABANDONED, due=submission.cluster_id is not None)
        audit.record(author.get_username(), "abandon", f"submission {submission.pk}")


def locked(submission_id: UUID) -> Submission | None:
    """The submission, locked behind its cluster and live draft until the transaction ends."""
    cluster = Submission.objects.filter(pk=submission_id).values_list("cluster", flat=True).first()
    if cluster is not None:
        # A publisher who refers to the row must get past.
        list(Cluster.objects.filter(pk=cluster).select_for_update(no_key=True).values_list("pk"))
        live = Draft.objects.filter(cluster_id=cluster, state__in=LIVE)
        list(live.select_for_update().values_list("pk"))
    return Submission.objects.filter(pk=submission_id).select_for_update().first()


def _drafts(submission: Submission) -> QuerySet[Draft]:
    """Of its cluster. Before it is prepared it has none, and neither have answers to matches."""
    return Draft.objects.filter(cluster=submission.cluster_id, match=None)


def _take_from_queue(submission: Submission) -> None:
    """What waits for a reviewer is its author's alone again: nobody decides it any more."""
    waiting = _drafts(submission).filter(state=DraftState.REVIEW)
    waiting.update(state=DraftState.PREPARED, state_since=datetime.now(UTC))


def _own(submission_id: UUID, author: User) -> Submission:
    submission = locked(submission_id)
    if submission is None or submission.author_id != author.pk:
        raise NoSuchSubmission("There is no such submission.")
    _check_role(author)
    return submission


def _check_role(author: User) -> None:
    if Role.ANALYST not in roles_of(author):
        raise SubmissionRefused(f"{author.get_username()} is no analyst, so submits nothing.")


def _check_length(typed: bytes) -> None:
    """A form is one piece, and lists of submissions read one of each."""
    if len(typed) > pieces.PIECE_BYTES:
        raise SubmissionRefused("The form is too long to be kept; shorten its texts.")


def _writable(submission_id: UUID, author: User) -> Submission:
    submission = _own(submission_id, author)
    if submission.state not in OPEN:
        raise SubmissionRefused(
            "It can't be changed now: it is being checked, was sent, or was given up. Wait for the"
            " check, or take it back first."
        )
    return submission


def _touch(submission: Submission) -> None:
    if submission.state == SubmissionState.PREPARED:
        submission.state, submission.state_since = SubmissionState.EDITING, datetime.now(UTC)
    submission.changed_at = datetime.now(UTC)
    submission.save()


def _change_evidence(submission: Submission) -> None:
    submission.evidence_version += 1
    submission.due_since = datetime.now(UTC)
    _touch(submission)


def _move(submission: Submission, state: SubmissionState, *, due: bool = False) -> None:
    now = datetime.now(UTC)
    submission.state, submission.state_since, submission.changed_at = state, now, now
    submission.due_since = now if due else submission.due_since
    submission.save()


def _check_home(submission: Submission, stated: Stated) -> None:
    """A collection of ours that may receive what is marked so; what is published stays in its."""
    if stated.collection is None:
        return
    home = Collection.objects.filter(pk=stated.collection, is_inbox=False).first()
    if home is None:
        raise SubmissionRefused("There is no such collection; choose another.")
    # drafts_of_cluster
    published = _drafts(submission).filter(state=DraftState.PUBLISHED)
    last = published.select_related("collection").order_by("created_at").last()
    if last is not None and last.collection is not None and last.collection_id != home.pk:
        raise SubmissionRefused(
            f"It is published in {last.collection.title}, and is changed there; choose that"
            " collection, or begin another submission for the other one."
        )
    ceiling = Audience(home.audience).ceiling
    if Tlp(stated.tlp).rank > ceiling.rank:
        raise SubmissionRefused(
            f"{home.title} takes TLP:{ceiling.value.upper()} at most; choose a narrower collection"
            " or a freer marking."
        )


def _prepared_before(submission: Submission) -> Stated | None:
    content = pieces.read(submission.pk, PieceRole.STATED)
    return PREPARED.decode(content).stated if content else None


def _check_hold(before: Stated | None, now: Stated) -> None:
    """One that is over may stay, and none begins so."""
    until = now.hold_until
    if until is None or (before is not None and before.hold_until == until):
        return
    if until <= datetime.now(UTC):
        raise SubmissionRefused("The hold is over already; choose a later time, or none.")


def _mark_parts(submission: Submission, before: Stated | None, now: Stated) -> None:
    """Another marking or hold is on every object: parts that are published say it anew."""
    if before is not None and (before.tlp, before.hold_until) != (now.tlp, now.hold_until):
        shown = Part.objects.filter(cluster=submission.cluster_id, token_count__gt=0)
        shown.filter(published_version__gt=0).update(version=F("version") + 1)


def _bounded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Chunks of the size of a piece; raises SubmissionRefused beyond the most that is taken."""
    total, rest = 0, b""
    for chunk in chunks:
        total += len(chunk)
        if total > MOST_BYTES:
            raise SubmissionRefused(
                f"The file has more than {MOST_BYTES >> 20} MiB; submit it in parts."
            )
        rest += chunk
        while len(rest) >= pieces.PIECE_BYTES:
            yield rest[: pieces.PIECE_BYTES]
            rest = rest[pieces.PIECE_BYTES :]
    if rest:
        yield rest
