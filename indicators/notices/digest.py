"""Notices by mail, for those who want them: counts and links, once a day or a week."""

import time
from contextlib import suppress
from datetime import datetime, timedelta
from datetime import time as time_of_day
from smtplib import SMTPDataError, SMTPRecipientsRefused
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse

from indicators.models import Cause, Digest, Notice, NoticeChoice, Person
from indicators.notices import messages

log = structlog.get_logger("retort.notices")

#: When mail goes out, in the reader's own time.
_HOUR = time_of_day(7)
_AGAIN = timedelta(hours=1)
_AT_ONCE = 500
#: Shorter than the broker waits for a task: a second worker would begin beside a slow first one.
_SECONDS = 30.0
#: What an address or a text is refused for; everything else is of the server, for all mails.
_OF_THIS_MAIL = (SMTPRecipientsRefused, SMTPDataError, ValueError)
_MOST_LINES = 50


def following(wanted: Digest, user: User, now: datetime) -> datetime | None:
    """When the next mail may go out: the next morning, or the next Monday morning."""
    if wanted == Digest.OFF:
        return None
    zone = _zone(user)
    local = now.astimezone(zone)
    days = 1 if wanted == Digest.DAILY else 7 - local.weekday()
    morning = datetime.combine(local.date() + timedelta(days=days), _HOUR, zone)
    return morning.astimezone(now.tzinfo)


def send_digests(now: datetime) -> int:
    """Send what is due; how many mails. A slow server is left to the next round with what is left.

    The next date is written before the mail is sent: whoever dies in between sends one mail too
    few, never one too many. What a server does not take is offered again in an hour.
    """
    if not settings.EMAIL_HOST:
        return 0
    due = NoticeChoice.objects.exclude(digest=Digest.OFF).filter(next_digest_at__lte=now)
    ends_at, sent, server = time.monotonic() + _SECONDS, 0, get_connection()
    for row in due.select_related("user").order_by("next_digest_at")[:_AT_ONCE]:
        try:
            sent += _send(row, now, server)
        except OSError as error:
            log.warning("the mail server fails; digests wait", error=type(error).__name__)
            break
        if time.monotonic() > ends_at:
            break
    with suppress(OSError):  # it has said goodbye before
        server.close()
    return sent


def _send(row: NoticeChoice, now: datetime, server: BaseEmailBackend) -> bool:
    """digests_due. Of two workers one finds the date unchanged. Raises OSError of the server's."""
    claimed = NoticeChoice.objects.filter(pk=row.pk, next_digest_at=row.next_digest_at)
    if not claimed.update(next_digest_at=following(Digest(row.digest), row.user, now)):
        return False
    mail = write(row.user)
    if mail is None:
        return False
    try:
        server.open()
        return bool(server.send_messages([mail]))
    except (OSError, ValueError) as error:
        NoticeChoice.objects.filter(pk=row.pk).update(next_digest_at=now + _AGAIN)
        if not isinstance(error, _OF_THIS_MAIL):
            raise
        log.warning("a digest was not taken", user=row.user_id, error=type(error).__name__)
        return False


def write(user: User) -> EmailMessage | None:
    """The mail with what a person has not read; None if there is nothing, or nowhere to send it."""
    unread = Notice.objects.filter(user=user, read_at=None, count__gt=0).order_by("-at")
    rows = list(unread[: _MOST_LINES + 1])
    if not rows or not user.email or not user.is_active:
        return None
    lines = []
    for row in rows[:_MOST_LINES]:
        said = messages.message(Cause(row.cause), row.subject, row.count)
        lines.append(f"- {said.text}\n  {messages.address(said.path)}")
    more = ["- And more."] if len(rows) > _MOST_LINES else []
    choice = messages.address(reverse("notices-choices"))
    body = "\n".join([*lines, *more, "", f"How often this mail comes: {choice}", ""])
    waiting = "Something is" if len(rows) == 1 else "Some things are"
    subject = f"{waiting} new at {settings.NODE_NAME}"
    return EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [user.email])


def _zone(user: User) -> ZoneInfo:
    name = Person.objects.filter(pk=user.pk).values_list("time_zone", flat=True).first() or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
