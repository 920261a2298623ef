"""Who holds what was taken back: each retraction in a collection, and how far its readers are.

A node says how far it is by receipts, which it signs; one that is pushed to, by what it took; any
other client, by the requests in which it read to the end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from indicators.store.sql import open_cursor

# One row each: whoever may read the collection, and whoever it is pushed to. Few, by primary keys.
_READERS = """
SELECT reader.name, reader.state, known.size, known.by, known.at
FROM (
    SELECT m.name, m.state, m.id AS member, p.id AS peer
    FROM indicators_grant g JOIN indicators_member m ON m.id = g.member_id
    LEFT JOIN federation_peer p ON p.identity_id = m.identity_id
    WHERE g.collection_id = %(collection)s AND g.can_read AND NOT m.is_self
    UNION
    SELECT coalesce(m.name, p.name), coalesce(m.state, p.state), m.id, p.id
    FROM federation_push h JOIN federation_peer p ON p.id = h.peer_id
    LEFT JOIN indicators_member m ON m.identity_id = p.identity_id
    WHERE h.log_id = %(collection)s AND h.is_active
) reader
CROSS JOIN LATERAL (
    SELECT size, by, at FROM (
        SELECT held_size AS size, 'receipt' AS by, held_at AS at FROM federation_delivery
        WHERE peer_id = reader.peer AND log_id = %(collection)s AND held_at IS NOT NULL
        UNION ALL
        SELECT size, 'push', pushed_at FROM federation_push
        WHERE peer_id = reader.peer AND log_id = %(collection)s
        UNION ALL
        SELECT size, 'requests', served_at FROM indicators_served
        WHERE member_id = reader.member AND collection_id = %(collection)s
        UNION ALL SELECT 0, '', NULL
    ) word ORDER BY size DESC, by = 'receipt' DESC LIMIT 1
) known
ORDER BY reader.name
"""
# revoked_versions, then one look-up each on entry_by_object: it costs by what was ever taken back,
# not by what was ever shared.
_RETRACTIONS = """
SELECT e.seq, v.stix_id, e.date_added FROM indicators_objectversion v
CROSS JOIN LATERAL (
    SELECT seq, date_added FROM indicators_entry
    WHERE collection_id = %(collection)s AND stix_id = v.stix_id AND version = v.version OFFSET 0
) e
WHERE v.revoked AND e.seq >= %(begin)s
ORDER BY e.seq DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a collection: how many entries they hold, by whose word, and when that was said.

    `by`: receipt, push or requests; "" if they never read it to the end.
    """

    name: str
    state: str
    size: int
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Retraction:
    """An object that was revoked at `seq` of the log: who knows by now, who doesn't since then."""

    seq: int
    stix_id: str
    since: datetime
    held_by: tuple[str, ...]
    awaited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """A reader, the retractions that it does not hold yet, and since when the oldest of these."""

    reader: Reader
    awaited: int
    since: datetime | None


def readers(collection: UUID) -> list[Reader]:
    """Who may read the collection or is pushed it, by name; not this node's own organization."""
    with open_cursor() as cursor:
        rows = cursor.execute(_READERS, {"collection": collection}).fetchall()
    return [Reader(*row) for row in rows]


def listed(known: Sequence[Reader]) -> str:
    """Readers as one word, which is another as soon as they are others."""
    return sha256("\0".join(f"{each.name}\0{each.state}" for each in known).encode()).hexdigest()


def retractions(
    collection: UUID, *, awaited_only: bool = False, limit: int = 1_000
) -> list[Retraction]:
    """What was taken back in the collection, the newest first, with who holds that by now."""
    known = readers(collection)
    begin = min((reader.size for reader in known), default=0) if awaited_only else 0
    found = [_retraction(row, known) for row in _revoked(collection, begin, limit)]
    return [each for each in found if each.awaited or not awaited_only]


def progress(collection: UUID, *, limit: int = 100_000) -> list[Progress]:
    """Each reader with what it lacks."""
    known = readers(collection)
    begin = min((reader.size for reader in known), default=0)
    revoked = [*_revoked(collection, begin, limit)] if known else []
    found = []
    for reader in known:
        lacking = [since for seq, _, since in revoked if seq >= reader.size]
        found.append(Progress(reader, len(lacking), min(lacking, default=None)))
    return found


def _revoked(collection: UUID, begin: int, limit: int) -> Iterator[tuple[int, str, datetime]]:
    asked = {"collection": collection, "begin": begin, "limit": limit}
    with open_cursor() as cursor:
        yield from cursor.execute(_RETRACTIONS, asked).fetchall()


def _retraction(row: tuple[int, str, datetime], known: Sequence[Reader]) -> Retraction:
    seq, stix_id, since = row
    return Retraction(
        seq,
        stix_id,
        since,
        held_by=tuple(reader.name for reader in known if seq < reader.size),
        awaited=tuple(reader.name for reader in known if seq >= reader.size),
    )
