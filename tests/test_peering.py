"""A node describes itself: its keys, its logs and where it is found, and nothing else."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from federation import node_keys
from federation.models import NodeKey
from federation.peers import descriptor
from federation.peers.described import Descriptor
from federation.pseudonyms import epochs
from federation.transparency import log
from indicators import peering
from indicators.models import Collection, Member
from indicators.stix import parse_objects
from indicators.store.admission import admit
from indicators.store.custody import ensure_own_member, open_collection

pytestmark = pytest.mark.django_db

WHERE = "/.well-known/retort.json"


@pytest.fixture
def shared() -> Collection:
    return open_collection(title="Shared", alias="shared", audience="labs")


def described() -> Descriptor:
    return descriptor.read(peering.describe())


def rotate(purpose: str) -> None:
    call_command("key", "rotate", purpose, stdout=StringIO(), stderr=StringIO())


def test_it_is_this_organization_that_is_described() -> None:
    own = ensure_own_member()
    assert (described().identity_id, described().name) == (own.identity_id, own.name)


def test_each_collection_is_described_with_the_key_of_its_log(shared: Collection) -> None:
    [found] = described().logs
    assert (found.collection, found.vkey) == (shared.pk, log.verifier(shared.pk).vkey)
    assert found.audience == "labs"


def test_what_others_sent_is_nobodys_business(shared: Collection) -> None:
    inbox = open_collection(title="From Birch", audience="named", is_inbox=True)
    with transaction.atomic():
        log.append(log.lock(inbox.pk), [bytes(32)], datetime.now(UTC))
    rotate("object")
    assert str(inbox.pk).encode() not in peering.describe()


def test_a_collection_is_described_without_its_title(shared: Collection) -> None:
    Collection.objects.update(title="Operation Hydra")
    assert b"Hydra" not in peering.describe()


def test_the_same_state_is_described_in_the_same_bytes(shared: Collection) -> None:
    assert peering.describe() == peering.describe()


@pytest.mark.parametrize("purpose", ["object", "request"])
def test_a_rotated_key_is_described_after_the_one_that_endorsed_it(purpose: Any) -> None:
    before = described().current(purpose)
    rotate(purpose)
    old, new = described().of_use(purpose)
    assert (old.kid, new.endorsed_by) == (before.kid, before.kid)
    assert described().current(purpose) == new


def test_a_rotated_key_begins_where_the_log_ends(shared: Collection) -> None:
    with transaction.atomic():
        log.append(log.lock(shared.pk), [bytes(32)] * 3, datetime.now(UTC))
    rotate("object")
    old, new = described().of_use("object")
    assert old.until == new.since == {log.verifier(shared.pk).name: 3}


def test_after_every_change_it_is_a_later_one(shared: Collection) -> None:
    times = [described().issued]
    rotate("request")
    times.append(described().issued)
    open_collection(title="More")
    times.append(described().issued)
    assert times == sorted(set(times))


def test_an_identity_that_was_published_keeps_the_signature_it_had(shared: Collection) -> None:
    published = described().identity
    source = b'{"objects":[' + published + b"]}"
    parsed = parse_objects(source, max_bytes=len(source))
    admit(shared, ensure_own_member(), parsed.objects)
    rotate("object")
    assert described().identity == published


def test_a_node_without_token_keys_is_no_key_holder() -> None:
    assert described().keyholder is None


def test_a_key_holder_shows_its_token_keys() -> None:
    epochs.rotate_epochs(datetime.now(UTC))
    holder = described().keyholder
    assert holder is not None
    assert {(key.kind, key.epoch, key.public_key) for key in holder.keys} == {
        (key.kind, key.epoch, key.public_key) for key in epochs.all_keys()
    }


def test_a_node_that_has_its_tokens_elsewhere_is_no_key_holder(settings: Any) -> None:
    epochs.rotate_epochs(datetime.now(UTC))
    settings.KEYHOLDER_URL = "https://forum.example"
    assert described().keyholder is None


def test_a_node_is_found_where_it_was_told_that_it_is(settings: Any) -> None:
    settings.PUBLIC_URL = "https://alder.example"
    read = descriptor.read(peering.describe("http://localhost:8000/"))
    assert read.taxii == "https://alder.example/taxii2/"
    assert read.federation == "https://alder.example/federation/v1/"


def test_a_node_that_was_told_nothing_is_where_it_was_asked() -> None:
    read = descriptor.read(peering.describe("http://localhost:8000/"))
    assert read.taxii == "http://localhost:8000/taxii2/"


def test_anybody_may_read_it(client: Client, shared: Collection) -> None:
    answer = client.get(WHERE)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert descriptor.read(answer.content).logs[0].collection == shared.pk


def test_it_may_be_kept_for_a_minute(client: Client) -> None:
    assert client.get(WHERE)["Cache-Control"] == "public, max-age=60"


def test_who_has_it_gets_no_body(client: Client) -> None:
    etag = client.get(WHERE)["ETag"]
    assert client.get(WHERE, headers={"If-None-Match": etag}).status_code == 304
    rotate("request")
    assert client.get(WHERE, headers={"If-None-Match": etag}).status_code == 200


def test_it_is_read_only(client: Client) -> None:
    assert client.post(WHERE).status_code == 405


def test_a_key_that_can_not_be_opened_is_answered_as_a_node_that_is_away(
    client: Client, settings: Any
) -> None:
    node_keys.current_key(NodeKey.Purpose.OBJECT)
    settings.KEY_ENCRYPTION_KEY = bytes(32)
    answer = client.get(WHERE)
    assert (answer.status_code, answer["Cache-Control"]) == (503, "no-store")


def test_it_costs_as_many_statements_for_many_collections(
    django_assert_max_num_queries: Any,
) -> None:
    peering.describe()
    for number in range(5):
        open_collection(title=f"Collection {number}")
    assert Member.objects.count() == 1
    with django_assert_max_num_queries(16):
        peering.describe()
