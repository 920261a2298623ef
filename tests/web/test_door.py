"""Signing in: with what, how often, and where it leads."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from indicators.models import Person, Role
from tests.people.persons import PASSWORD, SECRET, at_the_desk_of, code, somebody, with_an_app
from tests.web.reading import page

SIGN_IN = "/account/sign-in/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    return Client(SERVER_NAME="localhost")


@pytest.fixture
def ana() -> User:
    return somebody("ana", Role.ANALYST)


def sign_in(browser: Client, name: str, password: str = PASSWORD, **more: str) -> int:
    """The status of the answer."""
    told = {"login": name, "password": password}
    return browser.post(SIGN_IN, told, **more).status_code


def is_signed_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


def test_a_name_and_a_password_open_the_pages(browser: Client, ana: User) -> None:
    sign_in(browser, "ana")
    assert is_signed_in(browser)


def test_a_wrong_password_opens_nothing(browser: Client, ana: User) -> None:
    sign_in(browser, "ana", "a guess of somebody")
    assert not is_signed_in(browser)


def test_whoever_is_not_signed_in_is_led_to_the_sign_in_and_back(browser: Client) -> None:
    answer = browser.get("/account/sessions/")
    assert answer.headers["Location"] == f"{SIGN_IN}?next=/account/sessions/"


def test_a_sign_in_leads_nowhere_but_here(browser: Client, ana: User) -> None:
    told = {"login": "ana", "password": PASSWORD, "next": "https://mallory.example/"}
    assert "mallory" not in browser.post(SIGN_IN, told).headers["Location"]


def test_a_deactivated_person_does_not_come_in(browser: Client, ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(is_active=False)
    sign_in(browser, "ana")
    assert not is_signed_in(browser)


def test_nobody_signs_up(browser: Client) -> None:
    assert browser.get("/account/sign-up/").status_code == 404


def test_signing_in_gives_the_session_a_new_key(browser: Client, ana: User) -> None:
    browser.get(SIGN_IN)
    session = browser.session
    session["planted"] = True
    session.save()
    before = session.session_key
    sign_in(browser, "ana")
    assert browser.session.session_key != before


# --- How often -----------------------------------------------------------------------------------


def five_guesses(browser: Client, name: str, **more: str) -> int:
    """The status of the last of five wrong passwords."""
    return [sign_in(browser, name, f"guess {each}", **more) for each in range(5)][-1]


def test_the_fifth_wrong_password_is_told_to_wait(browser: Client, ana: User) -> None:
    assert five_guesses(browser, "ana") == 429


def test_who_has_to_wait_is_told_how_long(browser: Client, ana: User) -> None:
    five_guesses(browser, "ana")
    answer = browser.post(SIGN_IN, {"login": "ana", "password": "another"})
    assert 800 < int(answer.headers["Retry-After"]) <= 900


def test_who_has_to_wait_is_told_so_in_words(browser: Client, ana: User) -> None:
    five_guesses(browser, "ana")
    answer = browser.post(SIGN_IN, {"login": "ana", "password": "another"})
    assert "in 15 minutes" in answer.content.decode()


def test_even_the_right_password_waits(browser: Client, ana: User) -> None:
    five_guesses(browser, "ana")
    sign_in(browser, "ana")
    assert not is_signed_in(browser)


def test_guesses_from_elsewhere_keep_nobody_out(browser: Client, ana: User) -> None:
    five_guesses(browser, "ana", REMOTE_ADDR="192.0.2.66")
    sign_in(browser, "ana", REMOTE_ADDR="192.0.2.1")
    assert is_signed_in(browser)


def test_a_made_up_address_does_not_help_to_guess_on(browser: Client, ana: User) -> None:
    for each in range(5):
        last = sign_in(browser, "ana", "guess", HTTP_X_FORWARDED_FOR=f"192.0.2.{each}")
    assert last == 429


def test_guesses_through_the_administration_are_counted_too(browser: Client, ana: User) -> None:
    assert browser.get("/admin/login/").headers["Location"].startswith(SIGN_IN)


def test_guesses_of_codes_end_too(browser: Client, ana: User) -> None:
    with_an_app(ana)
    sign_in(browser, "ana")
    for _ in range(6):
        page = browser.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "Too many failed" in page.content.decode()


# --- The second factor ---------------------------------------------------------------------------


def test_a_password_alone_is_not_enough_for_who_has_a_second_factor(
    browser: Client, ana: User
) -> None:
    with_an_app(ana)
    sign_in(browser, "ana")
    assert not is_signed_in(browser)


def test_a_password_and_a_code_open_the_pages(browser: Client, ana: User) -> None:
    with_an_app(ana)
    sign_in(browser, "ana")
    browser.post(reverse("mfa_authenticate"), {"code": code()})
    assert is_signed_in(browser)


def test_a_code_opens_once(ana: User) -> None:
    with_an_app(ana)
    first, second = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    shown = code()
    for each in (first, second):
        sign_in(each, "ana")
        each.post(reverse("mfa_authenticate"), {"code": shown})
    assert not is_signed_in(second)


def test_the_secret_of_an_app_is_sealed(ana: User) -> None:
    stored = Authenticator.objects.get(pk=with_an_app(ana).pk).data
    assert SECRET not in str(stored)


def test_where_second_factors_are_required_one_comes_first(ana: User, settings: object) -> None:
    settings.MFA = "required"  # type: ignore[attr-defined]
    answer = at_the_desk_of(ana).get("/account/")
    assert answer.headers["Location"] == reverse("mfa_index")


def test_the_administration_asks_for_a_second_factor_too(settings: object) -> None:
    settings.MFA = "required"  # type: ignore[attr-defined]
    answer = at_the_desk_of(somebody("adam", Role.ADMINISTRATOR)).get("/admin/")
    assert answer.headers["Location"] == reverse("mfa_index")


def test_where_second_factors_are_required_one_opens_the_pages(ana: User, settings: object) -> None:
    settings.MFA = "required"  # type: ignore[attr-defined]
    with_an_app(ana)
    assert at_the_desk_of(ana).get("/account/").status_code == 200


def test_recovery_codes_alone_are_no_second_factor(ana: User, settings: object) -> None:
    settings.MFA = "required"  # type: ignore[attr-defined]
    Authenticator.objects.create(user=ana, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert at_the_desk_of(ana).get("/account/").status_code == 302


def test_somebody_new_sets_up_an_app_and_gets_recovery_codes(
    browser: Client, ana: User, settings: object
) -> None:
    settings.MFA = "required"  # type: ignore[attr-defined]
    sign_in(browser, "ana")
    shown = page(browser, reverse("mfa_activate_totp"))
    found = re.search(r'<code class="mono">([A-Z2-7]+)</code>', shown)
    assert found
    told = {"code": code(found[1])}
    codes = browser.post(reverse("mfa_activate_totp"), told, follow=True).content.decode()
    assert re.search(r"\n[0-9]{8}\n", codes)


def test_a_recovery_code_opens_once_too(browser: Client, ana: User) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    with_an_app(ana)
    one = RecoveryCodes.activate(ana).get_unused_codes()[0]
    for _ in range(2):
        browser.logout()
        sign_in(browser, "ana")
        browser.post(reverse("mfa_authenticate"), {"code": one})
    assert not is_signed_in(browser)


# --- One-time passwords, sessions ----------------------------------------------------------------


def test_a_password_for_once_is_replaced_first(browser: Client, ana: User) -> None:
    Person.objects.filter(pk=ana.pk).update(must_change_password=True)
    sign_in(browser, "ana")
    answer = browser.get("/account/")
    assert answer.headers["Location"] == reverse("account_change_password")


def test_a_replaced_password_opens_the_pages(browser: Client, ana: User) -> None:
    Person.objects.filter(pk=ana.pk).update(must_change_password=True)
    sign_in(browser, "ana")
    own = "another horse and its staple"
    told = {"oldpassword": PASSWORD, "password1": own, "password2": own}
    browser.post(reverse("account_change_password"), told)
    assert is_signed_in(browser)


def test_a_session_ends_twelve_hours_after_it_began(ana: User) -> None:
    browser = at_the_desk_of(ana)
    browser.get("/account/")
    session = browser.session
    session["signed_in_at"] = (datetime.now(UTC) - timedelta(hours=12, minutes=1)).timestamp()
    session.save()
    assert not is_signed_in(browser)


def test_a_session_cookie_is_not_for_scripts_or_other_sites(browser: Client, ana: User) -> None:
    sign_in(browser, "ana")
    cookie = next(each for name, each in browser.cookies.items() if name.startswith("session"))
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_signing_out_ends_the_session(browser: Client, ana: User) -> None:
    sign_in(browser, "ana")
    browser.post(reverse("account_logout"))
    assert not is_signed_in(browser)


# --- What goes along with every answer -----------------------------------------------------------


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(browser: Client) -> None:
    policy = browser.get(SIGN_IN).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert not re.search(r"unsafe|data:|\*|http", policy)


def test_a_page_asks_for_no_camera(browser: Client) -> None:
    assert "camera=()" in browser.get(SIGN_IN).headers["Permissions-Policy"]


def test_doors_for_machines_know_no_session(ana: User) -> None:
    answer = at_the_desk_of(ana).get("/taxii2/", headers={"Accept": "application/taxii+json"})
    assert "Cookie" not in answer.headers.get("Vary", "")
