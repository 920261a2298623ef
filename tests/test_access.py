"""Who is let in, on what proof, and to what."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from indicators import access
from indicators.access import NotAuthenticated, authenticate, client_certificate, permission
from indicators.models import Collection, Credential, Member, State
from indicators.store.custody import grant_access, open_collection
from tests.objects import id_of

pytestmark = pytest.mark.django_db

CERTIFICATE = b"a certificate in DER"
PROXIES = ["10.0.0.0/8", "fd00::/8"]


@pytest.fixture
def alder() -> Member:
    return Member.objects.create(name="Alder", identity_id=id_of("identity", "Alder"))


@pytest.fixture
def key(alder: Member) -> str:
    """The key of Alder's credential `feed`."""
    return access.make_credential(alder, "feed")[1]


@pytest.fixture
def forum(alder: Member) -> Collection:
    collection = open_collection(title="Forum", alias="forum")
    grant_access(collection, alder, can_read=True, can_write=False)
    return collection


def basic(name: str, key: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{key}".encode()).decode()


def change(**facts: Any) -> None:
    Credential.objects.update(**facts)


def test_a_bearer_key_opens(alder: Member, key: str) -> None:
    caller = authenticate(f"Bearer {key}")
    assert (caller.member, caller.credential) == (alder, "feed")


def test_a_name_and_key_open(alder: Member, key: str) -> None:
    assert authenticate(basic("feed", key)).member == alder


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "  Bearer "])
def test_the_scheme_is_read_as_http_reads_it(key: str, scheme: str) -> None:
    assert authenticate(f"{scheme} {key} ").credential == "feed"


def test_a_key_under_another_name_does_not_open(key: str) -> None:
    with pytest.raises(NotAuthenticated, match="another name"):
        authenticate(basic("other", key))


def test_a_key_is_stored_only_as_its_hash(key: str) -> None:
    stored = Credential.objects.get()
    assert bytes(stored.key_sha256) == hashlib.sha256(key.encode()).digest()
    assert key not in str(vars(stored))


def test_a_key_has_256_random_bits(alder: Member) -> None:
    keys = {access.make_credential(alder, f"feed-{n}")[1] for n in range(3)}
    assert {len(base64.urlsafe_b64decode(key.removeprefix("retort_") + "=")) for key in keys} == {
        32
    }
    assert len(keys) == 3


def test_a_revoked_credential_does_not_open(key: str) -> None:
    change(revoked_at=datetime.now(UTC))
    with pytest.raises(NotAuthenticated, match="revoked"):
        authenticate(f"Bearer {key}")


@pytest.mark.parametrize(("left", "opens"), [(timedelta(hours=1), True), (timedelta(0), False)])
def test_a_credential_opens_until_it_expires(key: str, left: timedelta, opens: bool) -> None:
    change(expires_at=datetime.now(UTC) + left)
    if opens:
        assert authenticate(f"Bearer {key}")
    else:
        with pytest.raises(NotAuthenticated, match="expired"):
            authenticate(f"Bearer {key}")


@pytest.mark.parametrize("state", sorted(set(State) - {State.ACTIVE}))
def test_only_an_active_member_is_let_in(alder: Member, key: str, state: str) -> None:
    Member.objects.update(state=state)
    with pytest.raises(NotAuthenticated, match=state):
        authenticate(f"Bearer {key}")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer retort_wrong",
        "Bearer \xe9\x00",
        "Bearer " + "x" * 100_000,
        "Basic",
        "Basic !!!",
        "Basic \xe9",
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Basic " + base64.b64encode(b"no colon").decode(),
        basic("feed", ""),
        basic("", "retort_wrong"),
        basic("fe\x00ed", "retort_wrong"),
        "Digest username=feed",
        "Negotiate abc",
        "garbage",
        "\x00",
    ],
    ids=repr,
)
def test_garbage_is_refused_with_a_sentence(key: str, header: str) -> None:
    with pytest.raises(NotAuthenticated, match=r"\.$"):
        authenticate(header[:100_100])


def test_a_certificate_opens(alder: Member) -> None:
    access.register_certificate(alder, "feed", CERTIFICATE)
    assert authenticate("", CERTIFICATE).member == alder


def test_an_unknown_certificate_does_not_open(alder: Member) -> None:
    access.register_certificate(alder, "feed", CERTIFICATE)
    with pytest.raises(NotAuthenticated):
        authenticate("", b"another")


def test_a_bad_key_is_not_made_good_by_a_certificate(alder: Member) -> None:
    access.register_certificate(alder, "feed", CERTIFICATE)
    with pytest.raises(NotAuthenticated):
        authenticate("Bearer retort_wrong", CERTIFICATE)


def test_a_credential_without_a_certificate_is_not_found_by_none(key: str) -> None:
    with pytest.raises(NotAuthenticated):
        authenticate("", b"")


HEADER = f":{base64.b64encode(CERTIFICATE).decode()}:"


@pytest.mark.parametrize("address", ["10.1.2.3", "fd00::1"])
def test_a_trusted_proxy_vouches_for_a_certificate(address: str) -> None:
    assert client_certificate(HEADER, address, PROXIES) == CERTIFICATE


@pytest.mark.parametrize("address", ["192.0.2.1", "::1", "", "unix:", "10.1.2.3.4", "fe80::1%eth0"])
def test_a_certificate_header_from_elsewhere_counts_as_absent(address: str) -> None:
    assert client_certificate(HEADER, address, PROXIES) is None


def test_without_trusted_proxies_nobody_vouches() -> None:
    assert client_certificate(HEADER, "127.0.0.1", []) is None


@pytest.mark.parametrize("header", ["x", "abc=", ":abc", ":!!!:", ":\xe9:", ":YQ=:"])
def test_a_trusted_proxys_garbage_is_refused(header: str) -> None:
    with pytest.raises(NotAuthenticated, match="RFC 9440"):
        client_certificate(header, "10.1.2.3", PROXIES)


def test_a_permission_is_found_by_id_and_by_alias(alder: Member, forum: Collection) -> None:
    by_id, by_alias = permission(alder, str(forum.pk)), permission(alder, "forum")
    assert by_id == by_alias
    assert by_id is not None
    assert (by_id.collection, by_id.can_read, by_id.can_write) == (forum, True, False)


def test_a_collection_without_a_grant_does_not_exist(forum: Collection) -> None:
    mallory = Member.objects.create(name="Mallory", identity_id=id_of("identity", "Mallory"))
    assert permission(mallory, str(forum.pk)) is None
    assert permission(mallory, "forum") is None
    assert access.permissions(mallory) == []


def test_a_grant_without_rights_makes_a_collection_known(alder: Member, forum: Collection) -> None:
    grant_access(forum, alder, can_read=False, can_write=False)
    found = permission(alder, "forum")
    assert found is not None
    assert not (found.can_read or found.can_write)


@pytest.mark.parametrize(
    "name", ["", "FORUM", "for\x00um", "x" * 10_000, "..", "%", "é", "{}", "forum "], ids=repr
)
def test_a_name_that_is_none_finds_nothing(alder: Member, forum: Collection, name: str) -> None:
    assert permission(alder, name) is None


def test_an_id_is_known_in_its_published_form_only(alder: Member, forum: Collection) -> None:
    plain = str(forum.pk)
    for other in (plain.upper(), plain.replace("-", ""), f"{{{plain}}}", f"urn:uuid:{plain}"):
        assert permission(alder, other) is None


def test_an_alias_in_the_form_of_an_id_does_not_shadow_it(alder: Member, forum: Collection) -> None:
    other = open_collection(title="Other")
    decoy = open_collection(title="Decoy", alias=str(other.pk))
    grant_access(decoy, alder, can_read=True, can_write=True)
    assert permission(alder, str(other.pk)) is None


def test_permissions_come_in_the_order_of_ids(alder: Member, forum: Collection) -> None:
    for n in range(5):
        grant_access(open_collection(title=str(n)), alder, can_read=True, can_write=False)
    ids = [found.collection.pk for found in access.permissions(alder)]
    assert ids == sorted(ids)
    assert len(ids) == 6


def test_a_door_costs_two_look_ups(alder: Member, key: str, forum: Collection) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        caller = authenticate(basic("feed", key))
        found = permission(caller.member, "forum")
        assert found is not None
        assert (caller.member.name, found.collection.title) == ("Alder", "Forum")
    assert len(queries) <= 2


@pytest.mark.parametrize("name", ["feed", "x" * 101, ""])
def test_a_credential_needs_a_name_of_its_own(alder: Member, key: str, name: str) -> None:
    with pytest.raises(ValidationError):
        access.make_credential(alder, name)
