"""A log of this node's that grows."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from django.db import transaction

from federation.transparency import log


def open_log(size: int = 0) -> UUID:
    """A log of `size` entries."""
    log_id = uuid4()
    log.open_log(log_id, f"this-node.example/{log_id}")
    if size:
        grow(log_id, size)
    return log_id


def grow(log_id: UUID, count: int = 1) -> None:
    """Append `count` entries that no other log has."""
    with transaction.atomic():
        head = log.lock(log_id)
        places = range(head.size, head.size + count)
        entries = [sha256(b"%s %d" % (log_id.bytes, place)).digest() for place in places]
        first = head.first_date_added(datetime.now(UTC))
        log.append(head, entries, first + timedelta(microseconds=count - 1))
