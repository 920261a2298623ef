"""What the store already knows of a batch's ids, read under lock in a few statements."""

from collections.abc import Mapping, Sequence
from uuid import UUID


from indicators.stix import StixObject
from indicators.store.judgement import Held, Known, is_shared
from indicators.store.sql import Cursor

# Ids are claimed in sorted order, in every transaction, so that two batches never wait in a circle.
_CLAIM = """
INSERT INTO indicators_objectid (id, owner_id)
SELECT id, owner FROM unnest(%b::text[], %b::uuid[]) AS claimed(id, owner)
ON CONFLICT DO NOTHING
RETURNING id
"""

# From here to the commit nobody else decides about these ids.
_LOCK = """
SELECT id, owner_id FROM indicators_objectid WHERE id = ANY(%b) ORDER BY id FOR NO KEY UPDATE
"""

# Primary look-ups on one_content_a_version and entry_by_object. An object without a version of its
# own has exactly one row.
_HELD = """
SELECT v.id, v.stix_id, v.version, v.sha256, v.erased_at IS NOT NULL, e.seq IS NOT NULL
FROM (
    SELECT held.* FROM unnest(%(ids)b::text[], %(versions)b::timestamptz[]) AS asked(id, version)
    JOIN indicators_objectversion held
      ON held.stix_id = asked.id AND held.version = asked.version
    UNION ALL
    SELECT held.* FROM indicators_objectversion held WHERE held.stix_id = ANY(%(unversioned)b)
) v
LEFT JOIN indicators_entry e
  ON e.collection_id = %(collection)s AND e.stix_id = v.stix_id AND e.version = v.version
"""

_BORDERS = """
SELECT asked.id, newest.version, newest.revoked,
       earliest.version, earliest.seq, latest.version, latest.seq
FROM unnest(%(ids)b::text[]) AS asked(id)
LEFT JOIN LATERAL (
    SELECT version, revoked FROM indicators_objectversion
    WHERE stix_id = asked.id ORDER BY version DESC LIMIT 1
) newest ON true
LEFT JOIN LATERAL (
    SELECT version, seq FROM indicators_entry
    WHERE collection_id = %(collection)s AND stix_id = asked.id ORDER BY version LIMIT 1
) earliest ON true
LEFT JOIN LATERAL (
    SELECT version, seq FROM indicators_entry
    WHERE collection_id = %(collection)s AND stix_id = asked.id ORDER BY version DESC LIMIT 1
) latest ON true
"""


def claim(
    cursor: Cursor,
    objects: Sequence[StixObject],
    collection: UUID,
    contributor: UUID,
) -> Mapping[str, Known]:
    """Make unknown ids the contributor's, lock the known ones, and say what is held of them."""
    owners = {obj.id: None if is_shared(obj) else contributor for obj in objects}
    ids = sorted(owners)
    cursor.execute(_CLAIM, (ids, [owners[stix_id] for stix_id in ids]), prepare=True)
    fresh = {row[0] for row in cursor.fetchall()}
    known = {stix_id: Known(owners[stix_id]) for stix_id in ids}
    existing = [stix_id for stix_id in ids if stix_id not in fresh]
    if existing:
        _read_existing(cursor, existing, objects, collection, known)
    return known


def _read_existing(
    cursor: Cursor,
    existing: list[str],
    objects: Sequence[StixObject],
    collection: UUID,
    known: dict[str, Known],
) -> None:
    cursor.execute(_LOCK, (existing,))
    for stix_id, owner in cursor.fetchall():
        known[stix_id].owner = owner
    wanted = set(existing)
    versioned = [(o.id, o.version) for o in objects if o.version is not None and o.id in wanted]
    asked = {
        "ids": [stix_id for stix_id, _ in versioned],
        "versions": [version for _, version in versioned],
        "unversioned": [o.id for o in objects if o.version is None and o.id in wanted],
        "collection": collection,
    }
    cursor.execute(_HELD, asked)
    for row, stix_id, version, sha256, erased, in_feed in cursor.fetchall():
        known[stix_id].versions[version] = Held(row, bytes(sha256), erased, in_feed)
    cursor.execute(_BORDERS, {"ids": existing, "collection": collection})
    for stix_id, newest, revoked, first, first_seq, latest, latest_seq in cursor.fetchall():
        entry = known[stix_id]
        entry.newest, entry.newest_revoked = newest, bool(revoked)
        entry.feed_first = None if first is None else (first, first_seq)
        entry.feed_latest = None if latest is None else (latest, latest_seq)
