"""The audit log, searched and exported: by actor, act, subject and time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, QuerySet

from indicators.detections import audit
from indicators.models import AuditEvent
from indicators.store.sql import open_cursor

PAGE = 100
# A loose scan of audit_by_act: a look-up for each act, however many events there are.
_ACTS = """
WITH RECURSIVE found AS (
    (SELECT act FROM indicators_auditevent ORDER BY act LIMIT 1)
    UNION ALL
    SELECT (SELECT act FROM indicators_auditevent WHERE act > found.act ORDER BY act LIMIT 1)
    FROM found WHERE found.act IS NOT NULL
) SELECT act FROM found WHERE act IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search: all that is given must hold; `subject` is how the subject begins."""

    actor: str = ""
    act: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page, the newest first; ids from which the next newer and older pages begin, if any."""

    events: list[AuditEvent]
    newer: int | None
    older: int | None


def search(asked: Asked, *, before: int | None = None, after: int | None = None) -> Found:
    """A page of what was written down: events before an id, or after it; else the newest.

    Along the primary key, or audit_by_actor, audit_by_act, audit_by_subject where that is less.
    """
    events = _matching(asked)
    if after is not None:
        rows = list(events.filter(pk__gt=after).order_by("pk")[: PAGE + 1])
        page = rows[:PAGE][::-1]
        return _page(page, has_newer=len(rows) > PAGE, has_older=True)
    if before is not None:
        events = events.filter(pk__lt=before)
    rows = list(events.order_by("-pk")[: PAGE + 1])
    return _page(rows[:PAGE], has_newer=before is not None, has_older=len(rows) > PAGE)


def export(asked: Asked, actor: str) -> Iterator[bytes]:
    """Everything that matches, oldest first, as JSON lines; that it left is written down first."""
    ends = AuditEvent.objects.aggregate(last=Max("pk"))["last"] or 0
    audit.record(actor, "export audit log", "audit log", **_told(asked))
    return audit.lines(_matching(asked).filter(pk__lte=ends).order_by("pk"))


def acts() -> list[str]:
    """Every act there ever was, by name."""
    with open_cursor() as cursor:
        return [act for (act,) in cursor.execute(_ACTS).fetchall()]


def _matching(asked: Asked) -> QuerySet[AuditEvent]:
    conditions = Q()
    for name, value in (
        ("actor", asked.actor),
        ("act", asked.act),
        ("subject__startswith", asked.subject),
        ("at__gte", asked.since),
        ("at__lt", asked.until),
    ):
        if value:
            conditions &= Q(**{name: value})
    return AuditEvent.objects.filter(conditions)


def _page(events: list[AuditEvent], *, has_newer: bool, has_older: bool) -> Found:
    newer = events[0].pk if events and has_newer else None
    older = events[-1].pk if events and has_older else None
    return Found(events, newer, older)


def _told(asked: Asked) -> dict[str, str]:
    given = {name: getattr(asked, name) for name in Asked.__slots__}
    return {f"asked_{name}": str(value) for name, value in given.items() if value}
