"""The catalog brought up to date with the feeds: a batch in one transaction.

What is due is known from the tables: entries behind the cursor of their collection, and rows whose
object left a feed. A row is made from what the feeds hold now, whatever the order of what happened:
after a crash, or twice, the same row comes out. The feeds' own writers wait for none of this.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from indicators.catalog import rows
from indicators.store.sql import Cursor, open_cursor

log = structlog.get_logger("retort.catalog")

#: The form of rows. With another one, every collection is read anew from its beginning.
FORM = 1
#: Entries that are read at once.
LIMIT = 1_000
_DUE_AT_ONCE = 100

_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('retort/catalog', 0))"
# Of those that are behind, the one whose next entry is the oldest: made anew, the catalog comes out
# in the order in which things became known. Logs are few: a look-up each on indicators_entry_pkey.
_BEHIND = """
SELECT c.id, coalesce(reached.size, 0)
FROM indicators_collection c
JOIN federation_log l ON l.id = c.id
LEFT JOIN indicators_catalogued reached ON reached.collection_id = c.id AND reached.form = %(form)s
LEFT JOIN LATERAL (
    SELECT date_added FROM indicators_entry
    WHERE collection_id = c.id AND seq >= coalesce(reached.size, 0) ORDER BY seq LIMIT 1
) following ON true
WHERE l.size > coalesce(reached.size, 0)
ORDER BY following.date_added NULLS FIRST, c.id LIMIT 1
"""
# indicators_entry_pkey; objects that were superseded since come with their newer version.
_NEW = """
SELECT seq, stix_id, is_latest FROM indicators_entry
WHERE collection_id = %(collection)s AND seq >= %(size)s ORDER BY seq LIMIT %(limit)s
"""
_HEAD = "SELECT size FROM federation_log WHERE id = %s"
_MOVE = """
INSERT INTO indicators_catalogued AS c (collection_id, size, form)
VALUES (%(collection)s, %(size)s, %(form)s)
ON CONFLICT (collection_id) DO UPDATE SET size = excluded.size, form = excluded.form
"""
_TAKE_DUE = """
DELETE FROM indicators_duerow WHERE stix_id IN (SELECT stix_id FROM indicators_duerow LIMIT %s)
RETURNING stix_id
"""
# catalog_by_end
_EXPIRED = """
UPDATE indicators_catalogrow SET
    standing = 'expired', words = ts_delete(words, 'S/live') || '''S/expired'''::tsvector
WHERE stix_id IN (
    SELECT stix_id FROM indicators_catalogrow
    WHERE standing = 'live' AND ends_at <= %s ORDER BY ends_at LIMIT %s
)
"""
# What joined lately is merged into the index, so that no search reads more than one batch of it.
_MERGE = "SELECT gin_clean_pending_list('catalog_words')"

_ANY_DUE = """
SELECT EXISTS (SELECT FROM indicators_duerow) OR EXISTS (
    SELECT FROM indicators_catalogrow WHERE standing = 'live' AND ends_at <= %s
)
"""


def is_behind(now: datetime) -> bool:
    """Whether anything is due."""
    with open_cursor() as cursor:
        behind = cursor.execute(_BEHIND, {"form": FORM}).fetchone()
        return behind is not None or cursor.execute(_ANY_DUE, (now,)).fetchone() == (True,)


def catalogue_new(now: datetime) -> bool:
    """Read a batch of what joined a collection; whether there may be more."""
    with transaction.atomic(), open_cursor() as cursor:
        cursor.execute(_TURN)
        behind = cursor.execute(_BEHIND, {"form": FORM}).fetchone()
        if behind is None:
            return False
        collection, size = behind
        following, ids = _read(cursor, collection, size)
        changed = rows.refresh(cursor, ids, now)
        asked = {"collection": collection, "size": following, "form": FORM}
        cursor.execute(_MOVE, asked)
        cursor.execute(_MERGE)
    log.info("catalogued", collection=str(collection), objects=changed)
    return True


def catalogue_due(now: datetime) -> bool:
    """Make a batch of rows anew whose objects left a feed; whether there may be more."""
    with transaction.atomic(), open_cursor() as cursor:
        cursor.execute(_TURN)
        ids = [stix_id for (stix_id,) in cursor.execute(_TAKE_DUE, (_DUE_AT_ONCE,)).fetchall()]
        rows.refresh(cursor, ids, now)
    return bool(ids)


def expire(now: datetime) -> bool:
    """Say of a batch of rows that they are over; whether there may be more."""
    with transaction.atomic(), open_cursor() as cursor:
        cursor.execute(_TURN)
        changed = cursor.execute(_EXPIRED, (now, LIMIT)).rowcount
        if changed:
            cursor.execute(_MERGE)
    return changed == LIMIT


def _read(cursor: Cursor, collection: UUID, size: int) -> tuple[int, Sequence[str]]:
    """Where to go on afterwards, and the objects whose newest entry is among those read.

    Entries behind the last one that is there were withdrawn, if the log had them before we looked.
    """
    [(head,)] = cursor.execute(_HEAD, (collection,)).fetchall()
    asked: dict[str, Any] = {"collection": collection, "size": size, "limit": LIMIT}
    found = cursor.execute(_NEW, asked).fetchall()
    following = found[-1][0] + 1 if found else max(size, head)
    return following, [stix_id for _, stix_id, is_latest in found if is_latest]
