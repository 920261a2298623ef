"""Every path of the URL conf, for everybody: exactly those come in whom the path names."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, StringConverter, UUIDConverter

from indicators.models import Role
from tests.people.persons import at_the_desk_of, somebody

pytestmark = pytest.mark.django_db

#: What people see who are not signed in. A path more here is a decision; think of it.
PUBLIC = {
    "",
    "schemas/<str:name>",
    "account/sign-in/",
    "account/sign-in/passkey/",
    "account/sign-in/second-factor/",
    "account/sign-out/",
    "account/not-in-use/",
    "invitation/<str:rest>",
}
#: Doors for machines, which ask for credentials of their own, or for none.
MACHINES = (
    ".well-known/", "federation/", "healthz/", "ingest/v1/", "keyholder/v1/", "logs/", "metrics",
    "taxii2", "witness/",
)  # fmt: skip
DJANGO = "admin/"
NOBODY, NO_ROLE = "nobody", "no role"
READERS = (NOBODY, NO_ROLE, *Role)


def patterns(found: Any = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every path, with the paths around it in front."""
    for each in found if found is not None else get_resolver().url_patterns:
        where = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from patterns(each.url_patterns, where)
        else:
            yield where, each


def is_for_machines(where: str, pattern: URLPattern) -> bool:
    return where not in PUBLIC and not getattr(pattern.callback, "login_required", True)


PAGES = {
    where: each
    for where, each in patterns()
    if not where.startswith(DJANGO) and not is_for_machines(where, each)
}
_EXAMPLES: dict[type, object] = {
    IntConverter: 4711,
    UUIDConverter: UUID(int=4711),
    StringConverter: "campaign--00000000-0000-4000-8000-000000000000",
}


def address(where: str, pattern: URLPattern) -> str:
    """The path with ids that nothing has: who may not come in must not learn even that."""
    for name, converter in pattern.pattern.converters.items():
        kind = next((each for each in _EXAMPLES if isinstance(converter, each)), StringConverter)
        where = where.replace(f"<{_name(converter)}:{name}>", str(_EXAMPLES[kind]))
    return f"/{where}"


def _name(converter: Any) -> str:
    from django.urls.converters import get_converters

    return next(name for name, known in get_converters().items() if known is converter)


def reader(who: str) -> Client:
    if who == NOBODY:
        return Client(SERVER_NAME="localhost")
    return at_the_desk_of(somebody("ana", *([] if who == NO_ROLE else [Role(who)])))


def comes_in(client: Client, where: str, pattern: URLPattern) -> bool:
    """Whether any method gets past the door; what a page then answers is not our question."""
    answers = [client.get(address(where, pattern)), client.post(address(where, pattern))]
    led_away = [
        each.status_code == 302 and each.headers["Location"].startswith("/account/sign-in/?next=")
        for each in answers
    ]
    refused = [each.status_code == 403 for each in answers]
    return not all(each or other for each, other in zip(led_away, refused, strict=True))


@pytest.mark.parametrize("where", PAGES)
def test_a_path_says_whom_it_is_for(where: str) -> None:
    view = PAGES[where].callback
    assert where in PUBLIC or hasattr(view, "roles") or hasattr(view, "is_own")


@pytest.mark.parametrize("where", sorted(PUBLIC))
def test_what_is_called_public_exists(where: str) -> None:
    assert where in PAGES


def test_what_asks_nobody_to_sign_in_is_public_or_for_machines() -> None:
    open_ones = {
        where
        for where, each in patterns()
        if not getattr(each.callback, "login_required", True) and where not in PUBLIC
    }
    strange = {each for each in open_ones if not each.startswith((*MACHINES, "admin/login/"))}
    assert strange == set()


@pytest.mark.parametrize("who", READERS)
def test_a_reader_sees_exactly_the_pages_that_name_them(who: str) -> None:
    client = reader(who)
    client.raise_request_exception = False  # what a page makes of such ids is for its own tests
    expected, found = {}, {}
    for where, pattern in PAGES.items():
        if where in PUBLIC or getattr(pattern.callback, "is_own", False):
            continue
        roles = pattern.callback.roles  # type: ignore[attr-defined]
        expected[where] = who in {each.value for each in roles}
        found[where] = comes_in(client, where, pattern)
    assert {each for each in found if found[each] != expected[each]} == set()


@pytest.mark.parametrize(
    "where", [each for each, it in PAGES.items() if getattr(it.callback, "is_own", False)]
)
def test_an_own_account_is_for_whoever_is_signed_in(where: str) -> None:
    answer = Client(SERVER_NAME="localhost").get(address(where, PAGES[where]))
    assert answer.headers["Location"].startswith("/account/sign-in/?next=")


@pytest.mark.parametrize("where", [each for each in PAGES if each not in PUBLIC])
def test_a_change_needs_the_token_of_a_page(where: str, everybody: User) -> None:
    strict = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    strict.force_login(everybody)
    assert strict.post(address(where, PAGES[where])).status_code == 403


@pytest.fixture
def everybody() -> User:
    return somebody("eve", *Role)


@pytest.mark.parametrize("where", [each for each in PAGES if each not in PUBLIC])
def test_nobody_keeps_what_somebody_was_shown(where: str, everybody: User) -> None:
    client = at_the_desk_of(everybody)
    client.raise_request_exception = False
    assert "no-store" in client.get(address(where, PAGES[where])).headers["Cache-Control"]


def test_what_is_the_same_for_everybody_may_be_kept() -> None:
    schema = Client(SERVER_NAME="localhost").get("/schemas/token-indicator-1.0.json")
    assert "Cache-Control" not in schema.headers


_NUMBER = UUID(int=4711)


@pytest.mark.parametrize(
    "path",
    [
        "/notices/?before={at}_1",
        f"/submissions/?before={{at}}&id={_NUMBER}",
        f"/settings/allow-list/?before={{at}}/{_NUMBER}",
        f"/reviews/?since={{at}}&after={_NUMBER}",
        f"/referrals/?at={{at}}&before={_NUMBER}",
    ],
)
@pytest.mark.parametrize("at", ["2026-03-01T12:00:00%2B23:59", "0001-01-01T00:00:00%2B01:00"])
def test_a_place_that_no_list_has_is_none(everybody: User, path: str, at: str) -> None:
    assert at_the_desk_of(everybody).get(path.format(at=at)).status_code == 200
