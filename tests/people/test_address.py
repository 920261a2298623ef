"""From where a browser asks, with proxies in between that may lie."""

from typing import Any

import pytest
from django.test import RequestFactory

from indicators.people.address import client_address

PROXY, BROWSER = "10.0.0.7", "198.51.100.4"


@pytest.fixture(autouse=True)
def proxied(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]


def seen(address: str, forwarded: str) -> str:
    request = RequestFactory().get("/", REMOTE_ADDR=address, HTTP_X_FORWARDED_FOR=forwarded)
    return client_address(request)


def test_a_trusted_proxy_is_believed() -> None:
    assert seen(PROXY, BROWSER) == BROWSER


def test_a_chain_of_trusted_proxies_is_believed() -> None:
    assert seen(PROXY, f"{BROWSER}, 10.0.0.8") == BROWSER


def test_what_a_browser_made_up_is_not_believed() -> None:
    assert seen(PROXY, f"192.0.2.99, {BROWSER}") == BROWSER


def test_nobody_else_is_believed() -> None:
    assert seen(BROWSER, "192.0.2.99") == BROWSER


@pytest.mark.parametrize("nonsense", ["", "unknown", "1.2.3", "10.0.0.9"])
def test_nonsense_of_a_proxy_leaves_the_proxys_address(nonsense: str) -> None:
    assert seen(PROXY, nonsense).startswith("10.0.0.")


def test_behind_nonsense_nobody_is_believed() -> None:
    assert seen(PROXY, "192.0.2.99, 198.51.100.4:50123") == PROXY


def test_a_proxy_that_comes_through_a_socket_of_the_new_kind_is_known() -> None:
    assert seen(f"::ffff:{PROXY}", BROWSER) == BROWSER


def test_an_address_of_the_new_kind_is_one() -> None:
    assert seen(PROXY, "2001:db8::1") == "2001:db8::1"
