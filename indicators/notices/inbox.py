"""A person's notices, and how they want to be told."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from indicators.models import Cause, Digest, Notice, NoticeChoice, Role
from indicators.notices import digest, messages
from indicators.people.roles import roles_of

#: The bell counts so far.
MOST_COUNTED = 99
_PAGE = 50
#: Whom a cause concerns.
CONCERNED: dict[Cause, Role] = {
    Cause.REVIEW: Role.REVIEWER,
    Cause.DECIDED: Role.ANALYST,
    Cause.LEADS: Role.ANALYST,
    Cause.PEER: Role.ADMINISTRATOR,
    Cause.DETECTOR: Role.ADMINISTRATOR,
    Cause.REFERRAL: Role.REVIEWER,
    Cause.WEBHOOK: Role.ADMINISTRATOR,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A notice in words; `path` is the page where the reader goes on."""

    id: int
    text: str
    path: str
    at: datetime
    is_read: bool


@dataclass(frozen=True, slots=True)
class Page:
    """`older`: the number behind which the next page begins, if there is one."""

    entries: tuple[Entry, ...]
    older: str


@dataclass(frozen=True, slots=True)
class Choices:
    """How a person is told: `told` are the causes that make notices, of those that concern them."""

    digest: Digest
    told: frozenset[Cause]
    concerned: tuple[Cause, ...]


def unread(user: User) -> str:
    """The number for the bell, "" if there is nothing; one look at unread_notices."""
    count = Notice.objects.filter(user=user, read_at=None)[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")


def read_page(user: User, before: tuple[datetime, int] | None = None) -> Page:
    """Notices, the newest first; notices_of_person."""
    found = Notice.objects.filter(user=user)
    if before is not None:
        at, number = before
        found = found.filter(at__lte=at).exclude(at=at, pk__gte=number)
    rows = list(found.order_by("-at", "-pk")[: _PAGE + 1])
    last = rows[_PAGE - 1] if len(rows) > _PAGE else None
    older = f"{last.at.isoformat()}_{last.pk}" if last else ""
    return Page(tuple(_entry(row) for row in rows[:_PAGE]), older)


def mark_read(user: User, now: datetime, ids: Collection[int] | None = None) -> int:
    """Mark these read, or all; only the person's own. How many there were."""
    found = Notice.objects.filter(user=user, read_at=None)
    if ids is not None:
        found = found.filter(pk__in=ids)
    return found.update(read_at=now)


def choices(user: User) -> Choices:
    """How this person is told now."""
    row = NoticeChoice.objects.filter(user=user).first() or NoticeChoice(user=user)
    concerned = tuple(cause for cause, role in CONCERNED.items() if role in roles_of(user))
    told = frozenset(concerned) - {Cause(each) for each in row.muted}
    return Choices(Digest(row.digest), told, concerned)


def choose(user: User, wanted: Digest, told: Collection[Cause], now: datetime) -> None:
    """Be told of these causes from now on, and by mail as wanted.

    What concerns other roles was not asked: whoever gets one is told of it.
    """
    muted = [cause.value for cause in choices(user).concerned if cause not in told]
    following = digest.following(wanted, user, now)
    NoticeChoice.objects.update_or_create(
        user=user, defaults={"digest": wanted, "muted": muted, "next_digest_at": following}
    )


def _entry(row: Notice) -> Entry:
    said = messages.message(Cause(row.cause), row.subject, row.count)
    return Entry(row.pk, said.text, said.path, row.at, row.read_at is not None)
