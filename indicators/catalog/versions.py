"""The versions of an object that are held, with what changed, and where each is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from indicators.catalog.differences import Difference, differences
from indicators.store.sql import open_cursor

#: Versions that are shown of one object, the newest first.
MOST = 20
# Of a body beyond this, nobody compares versions.
_MOST_BYTES = 1 << 20

# one_content_a_version, from its end.
_VERSIONS = """
SELECT v.id, v.version, v.received_at, m.name, v.signed_by, v.revoked, v.tlp, v.sha256, v.erased_at,
       CASE WHEN octet_length(v.body) <= %(bytes)s THEN v.body END
FROM indicators_objectversion v JOIN indicators_member m ON m.id = v.contributor_id
WHERE v.stix_id = %(id)s ORDER BY v.version DESC LIMIT %(limit)s
"""
# entry_by_object, once a collection.
_PLACES = """
SELECT e.object_version_id, c.id, c.title, c.is_inbox, e.seq, e.date_added
FROM indicators_collection c
CROSS JOIN LATERAL (
    SELECT object_version_id, seq, date_added FROM indicators_entry
    WHERE collection_id = c.id AND stix_id = %(id)s ORDER BY version DESC LIMIT %(limit)s
) e
ORDER BY e.date_added, c.id
"""


class InCollection(NamedTuple):
    """An entry of a feed: the collection's log has it at `seq`."""

    collection: UUID
    title: str
    is_inbox: bool
    seq: int
    date_added: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it was received. `changes`: since the version before; None if nobody can tell,
    as that one is not shown, was erased or is too large.

    signed_by: thumbprint of the key, "" for unsigned. Without `places` it is in no feed any more.
    """

    version: datetime
    received_at: datetime
    contributor: str
    signed_by: str
    is_revoked: bool
    tlp: int | None
    sha256: str
    erased_at: datetime | None
    places: Sequence[InCollection]
    content: Mapping[str, Any] | None
    changes: Sequence[Difference] | None
    is_first: bool


def versions(stix_id: str, limit: int = MOST) -> list[Version]:
    """The newest versions that were ever received, the newest first; [] for an unknown id."""
    with open_cursor(binary=True) as cursor:
        asked = {"id": stix_id, "limit": limit + 1, "bytes": _MOST_BYTES}
        rows = cursor.execute(_VERSIONS, asked).fetchall()
        entries = cursor.execute(_PLACES, asked).fetchall() if rows else []
    places: dict[int, list[InCollection]] = {}
    for entry in entries:
        places.setdefault(entry[0], []).append(InCollection._make(entry[1:]))
    contents = [None if row[-1] is None else orjson.loads(row[-1]) for row in rows]
    changes = [_changes(old, new) for new, old in pairwise(contents)]
    whole = len(rows) <= limit
    if rows and whole:
        changes.append([])
    return [
        _version(row, places.get(row[0], ()), content, told, is_first=whole and row is rows[-1])
        for row, content, told in list(zip(rows, contents, changes, strict=False))[:limit]
    ]


def places_of(held: Sequence[Version]) -> Sequence[InCollection]:
    """Where the newest of these versions that is in any feed is; a newer one was withdrawn."""
    return next((each.places for each in held if each.places), ())


def _changes(old: Any, new: Any) -> list[Difference] | None:
    return None if old is None or new is None else differences(old, new)


def _version(
    row: tuple[Any, ...],
    places: Sequence[InCollection],
    content: Mapping[str, Any] | None,
    changes: Sequence[Difference] | None,
    *,
    is_first: bool,
) -> Version:
    _, version, received_at, contributor, signed_by, revoked, tlp, sha256, erased_at, _ = row
    return Version(
        version,
        received_at,
        contributor,
        signed_by or "",
        revoked,
        tlp,
        bytes(sha256).hex(),
        erased_at,
        places,
        content,
        changes,
        is_first,
    )
