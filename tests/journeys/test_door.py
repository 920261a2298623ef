"""How a person comes in: by invitation, with a second factor, and not without."""

import base64
import re
import time
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Browser

from tests.database import place_for_data
from tests.journeys.browser import Visitor, chromium, visit
from tests.journeys.node import Node, running_node

pytestmark = pytest.mark.journey

PASSWORD = "not-a-word-of-any-list"
_STEP = 30


@pytest.fixture(scope="module")
def node(journey_database_of_module: str) -> Iterator[Node]:
    with (
        place_for_data("retort-door-") as data_dir,
        running_node(
            data_dir,
            database_url=journey_database_of_module,
            environment={"MFA": "required"},
        ) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def stranger(browser: Browser, node: Node) -> Visitor:
    """By a name: browsers keep passkeys for names, not for addresses."""
    return visit(browser, node.base_url.replace("127.0.0.1", "localhost"))


def invited(browser: Browser, node: Node, name: str, *roles: str) -> Visitor:
    """Somebody who has followed an invitation, and chosen name and password."""
    given = [word for role in roles for word in ("--role", role)]
    told = node.run("person", "invite", *given).stdout
    [link] = re.findall(r"/invitation/\S+", told)
    visitor = stranger(browser, node)
    visitor.open(link)
    visitor.page.get_by_label("Name").fill(name)
    for field in visitor.page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    visitor.page.get_by_role("button", name="Come in").click()
    visitor.page.wait_for_url("**/second-factors/**")
    return visitor


def code(secret: str, periods: int = 0) -> str:
    """What the app shows now, or so many periods later; each code is good once."""
    key = base64.b32decode(secret)
    app = TOTP(key, 6, SHA1(), _STEP, enforce_key_length=False)
    return app.generate(int(time.time()) + periods * _STEP).decode()


def with_app(visitor: Visitor) -> str:
    """Sets up an authenticator app; its secret."""
    visitor.page.get_by_role("link", name="Set up").click()
    visitor.page.get_by_text("The picture can't be scanned").click()
    secret = visitor.page.locator("code.mono").first.inner_text()
    visitor.page.get_by_label("code").fill(code(secret))
    visitor.page.get_by_role("button", name="Set up").click()
    visitor.page.wait_for_load_state()
    return secret


def sign_out(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.page.wait_for_url("**/sign-in/**")


def fill_password(visitor: Visitor, name: str) -> None:
    visitor.open("/overview/")
    visitor.page.get_by_label("Name").fill(name)
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.page.get_by_role("button", name="Sign in", exact=True).click()


def test_without_a_second_factor_nothing_opens(browser: Browser, node: Node) -> None:
    visitor = invited(browser, node, "anton", "analyst")
    for path in ("/overview/", "/matches/", "/indicators/"):
        visitor.open(path)
        assert visitor.path() == "/account/second-factors/"
    visitor.has_nothing_to_report()


def test_a_code_is_asked_for_at_the_next_sign_in(browser: Browser, node: Node) -> None:
    visitor = invited(browser, node, "bella", "analyst")
    secret = with_app(visitor)
    visitor.open("/overview/")
    assert visitor.path() == "/overview/"
    sign_out(visitor)
    fill_password(visitor, "bella")
    visitor.page.wait_for_url("**/second-factor/**")
    visitor.open("/overview/")
    assert visitor.path() == "/account/sign-in/second-factor/"
    visitor.page.get_by_label("code").fill(code(secret, periods=1))
    visitor.page.get_by_role("button", name="Sign in").click()
    visitor.page.wait_for_url("**/overview/")
    visitor.has_nothing_to_report()


def test_a_passkey_signs_in_by_itself(browser: Browser, node: Node) -> None:
    visitor = invited(browser, node, "clara", "reviewer")
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable")
    authenticator = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": authenticator})
    visitor.page.get_by_role("link", name="Add").click()
    visitor.page.get_by_label("Name").fill("laptop")
    visitor.page.locator("input[type=checkbox]").check()
    visitor.page.get_by_role("button", name="Add").click()
    visitor.page.wait_for_url(lambda url: "/add/" not in url)
    visitor.open("/overview/")
    sign_out(visitor)
    visitor.page.get_by_role("button", name="Sign in with a passkey").click()
    visitor.page.wait_for_url("**/overview/")
    visitor.has_nothing_to_report()


def test_an_invitation_is_used_once(browser: Browser, node: Node) -> None:
    [link] = re.findall(
        r"/invitation/\S+", node.run("person", "invite", "--role", "analyst").stdout
    )
    first = stranger(browser, node)
    first.open(link)
    first.page.get_by_label("Name").fill("dora")
    for field in first.page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    first.page.get_by_role("button", name="Come in").click()
    first.page.wait_for_url("**/second-factors/**")
    second = stranger(browser, node)
    second.expected.update({404, 410})
    answer = second.open(link)
    assert answer.status in (404, 410)


def test_guessing_is_stopped(browser: Browser, node: Node) -> None:
    visitor = stranger(browser, node)
    visitor.expected.update({403, 429})
    for _ in range(6):
        visitor.open("/account/sign-in/")
        if not visitor.page.get_by_label("Password").count():
            break
        visitor.page.get_by_label("Name").fill("mallory")
        visitor.page.get_by_label("Password").fill("guess")
        with visitor.page.expect_navigation() as answered:
            visitor.page.get_by_role("button", name="Sign in", exact=True).click()
    assert answered.value.status == 429
    assert "Retry-After".lower() in answered.value.headers
