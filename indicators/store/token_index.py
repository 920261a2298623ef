"""The token index: which indicators hold a token, kept in the transaction that changes a feed.

Its rows are those of the newest version of each indicator that any feed serves, and none if that
version is revoked. Whoever changes what is served of an id holds the id's row lock, so this is so
after every commit and every crash.
"""

from collections.abc import Iterable, Mapping, Sequence

from indicators.stix.tokens import tokens_of
from indicators.store.judgement import Addition, Known
from indicators.store.sql import Cursor

_COPY = "COPY indicators_indexedtoken (token, stix_id) FROM STDIN (FORMAT BINARY)"
# indexed_tokens_of_indicator, once a partition. The planner doesn't see the ids in a subquery: it
# would compare each with each partition's statistics, for longer than the deletion takes.
_FORGET = """
DELETE FROM indicators_indexedtoken WHERE stix_id = ANY(ARRAY(SELECT unnest(%b::text[])))
"""
# entry_by_object, once a collection.
_NOT_OUTDATED = """
SELECT asked.id FROM unnest(%b::text[], %b::timestamptz[]) AS asked(id, version)
WHERE NOT EXISTS (
    SELECT FROM indicators_collection c CROSS JOIN LATERAL (
        SELECT version FROM indicators_entry e
        WHERE e.collection_id = c.id AND e.stix_id = asked.id ORDER BY version DESC LIMIT 1
    ) newest WHERE newest.version > asked.version
)
"""
_NEWEST = """
SELECT v.revoked, v.body FROM indicators_collection c CROSS JOIN LATERAL (
    SELECT version, object_version_id FROM indicators_entry e
    WHERE e.collection_id = c.id AND e.stix_id = %s ORDER BY version DESC LIMIT 1
) newest JOIN indicators_objectversion v ON v.id = newest.object_version_id
ORDER BY newest.version DESC LIMIT 1
"""
# What nobody serves any more is no lead: reconciling ends it with those that are over.
_END = """
UPDATE indicators_knownindicator
SET valid_until = least(valid_until, now()), ends_at = least(ends_at, now()) WHERE stix_id = %s
"""
# An id that is being erased is locked by whoever erases it, and harder.
_LOCK = "SELECT FROM indicators_objectid WHERE id = %s FOR NO KEY UPDATE"


def index_additions(
    cursor: Cursor, additions: Sequence[Addition], known: Mapping[str, Known]
) -> None:
    """Show the versions that just joined a feed, where they are the newest of their indicator.

    The ids are locked (`facts.claim`) and the entries written. At most three statements.
    """
    newest = _newest_of_each(additions)
    held = [stix_id for stix_id in newest if not known[stix_id].is_new]
    if held:
        shown = _not_outdated(cursor, held, newest)
        for stix_id in held:
            if stix_id not in shown:
                del newest[stix_id]
        cursor.execute(_FORGET, (list(shown),))
    _write(
        cursor,
        (
            (token, stix_id)
            for stix_id, addition in newest.items()
            if not addition.obj.revoked
            for token in tokens_of(addition.obj.body)
        ),
    )


def index_anew(cursor: Cursor, stix_id: str) -> None:
    """Show what is still served of an object after a version of it left a feed."""
    if not stix_id.startswith("indicator--"):
        return
    cursor.execute(_LOCK, (stix_id,))
    cursor.execute(_FORGET, ([stix_id],))
    row = cursor.execute(_NEWEST, (stix_id,)).fetchone()
    if row is None:
        cursor.execute(_END, (stix_id,))
    else:
        revoked, body = row
        tokens = [] if revoked or body is None else tokens_of(bytes(body))
        _write(cursor, ((token, stix_id) for token in tokens))


def _newest_of_each(additions: Sequence[Addition]) -> dict[str, Addition]:
    newest: dict[str, Addition] = {}
    for addition in additions:
        if addition.obj.type == "indicator":
            before = newest.get(addition.obj.id)
            if before is None or before.version < addition.version:
                newest[addition.obj.id] = addition
    return newest


def _not_outdated(cursor: Cursor, ids: list[str], newest: Mapping[str, Addition]) -> set[str]:
    """The ids of which no feed serves a later version than this batch brought."""
    cursor.execute(_NOT_OUTDATED, (ids, [newest[stix_id].version for stix_id in ids]))
    return {stix_id for (stix_id,) in cursor.fetchall()}


def _write(cursor: Cursor, rows: Iterable[tuple[bytes, str]]) -> None:
    ordered = sorted(rows)  # neighbours in the index are written together
    if not ordered:
        return
    with cursor.copy(_COPY) as copy:
        copy.set_types(["bytea", "text"])
        for row in ordered:
            copy.write_row(row)
