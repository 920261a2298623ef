"""Where somebody is signed in."""

from datetime import UTC, datetime, timedelta

from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest

from indicators.people.address import client_address

#: How exactly the list of sessions knows when each was last used.
PRECISION = timedelta(minutes=5)
_AGENT = UserSession._meta.get_field("user_agent").max_length
_BEGAN, _SEEN = "signed_in_at", "seen_at"


def is_over(request: HttpRequest) -> bool:
    """Whether it began longer ago than a session lasts, however busy it was since."""
    now = datetime.now(UTC).timestamp()
    if _BEGAN not in request.session:
        request.session[_BEGAN] = now
    return bool(now - request.session[_BEGAN] > settings.SESSION_COOKIE_AGE)


def seen(request: HttpRequest) -> None:
    """Note that this session is used: a write every few minutes, not one a page."""
    now = datetime.now(UTC)
    if now.timestamp() - request.session.get(_SEEN, 0) < PRECISION.total_seconds():
        return
    UserSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "user": request.user,
            "last_seen_at": now,
            "ip": client_address(request),
            "user_agent": request.META.get("HTTP_USER_AGENT", "")[:_AGENT],
        },
    )
    request.session[_SEEN] = now.timestamp()


def end_all(user: User) -> int:
    """Sign somebody out everywhere; how many sessions it were."""
    keys = list(UserSession.objects.filter(user=user).values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    # These alone: one that began meanwhile stays in the list, as it stays open.
    UserSession.objects.filter(session_key__in=keys).delete()
    return len(keys)


def forget_what_is_over() -> None:
    """Sessions that ended, attempts that count no more, and what the cache held for minutes.

    Nobody reads what is deleted here; the cache and the sessions are found by when they end.
    """
    now = datetime.now(UTC)
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    AccessAttempt.objects.filter(attempt_time__lt=now - settings.AXES_COOLOFF_TIME).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM retort_cache WHERE expires < %s", [now])
