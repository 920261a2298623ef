"""Collections and their logs: opened together, granted to members, checked against each other."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from federation.transparency import log
from indicators.models import Audience, Collection, Grant, Member
from indicators.store.errors import LogMismatch, OutsideAudience
from indicators.store.sql import open_cursor

_ROWS = """
SELECT seq, sha256, body FROM (
    SELECT e.seq, v.sha256, v.body FROM indicators_entry e
    JOIN indicators_objectversion v ON v.id = e.object_version_id
    WHERE e.collection_id = %(collection)s AND e.seq >= %(start)s AND e.seq < %(stop)s
    UNION ALL
    SELECT w.seq, v.sha256, NULL FROM indicators_withdrawal w
    JOIN indicators_objectversion v ON v.id = w.object_version_id
    WHERE w.collection_id = %(collection)s AND w.seq >= %(start)s AND w.seq < %(stop)s
) held ORDER BY seq
"""
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

    What is appended meanwhile isn't looked at.
    """
    size = served = withdrawn = 0
    entries = log.entries(collection.pk, 0, until)
    for seq, sha256, body in _held_rows(collection.pk, until):
        damaged = body is not None and hashlib.sha256(body).digest() != sha256
        if seq != size or damaged or next(entries, None) != sha256:
            raise _mismatch(collection, size)
        size += 1
        served, withdrawn = served + (body is not None), withdrawn + (body is None)
    if size != until:
        raise _mismatch(collection, size)
    return Custody(size, served, withdrawn)


def _mismatch(collection: Collection, index: int) -> LogMismatch:
    return LogMismatch(
        f"{collection.title}: entry {index} of the log is not the object stored for it; the tables"
        " were changed behind the store. Restore them from a backup."
    )


def _held_rows(collection: UUID, until: int) -> Iterator[tuple[int, bytes, bytes | None]]:
    with open_cursor(binary=True) as cursor:
        for start in range(0, until, _BATCH):
            window = {"collection": collection, "start": start, "stop": min(start + _BATCH, until)}
            cursor.execute(_ROWS, window)
            yield from cursor.fetchall()
