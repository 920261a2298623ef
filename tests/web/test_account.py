"""Everybody's own account."""

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from indicators.models import Person, Role
from tests.people.persons import PASSWORD, at_the_desk_of, code, somebody, with_an_app
from tests.web.reading import page

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return somebody("ana", Role.ANALYST)


@pytest.fixture
def browser(ana: User) -> Client:
    return at_the_desk_of(ana)


def text(browser: Client, name: str, *ids: object) -> str:
    return page(browser, reverse(name, args=ids))


def confirmed(browser: Client) -> Client:
    """Somebody who said the password just now."""
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return browser


def test_the_page_says_which_roles_somebody_has(browser: Client) -> None:
    assert "analyst" in text(browser, "account")


def test_whoever_has_no_role_sees_the_own_account() -> None:
    assert at_the_desk_of(somebody("new")).get("/account/").status_code == 200


@pytest.mark.parametrize("told", ["Europe/Lisbon", "lisbon", "europe/lisbon"])
def test_a_time_zone_is_found_by_its_city(browser: Client, ana: User, told: str) -> None:
    browser.post("/account/", {"time_zone": told, "email": ""})
    assert Person.objects.get(pk=ana.pk).time_zone == "Europe/Lisbon"


def test_a_time_zone_that_nobody_knows_is_refused(browser: Client) -> None:
    page = browser.post("/account/", {"time_zone": "Mars/Olympus", "email": ""})
    assert "No such time zone" in page.content.decode()


def test_times_are_shown_in_the_readers_zone(browser: Client, ana: User) -> None:
    Person.objects.filter(pk=ana.pk).update(time_zone="Asia/Tokyo")
    browser.get(reverse("usersessions_list"))
    session = UserSession.objects.get(user=ana)
    session.created_at = session.created_at.replace(hour=1, minute=23)
    session.save()
    assert "10:23" in text(browser, "usersessions_list")


def test_a_zone_that_this_machine_does_not_know_is_utc(browser: Client, ana: User) -> None:
    Person.objects.filter(pk=ana.pk).update(time_zone="Mars/Olympus")
    assert browser.get("/account/").status_code == 200


def test_changing_the_password_ends_other_sessions(browser: Client, ana: User) -> None:
    elsewhere = at_the_desk_of(ana)
    own = "another horse and its staple"
    told = {"oldpassword": PASSWORD, "password1": own, "password2": own}
    browser.post(reverse("account_change_password"), told)
    assert elsewhere.get("/account/").status_code == 302


def test_the_password_is_changed_with_the_old_one_only(browser: Client, ana: User) -> None:
    own = "another horse and its staple"
    told = {"oldpassword": "a guess", "password1": own, "password2": own}
    browser.post(reverse("account_change_password"), told)
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)


def test_an_app_is_set_up_after_the_password_was_said_again(browser: Client) -> None:
    answer = browser.get(reverse("mfa_activate_totp"))
    assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))


def test_the_key_of_an_app_is_shown_as_a_picture(browser: Client) -> None:
    assert '<svg class="qr"' in text(confirmed(browser), "mfa_activate_totp")


def test_removing_the_app_needs_a_code_or_the_password(browser: Client, ana: User) -> None:
    with_an_app(ana)
    answer = browser.post(reverse("mfa_deactivate_totp"))
    assert answer.headers["Location"].startswith("/account/confirm/")


def test_a_code_confirms_that_it_is_somebody(browser: Client, ana: User) -> None:
    with_an_app(ana)
    browser.post(reverse("mfa_reauthenticate"), {"code": code()})
    assert browser.get(reverse("mfa_deactivate_totp")).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "account",
        "account_change_password",
        "mfa_index",
        "mfa_list_webauthn",
        "mfa_add_webauthn",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "usersessions_list",
        "account_reauthenticate",
        "mfa_reauthenticate",
    ],
)
def test_each_page_of_an_account_with_everything_opens(
    browser: Client, ana: User, name: str
) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    confirmed(browser)
    if name != "mfa_activate_totp":
        with_an_app(ana)
        RecoveryCodes.activate(ana)
    assert browser.get(reverse(name)).status_code == 200


def test_the_list_shows_where_somebody_is_signed_in(browser: Client, ana: User) -> None:
    at_the_desk_of(ana)
    assert text(browser, "usersessions_list").count("data-row") == 2


def test_one_session_is_ended_by_itself(browser: Client, ana: User) -> None:
    elsewhere, third = at_the_desk_of(ana), at_the_desk_of(ana)
    key = elsewhere.session.session_key
    browser.post(reverse("session-end", args=[UserSession.objects.get(session_key=key).pk]))
    answers = [each.get("/account/").status_code for each in (elsewhere, third)]
    assert answers == [302, 200]


def test_nobody_ends_somebody_elses_session(browser: Client) -> None:
    ben = at_the_desk_of(somebody("ben", Role.REVIEWER))
    key = ben.session.session_key
    pk = UserSession.objects.get(session_key=key).pk
    assert browser.post(reverse("session-end", args=[pk])).status_code == 404


def test_all_others_are_ended_at_once(browser: Client, ana: User) -> None:
    elsewhere = at_the_desk_of(ana)
    browser.post(reverse("usersessions_list"))
    assert elsewhere.get("/account/").status_code == 302


def test_the_page_asks_the_database_little(
    browser: Client, django_assert_max_num_queries: Any
) -> None:
    browser.get("/account/")
    with django_assert_max_num_queries(8):
        page(browser, "/account/")
