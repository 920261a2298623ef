"""What the store already knows of a batch's ids, read under lock in a few statements."""

from collections.abc import Container, Mapping, Sequence
from uuid import UUID

from indicators.stix import StixObject
from indicators.store.judgement import Held, Known, is_shared
from indicators.store.sql import Cursor

# Ids are claimed, then locked, in the order of their bytes, in every transaction and whatever the
# database's collation, so that two batches never wait in a circle.
_CLAIM = """
INSERT INTO indicators_objectid (id, owner_id)
SELECT id, owner FROM unnest(%b::text[], %b::uuid[]) AS claimed(id, owner)
ON CONFLICT DO NOTHING
RETURNING id
"""

# From here to the commit nobody else decides about these ids.
_LOCK = """
SELECT id, owner_id FROM indicators_objectid WHERE id = ANY(%b)
ORDER BY id COLLATE "C" FOR NO KEY UPDATE
"""

# One look-up an object, on one_content_a_version, entry_by_object and withdrawal_of_version;
# LATERAL and LIMIT keep the planner on them, however large the batch. An object without a version
# of its own has exactly one row.
_HELD = """
SELECT held.id, held.stix_id, held.version, held.sha256, held.erased_at IS NOT NULL,
       entry.seq IS NOT NULL, withdrawal.seq IS NOT NULL
FROM (
    SELECT id, version FROM unnest(%(ids)b::text[], %(versions)b::timestamptz[]) AS a(id, version)
    UNION ALL
    SELECT id, NULL FROM unnest(%(unversioned)b::text[]) AS b(id)
) asked
CROSS JOIN LATERAL (
    (SELECT * FROM indicators_objectversion v
     WHERE v.stix_id = asked.id AND v.version = asked.version LIMIT 1)
    UNION ALL
    (SELECT * FROM indicators_objectversion v
     WHERE v.stix_id = asked.id AND asked.version IS NULL ORDER BY version LIMIT 1)
) held
LEFT JOIN LATERAL (
    SELECT seq FROM indicators_entry
    WHERE collection_id = %(collection)s AND stix_id = held.stix_id AND version = held.version
    LIMIT 1
) entry ON true
LEFT JOIN LATERAL (
    SELECT seq FROM indicators_withdrawal
    WHERE object_version_id = held.id AND collection_id = %(collection)s LIMIT 1
) withdrawal ON true
"""

# Look-ups on revoked_versions and, at both of its ends, entry_by_object.
_BORDERS = """
SELECT asked.id, revoked.version, earliest.version, earliest.seq, latest.version, latest.seq
FROM unnest(%(ids)b::text[]) AS asked(id)
LEFT JOIN LATERAL (
    SELECT version FROM indicators_objectversion
    WHERE stix_id = asked.id AND revoked ORDER BY version LIMIT 1
) revoked ON true
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
    contributors: Mapping[int, UUID],
    foreign: Container[int] = (),
) -> Mapping[str, Known]:
    """Make unknown ids their contributors', lock the known ones, and say what is held of them.

    By the objects' indexes: `contributors` says whose each is; `foreign` are those that name
    another member as their author, and claim no id.
    """
    owners = {
        obj.id: None if is_shared(obj) else contributors[obj.index]
        for obj in reversed(objects)  # of several versions the first decides whose the id is
        if obj.index not in foreign
    }
    ids = sorted(owners)
    cursor.execute(_CLAIM, (ids, [owners[stix_id] for stix_id in ids]), prepare=True)
    fresh = {row[0] for row in cursor.fetchall()}
    known = {obj.id: Known(owners.get(obj.id), is_new=obj.id in fresh) for obj in objects}
    existing = sorted(known.keys() - fresh)
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
    for row, stix_id, version, sha256, erased, in_feed, withdrawn in cursor.fetchall():
        held = Held(row, bytes(sha256), erased, in_feed, withdrawn)
        known[stix_id].versions[version] = held
    cursor.execute(_BORDERS, {"ids": existing, "collection": collection})
    for stix_id, revoked, first, first_seq, latest, latest_seq in cursor.fetchall():
        entry = known[stix_id]
        entry.revoked_since = revoked
        entry.feed_first = None if first is None else (first, first_seq)
        entry.feed_latest = None if latest is None else (latest, latest_seq)
