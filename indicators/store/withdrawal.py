"""Objects out of the feed: deleted from one collection, or erased everywhere.

A withdrawn entry leaves reads and the manifest; its log keeps the hash, so replay still ends at the
signed root. Erasure also destroys the bytes, and what was erased is not taken again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from federation.transparency import log
from indicators.models import Collection, Contradiction, KeptPage, Member, ObjectId, ObjectVersion
from indicators.store import feed, pages, token_index
from indicators.store.errors import NotTheOwner, StoreError, UnknownObject
from indicators.store.sql import Cursor, open_cursor

_WITHDRAW = """
WITH gone AS (
    DELETE FROM indicators_entry WHERE collection_id = %(collection)s AND seq = ANY(%(seqs)s)
    RETURNING collection_id, seq, object_version_id
)
INSERT INTO indicators_withdrawal (collection_id, seq, object_version_id, withdrawn_at, reason)
SELECT collection_id, seq, object_version_id, %(now)s, %(reason)s FROM gone
"""
# The catalog looks at the object again; whoever takes it off that list waits for this to commit.
_RECATALOGUE = """
INSERT INTO indicators_duerow (stix_id) VALUES (%(id)s)
ON CONFLICT (stix_id) DO UPDATE SET stix_id = excluded.stix_id
"""
# What was erased is found by nobody from now on; a batch of the catalog that is under way may write
# it once more, and the list above takes it off again.
_UNLIST = "DELETE FROM indicators_catalogrow WHERE stix_id = %s"
# An object has as many versions as it has: a withdrawal takes them all, never a page of them.
_ALL = 2**31
# What remains of the object in this feed gets its first and latest seats anew (entry_by_object).
_RESEAT = """
UPDATE indicators_entry e
SET is_first = e.version = borders.first, is_latest = e.version = borders.latest
FROM (
    SELECT min(version) AS first, max(version) AS latest FROM indicators_entry
    WHERE collection_id = %(collection)s AND stix_id = %(id)s
) borders
WHERE e.collection_id = %(collection)s AND e.stix_id = %(id)s
  AND (e.is_first, e.is_latest) IS DISTINCT FROM
      (e.version = borders.first, e.version = borders.latest)
RETURNING e.seq
"""
# entry_by_object, once a collection.
_COLLECTIONS_WITH = """
SELECT c.id FROM indicators_collection c
WHERE EXISTS (SELECT FROM indicators_entry e WHERE e.collection_id = c.id AND e.stix_id = %s)
ORDER BY c.id
"""
_ERASE = """
UPDATE indicators_objectversion SET body = NULL, erased_at = %s, erased_because = %s
WHERE stix_id = %s AND erased_at IS NULL
"""
# Read in its order on one_withdrawal_an_entry.
_LISTED = """
SELECT seq FROM indicators_withdrawal WHERE collection_id = %s AND seq >= %s
ORDER BY seq LIMIT %s
"""
MOST_LISTED = 10_000


def withdrawn_from(log_id: UUID, start: int) -> tuple[list[int], bool]:
    """The first withdrawn entries of a collection from `start` on, and whether there are more."""
    with open_cursor() as cursor:
        cursor.execute(_LISTED, (log_id, start, MOST_LISTED + 1))
        found = [seq for (seq,) in cursor.fetchall()]
    return found[:MOST_LISTED], len(found) > MOST_LISTED


def withdraw(
    collection: Collection, member: Member, stix_id: str, selection: feed.Selection, reason: str
) -> int:
    """Take the selected versions of the member's object out of the feed; how many there were.

    What nobody owns may be withdrawn by whoever contributed it first, and everything by this node.
    Raises UnknownObject, NotTheOwner.
    """
    with transaction.atomic():
        log.lock(collection.pk)
        if not feed.knows(collection.pk, stix_id):
            raise UnknownObject(f"{stix_id} is not in this collection.")
        owner = _owner(stix_id)
        if member != owner and not member.is_self:
            raise NotTheOwner(f"{stix_id} belongs to {owner.name}; only its owner may delete it.")
        page = feed.read_page(collection.pk, selection, after=-1, limit=_ALL, bodies=False)
        with open_cursor() as cursor:
            _withdraw(cursor, collection.pk, stix_id, [row.seq for row in page.rows], reason)
            token_index.index_anew(cursor, stix_id)
    return len(page.rows)


def erase(stix_id: str, reason: str) -> int:
    """Destroy every version's bytes and take them out of every feed; how many versions.

    For what the law or a member's departure demands; raises UnknownObject.
    """
    everything = feed.Selection(ids=(stix_id,), versions=feed.Versions(every=True))
    with transaction.atomic(), open_cursor() as cursor:
        cursor.execute(_COLLECTIONS_WITH, (stix_id,))
        for (collection,) in cursor.fetchall():
            log.lock(collection)
            page = feed.read_page(collection, everything, after=-1, limit=_ALL, bodies=False)
            _withdraw(cursor, collection, stix_id, [row.seq for row in page.rows], reason)
        # With the id locked nobody publishes it; whoever did so since we looked has committed. An
        # id that can't be locked may be published for the first time right now: it is not ours yet.
        if ObjectId.objects.select_for_update().filter(pk=stix_id).first() is None:
            raise UnknownObject(f"{stix_id} is not stored here.")
        cursor.execute(_COLLECTIONS_WITH, (stix_id,))
        if cursor.fetchall():
            raise StoreError(f"{stix_id} was published while it was being erased; try again.")
        cursor.execute(_ERASE, (datetime.now(UTC), reason, stix_id))
        erased = cursor.rowcount
        cursor.execute(_UNLIST, (stix_id,))
        token_index.index_anew(cursor, stix_id)
        if not erased:
            raise UnknownObject(f"{stix_id} is not stored here, or was erased before.")
        Contradiction.objects.filter(stix_id=stix_id).delete()
    return erased


def _owner(stix_id: str) -> Member:
    owner = ObjectId.objects.select_related("owner").get(pk=stix_id).owner
    if owner is not None:
        return owner
    versions = ObjectVersion.objects.select_related("contributor").filter(stix_id=stix_id)
    return versions.earliest("version").contributor


def _withdraw(
    cursor: Cursor, collection: UUID, stix_id: str, seqs: Sequence[int], reason: str
) -> None:
    if not seqs:
        return
    facts = {
        "collection": collection,
        "seqs": list(seqs),
        "now": datetime.now(UTC),
        "reason": reason,
        "id": stix_id,
    }
    cursor.execute(_WITHDRAW, facts)
    cursor.execute(_RECATALOGUE, facts)
    cursor.execute(_RESEAT, facts)
    changed = [*seqs, *(seq for (seq,) in cursor.fetchall())]
    pages.forget(cursor, collection, changed, [KeptPage.View.LATEST, KeptPage.View.ALL])
