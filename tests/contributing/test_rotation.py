"""What is published around a change of keys is signed with the key that holds at its place."""

from io import StringIO

import pytest
from django.core.management import call_command

from federation import signing
from federation.models import NodeKey
from federation.node_keys import endorsed_keys
from federation.peers import registry
from federation.peers.verification import Publisher, Verified, read_object, verify_objects
from federation.transparency import log
from indicators.models import Collection, Draft, DraftState, Entry
from indicators.store.custody import ensure_own_member, open_collection
from tests.contributing.detector import Contributor, account, finding
from tests.contributing.feed import latest, versions

pytestmark = pytest.mark.django_db


def rotate() -> None:
    call_command("key", "rotate", "object", stdout=StringIO(), stderr=StringIO())


def report(alder: Contributor, number: int, cluster: str = "c") -> None:
    one = account(f"a{number}", device=f"device-{number}")
    alder.send(finding(f"f-{number}", cluster={"key": cluster}, accounts=[one]))
    alder.work()


def as_a_peer_reads(collection: Collection) -> Verified:
    """Every object of the collection, verified as by somebody who pinned this node."""
    own = ensure_own_member().identity_id
    entries = Entry.objects.filter(collection=collection).order_by("seq")
    received = [read_object(bytes(entry.object_version.body or b"")) for entry in entries]
    return verify_objects(
        received,
        [entry.seq for entry in entries],
        registry.key_ring(own),
        Publisher(own, log.verifier(collection.pk).name),
        signatures_required=True,
    )


def test_readers_take_what_was_signed_before_and_after(
    alder: Contributor, shared: Collection
) -> None:
    report(alder, 1)
    rotate()
    report(alder, 2)
    read = as_a_peer_reads(shared)
    assert read.refused == []
    assert {each.signed_by for each in read.accepted} == {
        key.kid for key in endorsed_keys(NodeKey.Purpose.OBJECT)
    }


def test_a_change_of_keys_alone_publishes_nothing_again(
    alder: Contributor, shared: Collection
) -> None:
    report(alder, 1)
    size = Entry.objects.filter(collection=shared).count()
    rotate()
    alder.work()
    assert Entry.objects.filter(collection=shared).count() == size


def test_a_draft_that_was_published_is_not_signed_again(
    alder: Contributor, shared: Collection
) -> None:
    report(alder, 1)
    rotate()
    report(alder, 2, cluster="d")
    assert not Draft.objects.exclude(state=DraftState.PUBLISHED).exists()


def test_the_organization_is_a_new_version_signed_by_the_new_key(
    alder: Contributor, shared: Collection
) -> None:
    report(alder, 1)
    rotate()
    report(alder, 2)
    own = ensure_own_member().identity_id
    before, after = versions(shared, own)
    kids = [signing.read_claim(each).kid for each in (before, after)]
    assert kids == [key.kid for key in endorsed_keys(NodeKey.Purpose.OBJECT)]
    assert before["created"] == after["created"]
    assert before["modified"] < after["modified"]


def test_a_collection_that_is_younger_than_the_key_has_nothing_of_the_old_one(
    alder: Contributor, shared: Collection
) -> None:
    report(alder, 1)
    rotate()
    young = open_collection(title="Young", alias="young", audience="labs")
    alder.detector.collection = young
    alder.detector.save()
    report(alder, 2, cluster="d")
    assert latest(young, "identity")
    assert as_a_peer_reads(young).refused == []
