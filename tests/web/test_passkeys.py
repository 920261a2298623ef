"""Where a passkey can be added: browsers keep them for names, not for numbers."""

import pytest
from django.test import Client
from django.urls import reverse

from indicators.models import Role
from tests.people.persons import PASSWORD, at_the_desk_of, somebody

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    """Somebody who said the password just now."""
    client = at_the_desk_of(somebody("ana", Role.ANALYST))
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def page(browser: Client, host: str) -> str:
    return browser.get(reverse("mfa_add_webauthn"), HTTP_HOST=host).content.decode()


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000"])
def test_a_page_at_a_number_says_where_it_has_a_name(browser: Client, host: str) -> None:
    assert f"http://localhost:8000{reverse('mfa_add_webauthn')}" in page(browser, host)


def test_a_page_at_a_name_does_not(browser: Client) -> None:
    assert "open at a number" not in page(browser, "localhost:8000")


def test_a_node_that_has_a_name_is_opened_by_it(browser: Client, settings: object) -> None:
    settings.PUBLIC_URL = "https://retort.alder.example"  # type: ignore[attr-defined]
    assert "https://retort.alder.example/account/" in page(browser, "127.0.0.1:8000")
