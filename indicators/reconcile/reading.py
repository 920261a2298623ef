"""What is new in a collection since it was last reconciled: its newest versions, in log order.

Everything that changes matches, joint clusters or answers takes its turn (`take_turn`): of an
indicator and a detection that come at once, whoever is second sees what the first one stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from indicators.store.sql import Cursor, open_cursor

#: What is read of a collection at once: objects, and bytes of those that matter here.
LIMIT = 2_000
_MOST_BYTES = 4 << 20
_READ_TYPES = ["indicator", "relationship", "sighting", "opinion"]

_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('retort/reconcile', 0))"
_BEGIN = (
    "INSERT INTO indicators_reconciled (collection_id, size) VALUES (%s, 0) ON CONFLICT DO NOTHING"
)
_SIZE = "SELECT size FROM indicators_reconciled WHERE collection_id = %s FOR UPDATE"
# Entries behind the last one that is there were withdrawn, if the log had them before we looked.
_HEAD = "SELECT size FROM federation_log WHERE id = %s"
_MOVE = "UPDATE indicators_reconciled SET size = %s, at = %s WHERE collection_id = %s"
# indicators_entry_pkey, then a body by its primary key where it matters; what lies beyond
# %(most)s bytes is left to the next batch.
_NEW = """
SELECT seq, stix_id, type, version, contributor_id, revoked, tlp, body
FROM (
    SELECT e.seq, e.stix_id, e.type, e.version, v.contributor_id, v.revoked, v.tlp, v.body,
           coalesce(octet_length(v.body), 0) AS bytes,
           sum(octet_length(v.body)) OVER (ORDER BY e.seq) AS all_bytes
    FROM (
        SELECT seq, stix_id, type, version, object_version_id FROM indicators_entry
        WHERE collection_id = %(collection)s AND seq >= %(size)s ORDER BY seq LIMIT %(limit)s
    ) e
    LEFT JOIN LATERAL (
        SELECT * FROM indicators_objectversion
        WHERE id = e.object_version_id AND e.type = ANY(%(types)b::text[]) OFFSET 0
    ) v ON true
) page
WHERE coalesce(all_bytes, 0) - bytes < %(most)s
ORDER BY seq
"""


@dataclass(frozen=True, slots=True)
class Received:
    """The newest version in a batch of an object that matters here; `origin` is its author."""

    stix_id: str
    type: str
    version: datetime
    origin: UUID
    is_revoked: bool
    tlp: int | None
    content: Mapping[str, Any]
    body: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries `before` to `after` of a collection's log; `more` if others may follow."""

    collection: UUID
    before: int
    after: int
    more: bool
    objects: Sequence[Received]

    def of(self, *types: str) -> list[Received]:
        """The objects of these types."""
        return [each for each in self.objects if each.type in types]


def take_turn(cursor: Cursor) -> None:
    """Wait until nobody else reconciles; held until the transaction ends."""
    cursor.execute(_TURN)


def read_new(collection: UUID, limit: int = LIMIT) -> Batch:
    """What follows the reconciled part of a collection's log.

    Nobody else reads that collection so until the transaction ends.
    """
    with open_cursor(binary=True) as cursor:
        head = cursor.execute(_HEAD, (collection,)).fetchone() or (0,)
        size, rows = _read(cursor, collection, limit)
    newest: dict[str, Received] = {}
    for _, stix_id, type_name, version, origin, is_revoked, tlp, body in rows:
        held = newest.get(stix_id)
        if body is None or (held is not None and held.version > version):
            continue  # of no matter here, or erased since; or a late copy of an older version
        content = orjson.loads(body)
        newest[stix_id] = Received(
            stix_id, type_name, version, origin, is_revoked, tlp, content, body
        )
    after = rows[-1][0] + 1 if rows else max(size, *head)
    return Batch(collection, size, after, bool(rows), list(newest.values()))


def move(cursor: Cursor, batch: Batch, now: datetime) -> None:
    """The batch is reconciled, in the transaction that stored what was found."""
    cursor.execute(_MOVE, (batch.after, now, batch.collection))


def _read(cursor: Cursor, collection: UUID, limit: int) -> tuple[int, list[tuple[Any, ...]]]:
    """How far the collection was reconciled, and the entries that follow."""
    cursor.execute(_BEGIN, (collection,))
    [(size,)] = cursor.execute(_SIZE, (collection,)).fetchall()
    asked = {
        "collection": collection,
        "size": size,
        "limit": limit,
        "types": _READ_TYPES,
        "most": _MOST_BYTES,
    }
    return size, cursor.execute(_NEW, asked).fetchall()
