"""Links that people made end with them, and a page doesn't wait for a mail server."""

import time
from typing import Any

import pytest
from django.contrib.auth.models import User

from indicators.models import Invitation, Role
from indicators.people import invitations
from indicators.people.errors import NotInvited
from indicators.pipeline import people
from tests.notices.mail_server import mail_server
from tests.people.persons import somebody

pytestmark = pytest.mark.django_db
LINK = "https://alder.example/invitation/secret"


@pytest.fixture
def eve(db: None) -> User:
    """An administrator who is about to go; another one stays."""
    somebody("adam", Role.ADMINISTRATOR)
    return somebody("eve", Role.ADMINISTRATOR)


def test_nobody_comes_back_by_a_link_of_their_own(eve: User) -> None:
    link = people.invite(eve, [Role.ADMINISTRATOR])
    people.deactivate("root", eve.pk)
    with pytest.raises(NotInvited):
        invitations.opened_by(link.secret)


def test_who_administers_no_more_lets_nobody_in(eve: User) -> None:
    renewal = people.invite_again(eve, somebody("ana", Role.ANALYST).pk)
    people.set_roles("root", eve.pk, [Role.ANALYST])
    with pytest.raises(NotInvited):
        invitations.opened_by(renewal.secret)


def test_who_still_administers_keeps_their_links(eve: User) -> None:
    link = people.invite(eve, [Role.ANALYST])
    people.set_roles("root", eve.pk, [Role.ADMINISTRATOR, Role.REVIEWER])
    assert invitations.opened_by(link.secret)


def test_what_was_used_stays_used(eve: User) -> None:
    link = people.invite(eve, [Role.ANALYST])
    people.accept(link.secret, "ben", "a staple, a battery, a horse")
    people.deactivate("root", eve.pk)
    assert Invitation.objects.get().revoked_at is None


def test_a_mail_that_a_server_takes_is_one(eve: User, settings: Any) -> None:
    with mail_server(settings) as server:
        assert invitations.mail(invitations.invite(eve, [], "ben@birch.example"), LINK)
    assert server.taken == ["ben@birch.example"]


def test_a_server_that_keeps_silent_holds_nobody_up(
    eve: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "MAIL_SECONDS", 0.2)
    began = time.monotonic()
    with mail_server(settings, is_silent=True):
        assert not invitations.mail(invitations.invite(eve, [], "ben@birch.example"), LINK)
    assert time.monotonic() - began < 2


def test_an_address_with_more_than_an_address_is_not_written_to(eve: User, settings: Any) -> None:
    with mail_server(settings) as server:
        made = invitations.invite(eve, [], "ben@birch.example\nBcc: mallory@cedar.example")
        assert not invitations.mail(made, LINK)
    assert server.taken == []
