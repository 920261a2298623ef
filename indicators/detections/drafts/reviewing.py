"""Drafts as reviewers find them: what waits, who wrote it, what was said of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from indicators.models import DraftState
from indicators.store.sql import open_cursor

#: Counts stop here: more is "more than".
COUNTED = 1_000
_START = datetime.min.replace(tzinfo=UTC)

_COLUMNS = """
SELECT d.id, d.state, d.cluster_id, m.uuid, coalesce(r.name, ''), k.title,
       coalesce(u.username, ''), d.author_id, d.object_count, d.review_reasons,
       d.preview -> 'tokenized', d.created_at, d.state_since, coalesce(w.username, ''),
       d.decided_at, d.decision_reason
FROM ({drafts}) d
LEFT JOIN indicators_match m ON m.id = d.match_id
LEFT JOIN indicators_cluster c ON c.id = coalesce(d.cluster_id, m.cluster_id)
LEFT JOIN indicators_detector r ON r.id = c.detector_id
LEFT JOIN indicators_collection k ON k.id = d.collection_id
LEFT JOIN auth_user u ON u.id = d.author_id
LEFT JOIN auth_user w ON w.id = d.decided_by_id
ORDER BY {order}
"""
# drafts_under_way. A batch of drafts has one time, so that the time alone would not say where a
# page ended. Who wrote of it looks at it elsewhere.
_WAITING = """
SELECT * FROM indicators_draft
WHERE state = 'review' AND author_id IS DISTINCT FROM %(person)s
  AND state_since >= %(since)s AND (state_since, id) > (%(since)s, %(after)s)
ORDER BY state_since, id LIMIT %(limit)s
"""
# drafts_under_way
_OWN = """
SELECT * FROM indicators_draft
WHERE state IN ('review', 'returned') AND author_id = %(person)s
ORDER BY state_since DESC LIMIT %(limit)s
"""
# drafts_by_decision
_DECIDED = """
SELECT * FROM indicators_draft WHERE decided_by_id IS NOT NULL
ORDER BY decided_at DESC LIMIT %(limit)s
"""
# drafts_under_way
_COUNT = """
SELECT count(*) FROM (
    SELECT FROM indicators_draft
    WHERE state = 'review' AND author_id IS DISTINCT FROM %(person)s LIMIT %(limit)s
) waiting
"""
# By primary key; its successor by one_live_draft_a_cluster or one_live_answer_a_match. What only
# its author may see is not there for others.
_ONE = """
SELECT d.id, d.state, d.cluster_id, d.match_id, m.uuid, m.stix_id, coalesce(r.name, ''),
       d.collection_id, k.title, k.alias, coalesce(u.username, ''), d.author_id,
       coalesce(w.username, ''), d.decided_at, d.decision_reason, d.failure, d.object_count,
       d.review_reasons, d.created_at, d.state_since, d.preview, d.objects_zstd,
       (SELECT id FROM indicators_draft live
        WHERE live.state IN ('review', 'returned', 'approved', 'failed')
          AND (live.cluster_id = d.cluster_id OR live.match_id = d.match_id) AND live.id <> d.id
        LIMIT 1)
FROM indicators_draft d
LEFT JOIN indicators_match m ON m.id = d.match_id
LEFT JOIN indicators_cluster c ON c.id = coalesce(d.cluster_id, m.cluster_id)
LEFT JOIN indicators_detector r ON r.id = c.detector_id
LEFT JOIN indicators_collection k ON k.id = d.collection_id
LEFT JOIN auth_user u ON u.id = d.author_id
LEFT JOIN auth_user w ON w.id = d.decided_by_id
WHERE d.id = %(draft)s AND d.state <> 'prepared'
"""
# remarks_of_cluster, remarks_of_match
_SAID = """
SELECT r.act, u.username, r.said_at, r.text, r.draft_id
FROM indicators_remark r JOIN auth_user u ON u.id = r.author_id
WHERE r.{of} = %(of)s ORDER BY r.said_at DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A draft in a list. `match` is set where it answers somebody, `cluster` where it is ours."""

    id: UUID
    state: str
    cluster: int | None
    match: UUID | None
    detector: str
    collection: str | None
    author: str
    author_id: int | None
    object_count: int
    reasons: tuple[str, ...]
    tokenized: dict[str, int]
    created_at: datetime
    since: datetime
    decided_by: str
    decided_at: datetime | None
    decision_reason: str

    @property
    def token_count(self) -> int:
        return sum(self.tokenized.values())


@dataclass(frozen=True, slots=True)
class Seen:
    """A draft as it is now. `successor` is the live one that took its place, if any.

    `preview` is as `drafts.preview.Preview` in builtins; `objects_zstd` is empty once another draft
    took its place.
    """

    id: UUID
    state: str
    cluster: int | None
    match_id: int | None
    match: UUID | None
    indicator: str | None
    detector: str
    collection_id: UUID | None
    collection: str | None
    alias: str | None
    author: str
    author_id: int | None
    decided_by: str
    decided_at: datetime | None
    decision_reason: str
    failure: str
    object_count: int
    reasons: tuple[str, ...]
    created_at: datetime
    since: datetime
    preview: dict[str, Any]
    objects_zstd: bytes
    successor: UUID | None


@dataclass(frozen=True, slots=True)
class Said:
    """A person's words, with what they did: an `Act`."""

    act: str
    author: str
    at: datetime
    text: str
    draft: UUID | None


def waiting(person: int, *, after: Row | None = None, limit: int = 50) -> list[Row]:
    """What others wrote, or nobody, and waits for a person; what waits longest comes first."""
    since = _START if after is None else after.since
    last = UUID(int=0) if after is None else after.id
    return waiting_since(person, since, last, limit=limit)


def waiting_since(person: int, since: datetime, after: UUID, *, limit: int = 50) -> list[Row]:
    """What waits, from behind the draft `after`, which has waited `since`."""
    asked = {"person": person, "since": since, "after": after, "limit": limit}
    return _rows(_WAITING, "d.state_since, d.id", asked)


def written_by(person: int, *, limit: int = 50) -> list[Row]:
    """A person's own drafts that wait for others, or that came back."""
    return _rows(_OWN, "d.state_since DESC", {"person": person, "limit": limit})


def lately_decided(*, limit: int = 20) -> list[Row]:
    """What people decided, the latest first."""
    return _rows(_DECIDED, "d.decided_at DESC", {"limit": limit})


def waiting_count(person: int) -> int:
    """How many drafts wait for this person; `COUNTED` stands for as many or more."""
    with open_cursor() as cursor:
        asked = {"person": person, "limit": COUNTED}
        [(count,)] = cursor.execute(_COUNT, asked).fetchall()
    return int(count)


def read_draft(draft: UUID) -> Seen | None:
    """A draft, unless only its author may see it."""
    with open_cursor() as cursor:
        row = cursor.execute(_ONE, {"draft": draft}).fetchone()
    if row is None:
        return None
    *facts, reasons, created, since, preview, objects, successor = row
    told = msgspec.json.decode(reasons, type=tuple[str, ...])
    shown = msgspec.json.decode(preview)
    columns = [*facts, told, created, since, shown, bytes(objects), successor]
    return Seen(*columns)


def said_of_cluster(cluster: int, *, limit: int = 50) -> list[Said]:
    """What people said of a cluster and its drafts, the latest first."""
    return _said("cluster_id", cluster, limit)


def said_of_match(match: int, *, limit: int = 50) -> list[Said]:
    """What people said of the answers to a match (by its row), the latest first."""
    return _said("match_id", match, limit)


def state_words(state: str) -> str:
    """Where a draft is, in a few words."""
    return DraftState(state).label


def _said(of: str, number: int, limit: int) -> list[Said]:
    with open_cursor() as cursor:
        rows = cursor.execute(_SAID.format(of=of), {"of": number, "limit": limit}).fetchall()
    return [Said(*row) for row in rows]


def _rows(drafts: str, order: str, asked: dict[str, Any]) -> list[Row]:
    with open_cursor() as cursor:
        statement = _COLUMNS.format(drafts=drafts, order=order)
        found = cursor.execute(statement, asked).fetchall()
    return [_row(*row) for row in found]


def _row(*columns: Any) -> Row:
    *facts, reasons, tokenized, created, since, decided_by, decided_at, because = columns
    # Django has its connections read JSON as text.
    told = msgspec.json.decode(reasons, type=tuple[str, ...])
    counts = msgspec.json.decode(tokenized, type=dict[str, int]) if tokenized else {}
    columns = (*facts, told, counts, created, since, decided_by, decided_at, because)
    return Row(*columns)
