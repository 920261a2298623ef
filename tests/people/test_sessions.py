"""Sessions that are over leave no trace; others stay."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.cache import cache

from indicators.models import Role
from indicators.people import sessions
from tests.people.persons import at_the_desk_of, somebody

pytestmark = pytest.mark.django_db


def test_a_session_that_is_over_is_forgotten() -> None:
    at_the_desk_of(somebody("ana", Role.ANALYST))
    Session.objects.update(expire_date=datetime.now(UTC) - timedelta(seconds=1))
    sessions.forget_what_is_over()
    assert (Session.objects.count(), UserSession.objects.count()) == (0, 0)


def test_a_session_that_goes_on_is_not_forgotten() -> None:
    at_the_desk_of(somebody("ana", Role.ANALYST))
    sessions.forget_what_is_over()
    assert (Session.objects.count(), UserSession.objects.count()) == (1, 1)


def test_attempts_that_still_count_are_kept() -> None:
    AccessAttempt.objects.create(username="ana", ip_address="192.0.2.1", failures_since_start=4)
    sessions.forget_what_is_over()
    assert AccessAttempt.objects.exists()


def test_what_the_cache_still_holds_is_kept() -> None:
    cache.set("kept", 1, 60)
    cache.set("over", 1, 60)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE retort_cache SET expires = now() - interval '1 hour'"
            " WHERE cache_key LIKE '%over'"
        )
    sessions.forget_what_is_over()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM retort_cache")
        assert cursor.fetchone() == (1,)
