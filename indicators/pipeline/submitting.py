"""An analyst's submission: written, checked by a worker, looked at, sent, followed to its readers.

write ─► check (worker) ─► preview ─► prepare ─► findings ─► tokens ─► draft ─► send ─► review
                                                                                     ▼
                       who holds it ◄── published ◄── a reviewer approves it ◄───────┘
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.contrib.auth.models import User
from django.db import transaction

from indicators.catalog.differences import Difference, differences
from indicators.detections.drafts.held import held_contents
from indicators.detections.drafts.making import unpacked
from indicators.detections.drafts.reviewing import Said, said_of_cluster
from indicators.detections.drafts.telling import Told, tell
from indicators.detections.submissions import checking, editing, pieces, standing
from indicators.detections.submissions.evidence import Checked
from indicators.detections.submissions.pieces import Prepared
from indicators.detections.submissions.standing import Standing
from indicators.models import Draft, DraftState, Member, PieceRole, Sector, Submission
from indicators.pipeline.contributing import PUBLISH, hand_over_job
from indicators.pipeline.handing_over import hand_over
from indicators.reconcile import delivery
from indicators.store.sql import open_cursor

CHECK_SUBMISSION = "indicators.check_submission"
#: Objects on one page of a preview.
OBJECTS = 12
# Of our making to the last letter.
_WORDLESS = ("part/", "indicates/part/", "window/", "traffic/")
#: Submissions that one look for lost work sends again.
_MOST = 1_000
# authored_of_cluster, then one look-up an object on entry_by_object.
_PUBLISHED = """
SELECT e.seq FROM indicators_submission s
JOIN indicators_cluster c ON c.id = s.cluster_id
JOIN indicators_authored a ON (a.cluster_id, a.incarnation) = (c.id, c.incarnation)
CROSS JOIN LATERAL (
    SELECT seq FROM indicators_entry
    WHERE collection_id = %(collection)s AND stix_id = a.stix_id AND is_latest OFFSET 0
) e
WHERE s.id = %(submission)s
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """An object that peers will see, in words and as it would be signed."""

    id: str
    change: str
    told: Told
    differences: Sequence[Difference]
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Receiver:
    """An organization that gets it. `passes_on`: a hub, which relays what the marking allows.

    `held` of `total` objects reached it, as far as it says, or its requests show, since `at`.
    """

    name: str
    state: str
    passes_on: bool
    held: int
    total: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What peers will see of a submission, or see of it already, a page of objects at a time.

    words: (title, place, text) of every text in it that a person wrote.
    """

    standing: Standing
    checked: Checked | None
    objects: Sequence[Shown]
    page: int
    pages: int
    counts: Mapping[str, int]
    changes: Mapping[str, int]
    receivers: Sequence[Receiver]
    said: Sequence[Said]
    words: Sequence[tuple[str, str, str]]
    is_published: bool


def begin_submission(author: User, typed: bytes = b"") -> UUID:
    """A new submission, seen by its author alone."""
    return editing.begin(author, typed)


def save_submission(
    submission: UUID,
    author: User,
    typed: bytes,
    knows: Callable[[bytes], bool] = lambda held: True,
) -> None:
    """Keep what was typed. `knows`: whether its page knew what is held, given that."""
    editing.save(submission, author, typed, knows=knows)


def paste_evidence(submission: UUID, author: User, pasted: str) -> None:
    """Keep what was pasted; a worker reads the identifiers if they have changed."""
    with transaction.atomic():
        if editing.paste(submission, author, pasted):
            _check_soon(submission)


def upload_evidence(submission: UUID, author: User, chunks: Iterable[bytes]) -> int:
    """Keep a table of identifiers, sealed as it comes in; a worker reads it."""
    with transaction.atomic():
        size = editing.upload(submission, author, chunks)
        _check_soon(submission)
    return size


def drop_evidence(submission: UUID, author: User) -> None:
    """Destroy what was uploaded."""
    with transaction.atomic():
        editing.drop_upload(submission, author)
        _check_soon(submission)


def prepare_submission(submission: UUID, author: User, prepared: Prepared) -> None:
    """Have workers make what peers will see."""
    with transaction.atomic():
        editing.prepare(submission, author, prepared)
        _check_soon(submission)


def send_submission(submission: UUID, author: User, draft: UUID) -> None:
    """Ask for review of what the author looked at."""
    with transaction.atomic():
        sent = editing.send(submission, author, draft)
        if sent.state == DraftState.APPROVED:
            transaction.on_commit(lambda: hand_over(PUBLISH, [str(sent.pk)]))


def reopen_submission(submission: UUID, author: User) -> None:
    """Go on writing in what was sent."""
    editing.reopen(submission, author)


def abandon_submission(submission: UUID, author: User) -> None:
    """Give it up; workers take back what was published."""
    with transaction.atomic():
        editing.abandon(submission, author)
        _check_soon(submission)


def check_submission(submission: UUID) -> None:
    """The worker's part; what its author has to put right is said with the submission."""
    with transaction.atomic():
        job = checking.check(submission)
        if job is not None:
            hand_over_job(job)


def stop_submission(submission: UUID, reason: str) -> None:
    """A submission that nobody can check as it is goes back to its author, with the reason."""
    checking.fail(submission, reason)


def resume_submissions(older_than: datetime) -> int:
    """Hand over again what no worker got on with since; how many. Each is marked first."""
    due = Submission.objects.filter(due_since__lt=older_than).order_by("due_since")
    ids = list(due.values_list("pk", flat=True)[:_MOST])
    Submission.objects.filter(pk__in=ids, due_since__isnull=False).update(
        due_since=datetime.now(UTC)
    )
    for each in ids:
        hand_over(CHECK_SUBMISSION, str(each))
    return len(ids)


def typed_of(submission: UUID) -> tuple[bytes, str]:
    """The form as it was typed, and the identifiers as they were pasted."""
    typed = pieces.read(submission, PieceRole.TYPED)
    return typed, pieces.read(submission, PieceRole.PASTED).decode()


def read_preview(submission: UUID, author: User, page: int = 1) -> Preview:
    """A submission for its author; raises NoSuchSubmission. Twelve statements, however large."""
    found = standing.read_standing(submission, author)
    draft = found.draft
    lines = unpacked(bytes(draft.objects_zstd)) if draft else []
    goes = draft.preview.get("goes", []) if draft and lines else []
    pages = max(1, -(-len(goes) // OBJECTS))
    page = min(max(1, page), pages)
    some = [orjson.loads(line) for line in lines[(page - 1) * OBJECTS : page * OBJECTS]]
    is_published = draft is not None and draft.state == DraftState.PUBLISHED
    words = _words(lines, goes)
    return Preview(
        standing=found,
        checked=checking.checked(submission),
        objects=_shown(some, goes[(page - 1) * OBJECTS :], is_published=is_published),
        page=page,
        pages=pages,
        counts=dict(Counter(each["type"] for each in goes)),
        changes=dict(Counter(each["change"] for each in goes)),
        receivers=_receivers(submission, draft),
        said=said_of_cluster(found.cluster) if found.cluster else [],
        words=words,
        is_published=is_published,
    )


def _words(lines: Sequence[bytes], goes: Sequence[Mapping[str, str]]) -> list[tuple[str, str, str]]:
    """Texts that no vocabulary vouches for, each once; indicators of tokens, which are most, have
    none."""
    written = [
        tell(orjson.loads(line))
        for line, going in zip(lines, goes, strict=False)
        if not going["role"].startswith(_WORDLESS)
    ]
    found: dict[str, tuple[str, str, str]] = {}
    for told in written:
        for place, text in told.unread:
            found.setdefault(text, (told.title, place, text))
    return [*found.values()]


def _check_soon(submission: UUID) -> None:
    transaction.on_commit(lambda: hand_over(CHECK_SUBMISSION, str(submission)))


def _shown(
    contents: Sequence[Mapping[str, Any]],
    goes: Sequence[Mapping[str, str]],
    *,
    is_published: bool,
) -> list[Shown]:
    with open_cursor() as cursor:
        held = held_contents(cursor, [] if is_published else [each["id"] for each in contents])
    return [
        Shown(
            content["id"],
            going["change"],
            tell(content),
            differences(held[content["id"]], content) if content["id"] in held else [],
            content,
        )
        for content, going in zip(contents, goes, strict=False)
    ]


def _receivers(submission: UUID, draft: Draft | None) -> list[Receiver]:
    """Who reads the draft's collection, and how much of what is published they hold."""
    if draft is None or draft.collection_id is None:
        return []
    hubs = set(Member.objects.filter(sector=Sector.HUB).values_list("name", flat=True))
    asked = {"submission": submission, "collection": draft.collection_id}
    with open_cursor() as cursor:
        places = [seq for (seq,) in cursor.execute(_PUBLISHED, asked).fetchall()]
    return [
        Receiver(
            reader.name,
            reader.state,
            reader.name in hubs,
            sum(seq < reader.size for seq in places),
            len(places),
            reader.at,
        )
        for reader in delivery.readers(draft.collection_id)
    ]
