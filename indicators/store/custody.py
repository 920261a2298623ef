"""Collections and their logs: opened together, granted to members, checked against each other."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from federation.errors import BeyondTree
from federation.models import Peer, PeerState
from federation.peers import registry
from federation.transparency import log
from indicators.models import Audience, Collection, Grant, Member, State
from indicators.store.errors import LogMismatch, OutsideAudience
from indicators.store.sql import open_cursor

_ROWS = """
SELECT seq, sha256, body, date_added, as_stored FROM (
    SELECT e.seq, v.sha256, v.body, e.date_added,
           v.body IS NOT NULL
           AND (e.stix_id, e.type, e.version) = (v.stix_id, v.type, v.version) AS as_stored
    FROM indicators_entry e JOIN indicators_objectversion v ON v.id = e.object_version_id
    WHERE e.collection_id = %(collection)s AND e.seq >= %(start)s AND e.seq < %(stop)s
    UNION ALL
    SELECT w.seq, v.sha256, v.body, NULL, true
    FROM indicators_withdrawal w JOIN indicators_objectversion v ON v.id = w.object_version_id
    WHERE w.collection_id = %(collection)s AND w.seq >= %(start)s AND w.seq < %(stop)s
) held ORDER BY seq
"""
# entry_by_object, once for each object of one's own until one is found.
_RELAYING = """
SELECT s.log_id FROM federation_subscription s
WHERE s.log_id IS NOT NULL AND EXISTS (
    SELECT FROM indicators_objectid o JOIN indicators_entry e ON e.stix_id = o.id
    WHERE o.owner_id = %s AND e.collection_id = s.inbox)
ORDER BY s.log_id
"""
# A seat that is taken wrongly hides an object from everybody who reads the latest versions.
_WRONG_SEAT = """
SELECT min(seq) FROM (
    SELECT seq, is_first = (version = min(version) OVER object)
                AND is_latest = (version = max(version) OVER object) AS right
    FROM indicators_entry WHERE collection_id = %s WINDOW object AS (PARTITION BY stix_id)
) seats WHERE NOT seats.right
"""
_LAST = "SELECT max(seq) FROM indicators_entry WHERE collection_id = %s"
_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Custody:
    """A collection's feed compared with its log: counts of entries."""

    size: int
    served: int
    withdrawn: int


def ensure_own_member() -> Member:
    """The member that is this node's own organization, created once from NODE_NAME."""
    Member.objects.bulk_create(
        [Member(name=settings.NODE_NAME, identity_id=f"identity--{uuid4()}", is_self=True)],
        ignore_conflicts=True,
    )
    return Member.objects.get(is_self=True)


def set_member_state(member: Member, state: State, reason: str = "") -> None:
    """Let an organization in, hold it off or let it go: as a member and as a peer, at once.

    Unless active it is served nothing and not pulled from, and nothing newly signed by it is taken;
    what it contributed stays attributed. A peer becomes active only by its fingerprint.
    """
    with transaction.atomic():
        member.state = state
        member.save(update_fields=["state"])
        peer = Peer.objects.filter(identity_id=member.identity_id).first()
        if peer is not None and (state != State.ACTIVE or registry.is_confirmed(peer)):
            registry.set_state(member.identity_id, PeerState(state), reason)


def relaying_logs() -> list[int]:
    """The peers' logs (PeerLog) in which this organization's objects came back to it.

    Whoever reads them there must know up to where they may be signed with a key that was retired.
    """
    with open_cursor() as cursor:
        cursor.execute(_RELAYING, (ensure_own_member().pk,))
        return [log_id for (log_id,) in cursor.fetchall()]


def shared_collections() -> list[UUID]:
    """The collections that others may come to read: all but the inboxes of what they sent."""
    return list(Collection.objects.filter(is_inbox=False).values_list("pk", flat=True))


def open_collection(**facts: Any) -> Collection:
    """Create a collection and its empty, signed log in one transaction."""
    with transaction.atomic():
        collection = Collection(**facts)
        collection.full_clean()
        collection.save(force_insert=True)
        log.open_log(collection.pk, f"{settings.NODE_HOST}/{collection.pk}")
    return collection


def grant_access(
    collection: Collection, member: Member, *, can_read: bool, can_write: bool
) -> Grant:
    """Give a member access, replacing what it had; raises OutsideAudience."""
    if collection.is_inbox:
        raise OutsideAudience(
            f"{collection.title} is an inbox, which nobody else reads or writes; relay it to a"
            " collection of your own."
        )
    if can_read and not Audience(collection.audience).includes(member.sector):
        raise OutsideAudience(
            f"{collection.title} is for {Audience(collection.audience).label};"
            f" {member.name} is registered as {member.get_sector_display()}."
        )
    grant, _ = Grant.objects.update_or_create(
        collection=collection,
        member=member,
        defaults={"can_read": can_read, "can_write": can_write},
    )
    return grant


def check_custody(collection: Collection, until: int) -> Custody:
    """Compare the log's first `until` entries with what the tables hold; raises LogMismatch.

    1. Every log entry is an entry of the feed, or withdrawn, whose stored object has its hash.
    2. Entries repeat their object's id, type and version, and their date_added increases.
    3. The first and the latest version of every object, and no other, are marked as such.
    4. The feed has no entry that the log does not have.

    What is appended meanwhile isn't looked at.
    """
    size = served = 0
    latest = datetime.min.replace(tzinfo=UTC)
    entries = log.entries(collection.pk, 0, until)
    for seq, sha256, body, date_added, as_stored in _held_rows(collection.pk, until):
        damaged = body is not None and hashlib.sha256(body).digest() != sha256
        early = date_added is not None and date_added <= latest
        if seq != size or damaged or early or not as_stored or next(entries, None) != sha256:
            raise _mismatch(collection, size)
        size += 1
        if date_added is not None:
            served, latest = served + 1, date_added
    if size != until:
        raise _mismatch(collection, size)
    _check_seats(collection)
    _check_end(collection)
    return Custody(size, served, size - served)


def _check_seats(collection: Collection) -> None:
    seq = _one_value(_WRONG_SEAT, collection.pk)
    if seq is not None:
        raise LogMismatch(
            f"{collection.title}: entry {seq} is wrongly marked, or not marked, as the first or"
            " latest version of its object; the tables were changed behind the store. Restore them"
            " from a backup."
        )


def _check_end(collection: Collection) -> None:
    """The log is looked at after the feed: whatever the feed has, the log has by now."""
    last = _one_value(_LAST, collection.pk)
    try:
        if last is not None:
            log.entries(collection.pk, last, last + 1)
    except BeyondTree as error:
        raise _mismatch(collection, int(last)) from error


def _one_value(statement: str, collection: UUID) -> Any:
    with open_cursor() as cursor:
        row = cursor.execute(statement, (collection,)).fetchone()
    return row[0] if row else None


def _mismatch(collection: Collection, index: int) -> LogMismatch:
    return LogMismatch(
        f"{collection.title}: entry {index} of the log is not the object stored for it; the tables"
        " were changed behind the store. Restore them from a backup."
    )


def _held_rows(
    collection: UUID, until: int
) -> Iterator[tuple[int, bytes, bytes | None, datetime | None, bool]]:
    with open_cursor(binary=True) as cursor:
        for start in range(0, until, _BATCH):
            window = {"collection": collection, "start": start, "stop": min(start + _BATCH, until)}
            cursor.execute(_ROWS, window)
            yield from cursor.fetchall()
