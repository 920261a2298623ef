"""The audit log: who did what to what. Added in the transaction of the act, and never changed."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from django.db.models import QuerySet

from indicators.models import AuditEvent

#: Who reads identifiers to make tokens of them, and to see that none leaves.
WORKER = "worker"
#: Who destroys them when their days are over.
RETENTION = "retention"


def record(actor: str, act: str, subject: str, **detail: object) -> None:
    """Write down an act; `detail` holds counts, names and reasons, never an identifier."""
    AuditEvent.objects.create(actor=actor, act=act, subject=subject, detail=detail)


def record_each(actor: str, act: str, subjects: Iterable[str], **detail: object) -> None:
    """Write down an act on many, an event each."""
    AuditEvent.objects.bulk_create(
        AuditEvent(actor=actor, act=act, subject=subject, detail=detail) for subject in subjects
    )


def export(since: datetime | None = None) -> Iterator[bytes]:
    """Every event from `since` on, oldest first, as JSON lines."""
    events = AuditEvent.objects.order_by("at", "pk")
    if since is not None:
        events = events.filter(at__gte=since)
    return lines(events)


def lines(events: QuerySet[AuditEvent]) -> Iterator[bytes]:
    """These events, each a line of JSON, in bounded memory."""
    for event in events.iterator():
        told = {
            "at": event.at,
            "actor": event.actor,
            "act": event.act,
            "subject": event.subject,
            "detail": event.detail,
        }
        yield msgspec.json.encode(told) + b"\n"
