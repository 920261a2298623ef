"""A second factor is good once: a code for as long as it would be, a key's counter forward only."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from indicators.models import Role
from indicators.people import factors
from tests.people.persons import PASSWORD, code, somebody, with_an_app

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return somebody("ana", Role.ANALYST)


def with_a_password() -> Client:
    """A browser of somebody who knows Ana's."""
    browser = Client(SERVER_NAME="localhost")
    browser.post(reverse("account_login"), {"login": "ana", "password": PASSWORD})
    return browser


def opens(browser: Client, shown: str) -> bool:
    browser.post(reverse("mfa_authenticate"), {"code": shown})
    return browser.get("/account/").status_code == 200


def test_a_code_opens_once_for_as_long_as_it_is_good(
    ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_an_app(ana)
    first, second, shown, now = with_a_password(), with_a_password(), code(), time.time()
    assert opens(first, shown)
    # Half a minute later it would be taken for that of a slow clock.
    monkeypatch.setattr(time, "time", lambda: now + 31)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE retort_cache SET expires = expires - interval '31 seconds'")
    assert not opens(second, shown)


def test_the_code_that_set_up_an_app_opens_nothing(ana: User) -> None:
    browser = with_a_password()
    page = browser.get(reverse("mfa_activate_totp")).content.decode()
    [secret] = re.findall(r'<code class="mono">([A-Z2-7]+)</code>', page)
    shown = code(secret)
    browser.post(reverse("mfa_activate_totp"), {"code": shown})
    assert not opens(with_a_password(), shown)


@pytest.fixture
def key(ana: User, monkeypatch: pytest.MonkeyPatch) -> Authenticator:
    """Ana's, which had counted three uses when it was added."""
    monkeypatch.setattr(WebAuthn, "authenticator_data", Counted(3))
    return Authenticator.objects.create(user=ana, type="webauthn", data={"name": "Key 1"})


class Counted:
    """What the library reads of a key."""

    def __init__(self, counter: int) -> None:
        self.counter = counter


def test_a_key_counts_on(key: Authenticator) -> None:
    for told in (4, 5, 9):
        factors._count(key, told)
    assert Authenticator.objects.get().data == {"name": "Key 1", "counted": 9}


@pytest.mark.parametrize("told", [0, 3, 7])
def test_a_key_that_counts_less_than_before_was_copied(key: Authenticator, told: int) -> None:
    factors._count(key, 7)
    with pytest.raises(ValidationError, match="may have copied it"):
        factors._count(key, told)


def test_a_key_that_never_counts_is_taken(
    key: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WebAuthn, "authenticator_data", Counted(0))
    factors._count(key, 0)
    factors._count(key, 0)


NONSENSE = {
    "a list": "[]",
    "a word": '"x"',
    "nothing": "{}",
    "a part": '{"id": 1}',
    "a response that is none": '{"id": "AA", "rawId": "AA", "response": []}',
    "half a character": '{"id": "\\ud800"}',
    "depth": "[" * 100_000,
}


@pytest.mark.parametrize("told", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_in_a_keys_place_leads_back_to_the_sign_in(told: str) -> None:
    browser = Client(SERVER_NAME="localhost")
    browser.get(reverse("mfa_login_webauthn"), headers={"X-Requested-With": "XMLHttpRequest"})
    answer = browser.post(reverse("mfa_login_webauthn"), {"credential": told})
    assert answer.headers["Location"] == reverse("account_login")


@pytest.mark.parametrize("told", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_not_added_as_a_key(ana: User, told: str) -> None:
    browser = with_a_password()
    browser.get(reverse("mfa_add_webauthn"))
    browser.post(reverse("mfa_add_webauthn"), {"name": "k", "credential": told})
    assert not Authenticator.objects.exists()
