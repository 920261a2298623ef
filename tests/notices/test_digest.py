"""Mail for those who want it: counts and links, never twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail

from indicators.models import Cause, Digest, NoticeChoice, Person, Role
from indicators.notices import digest, inbox
from indicators.notices.sweeping import sweep
from tests.notices.people import NOW, draft, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def rae(db: None, settings: Any) -> User:
    settings.EMAIL_HOST = "mail.example"
    settings.PUBLIC_URL = "https://alder.example"
    rae = person("rae", Role.REVIEWER, email="rae@alder.example")
    inbox.choose(rae, Digest.DAILY, list(Cause), NOW)
    return rae


def morning() -> datetime:
    due = NoticeChoice.objects.get().next_digest_at
    assert due is not None
    return due


def test_mail_comes_in_the_readers_morning(rae: User) -> None:
    Person.objects.update(time_zone="Asia/Tokyo")
    inbox.choose(rae, Digest.DAILY, list(Cause), NOW)
    assert morning() == datetime(2026, 3, 4, 22, tzinfo=UTC)


def test_weekly_mail_comes_on_monday(rae: User) -> None:
    inbox.choose(rae, Digest.WEEKLY, list(Cause), NOW)
    assert morning() == datetime(2026, 3, 9, 7, tzinfo=UTC)


def test_a_mail_holds_counts_and_links(rae: User) -> None:
    draft()
    sweep(NOW)
    assert digest.send_digests(morning()) == 1
    [sent] = mail.outbox
    assert sent.to == ["rae@alder.example"]
    assert "1 draft waits for review.\n  https://alder.example/reviews/" in str(sent.body)
    assert "https://alder.example/notices/choices/" in str(sent.body)


def test_no_mail_goes_out_twice(rae: User) -> None:
    draft()
    sweep(NOW)
    due = morning()
    digest.send_digests(due)
    assert digest.send_digests(due) == 0
    assert morning() == due + timedelta(days=1)


def test_nothing_unread_is_no_mail(rae: User) -> None:
    draft()
    sweep(NOW)
    inbox.mark_read(rae, NOW)
    assert digest.send_digests(morning()) == 0


def test_no_mail_before_its_time(rae: User) -> None:
    draft()
    sweep(NOW)
    assert digest.send_digests(morning() - timedelta(seconds=1)) == 0


def test_who_wants_no_mail_gets_none(rae: User) -> None:
    draft()
    sweep(NOW)
    due = morning()
    inbox.choose(rae, Digest.OFF, list(Cause), NOW)
    assert digest.send_digests(due) == 0


def test_who_left_gets_no_mail(rae: User) -> None:
    draft()
    sweep(NOW)
    User.objects.update(is_active=False)
    assert digest.send_digests(morning()) == 0


def test_a_server_that_is_down_is_asked_again(rae: User, settings: Any) -> None:
    draft()
    sweep(NOW)
    due = morning()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert digest.send_digests(due) == 0
    assert morning() == due + timedelta(hours=1)


def test_without_a_mail_server_nothing_is_sent(rae: User, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    draft()
    sweep(NOW)
    assert digest.send_digests(morning()) == 0
