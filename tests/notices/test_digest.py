"""Mail for those who want it: counts and links, never twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail

from indicators.models import Cause, Digest, NoticeChoice, Person, Role
from indicators.notices import digest, inbox
from indicators.notices.sweeping import sweep
from tests.notices.drafts import NOW, draft
from tests.notices.mail_server import mail_server
from tests.people.persons import somebody

pytestmark = pytest.mark.django_db


@pytest.fixture
def rae(db: None, settings: Any) -> User:
    settings.EMAIL_HOST = "mail.example"
    settings.PUBLIC_URL = "https://alder.example"
    rae = somebody("rae", Role.REVIEWER, email="rae@alder.example")
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


def two_readers_who_wait(rae: User) -> datetime:
    """Rae, and Ben after her; when both are due."""
    ben = somebody("ben", Role.REVIEWER, email="ben@alder.example")
    inbox.choose(ben, Digest.DAILY, list(Cause), NOW)
    due = morning_of(ben) + timedelta(minutes=1)
    NoticeChoice.objects.filter(user=ben).update(next_digest_at=due)
    draft()
    sweep(NOW)
    return due


def morning_of(reader: User) -> datetime:
    due = NoticeChoice.objects.get(user=reader).next_digest_at
    assert due is not None
    return due


def test_a_round_takes_one_connection(rae: User, settings: Any) -> None:
    due = two_readers_who_wait(rae)
    with mail_server(settings) as server:
        assert digest.send_digests(due) == 2
    assert (server.taken, server.connections) == (
        ["rae@alder.example", "ben@alder.example"],
        1,
    )


def test_of_a_server_that_is_down_only_one_mail_asks_in_a_round(rae: User, settings: Any) -> None:
    due = two_readers_who_wait(rae)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    digest.send_digests(due)
    ben = User.objects.get(username="ben")
    assert (morning_of(rae), morning_of(ben)) == (due + timedelta(hours=1), due)


def test_a_mailbox_that_is_gone_keeps_no_mail_from_others(rae: User, settings: Any) -> None:
    due = two_readers_who_wait(rae)
    with mail_server(settings, refused={"rae@alder.example"}) as server:
        assert digest.send_digests(due) == 1
    assert server.taken == ["ben@alder.example"]
    assert morning_of(rae) == due + timedelta(hours=1)


def test_an_address_that_is_none_keeps_no_mail_from_others(rae: User, settings: Any) -> None:
    due = two_readers_who_wait(rae)
    User.objects.filter(pk=rae.pk).update(email="rae@alder.example\nBcc: mallory@cedar.example")
    with mail_server(settings) as server:
        assert digest.send_digests(due) == 1
    assert server.taken == ["ben@alder.example"]


def test_a_slow_round_ends(rae: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    due = two_readers_who_wait(rae)
    monkeypatch.setattr(digest, "_SECONDS", -1.0)
    with mail_server(settings) as server:
        assert digest.send_digests(due) == 1
    assert server.taken == ["rae@alder.example"]


def test_without_a_mail_server_nothing_is_sent(rae: User, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    draft()
    sweep(NOW)
    assert digest.send_digests(morning()) == 0
