"""A look at all that there is to tell: notices for people, messages for programs.

It happens in one transaction, and only one at a time: after a crash the next look finds the same.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from indicators.models import Cause, Dispatch, Notice, NoticeChoice, Told, Webhook
from indicators.notices import messages, sources
from indicators.notices.sources import Audience, Happening
from indicators.store.sql import Cursor, open_cursor

#: How long what was read, told or sent is kept.
_KEPT = timedelta(days=90)

_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended('retort/notices', 0))"
# one_notice_a_subject. What comes later, or begins anew, makes it unread; a count alone does not,
# nor do more leads of the same day.
_NOTICE = """
INSERT INTO indicators_notice AS n (user_id, cause, subject, count, at)
SELECT * FROM unnest(%s::int[], %s::text[], %s::text[], %s::int[], %s::timestamptz[])
ON CONFLICT (user_id, cause, subject) DO UPDATE SET
    count = excluded.count,
    at = CASE WHEN n.cause = 'leads' THEN n.at ELSE greatest(n.at, excluded.at) END,
    read_at = CASE WHEN n.cause <> 'leads' AND excluded.at > n.at OR n.count = 0 THEN NULL
                   ELSE n.read_at END
WHERE n.count <> excluded.count OR n.cause <> 'leads' AND n.at < excluded.at
"""
# told_once_a_subject
_TELL = """
INSERT INTO indicators_told AS t (cause, subject, at, count)
SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::int[])
ON CONFLICT (cause, subject) DO UPDATE SET
    count = excluded.count, at = greatest(t.at, excluded.at)
WHERE t.count <> excluded.count OR t.at < excluded.at
"""
# What waited or was wrong, and does not any more. Few rows: one a subject that ever was.
_OVER = """
UPDATE indicators_told t SET count = 0
WHERE t.cause = ANY(%(standing)s) AND t.count > 0 AND NOT EXISTS (
    SELECT FROM unnest(%(causes)s::text[], %(subjects)s::text[]) AS n(cause, subject)
    WHERE (n.cause, n.subject) = (t.cause, t.subject)
)
RETURNING t.cause, t.subject
"""
_CLOSE = """
UPDATE indicators_notice n SET count = 0, read_at = coalesce(n.read_at, %(now)s)
FROM unnest(%(causes)s::text[], %(subjects)s::text[]) AS over(cause, subject)
WHERE (n.cause, n.subject) = (over.cause, over.subject) AND n.count > 0
"""
# A person may be done with all of a cause while others are not: their own drafts are left.
_NOT_THEIRS = """
UPDATE indicators_notice n SET count = 0, read_at = coalesce(n.read_at, %(now)s)
WHERE n.cause = ANY(%(standing)s) AND n.count > 0 AND NOT EXISTS (
    SELECT FROM unnest(%(users)s::int[], %(causes)s::text[], %(subjects)s::text[])
        AS now(user_id, cause, subject)
    WHERE (now.user_id, now.cause, now.subject) = (n.user_id, n.cause, n.subject)
)
"""


class _Row(NamedTuple):
    """A notice, in the order of `_NOTICE`."""

    user: int
    cause: str
    subject: str
    how_many: int
    at: datetime


def sweep(now: datetime) -> list[UUID]:
    """Tell what is new; the messages for programs that are to be sent."""
    with transaction.atomic(), open_cursor() as cursor:
        [(is_ours,)] = cursor.execute(_TURN).fetchall()
        if not is_ours:
            return []
        found = _found(now)
        news = _new(found)
        _tell_people(cursor, found, now)
        _note(cursor, found, now)
        return _tell_programs(news, now)


def forget(now: datetime) -> None:
    """What is over and read, told and sent long ago is not kept."""
    before = now - _KEPT
    Notice.objects.filter(read_at__lt=before).delete()
    Told.objects.filter(at__lt=before).exclude(cause__in=sources.STANDING).delete()
    Dispatch.objects.filter(created_at__lt=before, ended_at__isnull=False).delete()


def _found(now: datetime) -> list[Happening]:
    audience = Audience.read()
    last = Told.objects.filter(cause=Cause.DECIDED, subject="").first()
    decided = sources.decided(None if last is None else last.at, now)
    return [*sources.standing(audience), *sources.leads(audience, now), *decided]


def _new(found: Sequence[Happening]) -> list[Happening]:
    """What was never told, was over, or is of later; told_once_a_subject."""
    causes, subjects = {each.cause for each in found}, {each.subject for each in found}
    known = Told.objects.filter(cause__in=causes, subject__in=subjects, count__gt=0)
    told = {(each.cause, each.subject): each.at for each in known}
    return [
        each
        for each in found
        if (each.cause, each.subject) not in told or told[each.cause, each.subject] < each.at
    ]


def _tell_people(cursor: Cursor, found: Sequence[Happening], now: datetime) -> None:
    muted = dict(NoticeChoice.objects.exclude(muted=[]).values_list("user_id", "muted"))
    rows = [
        _Row(user, each.cause, each.subject, count, now if each.cause is Cause.LEADS else at)
        for each in found
        for user, (count, at) in each.people.items()
        if each.cause not in muted.get(user, ())
    ]
    if rows:
        cursor.execute(_NOTICE, _columns(rows))
    asked = {
        "standing": list(sources.STANDING),
        "users": [row.user for row in rows],
        "causes": [row.cause for row in rows],
        "subjects": [row.subject for row in rows],
        "now": now,
    }
    cursor.execute(_NOT_THEIRS, asked)


def _note(cursor: Cursor, found: Sequence[Happening], now: datetime) -> None:
    rows = [(each.cause.value, each.subject, each.at, each.count) for each in found]
    newest = max((each.at for each in found if each.cause is Cause.DECIDED), default=now)
    # The place from which the audit log is read next.
    rows.append((Cause.DECIDED.value, "", newest, 0))
    cursor.execute(_TELL, _columns(rows))
    asked = {
        "standing": list(sources.STANDING),
        "causes": [row[0] for row in rows],
        "subjects": [row[1] for row in rows],
    }
    over = cursor.execute(_OVER, asked).fetchall()
    if over:
        causes, subjects = zip(*over, strict=True)
        cursor.execute(_CLOSE, {"causes": list(causes), "subjects": list(subjects), "now": now})


def _tell_programs(news: Iterable[Happening], now: datetime) -> list[UUID]:
    webhooks = list(Webhook.objects.filter(disabled_at=None))
    made = [
        Dispatch(
            webhook=webhook,
            event=each.cause,
            body=messages.body(each, now),
            created_at=now,
            next_try_at=now,
        )
        for each in news
        for webhook in webhooks
        if each.cause in webhook.events
    ]
    return [each.pk for each in Dispatch.objects.bulk_create(made)]


def _columns(rows: Sequence[tuple[object, ...]]) -> tuple[list[object], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))
