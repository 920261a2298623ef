"""Who holds what was taken back."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from federation.models import Delivery, Log, Peer, PeerState, Push
from indicators.models import Collection, Member, Served
from indicators.reconcile.delivery import progress, readers, retractions
from indicators.store.admission import admit
from indicators.store.custody import ensure_own_member, grant_access, open_collection
from tests.objects import id_of, indicator, stix_objects
from tests.store.plans import explained

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def shared(db: None) -> Collection:
    """Entries 0 to 3: two indicators, then the first is revoked, then a third."""
    collection = open_collection(title="Members", audience="members")
    publish(
        collection,
        indicator("one"),
        indicator("two"),
        indicator("one", version=1, revoked=True),
        indicator("three"),
    )
    return collection


def publish(collection: Collection, *objects: dict[str, object]) -> None:
    outcomes = admit(collection, ensure_own_member(), stix_objects(objects))
    assert [each.verdict for each in outcomes] == ["added"] * len(objects)


def reader(collection: Collection, name: str) -> Member:
    member = Member.objects.create(name=name, identity_id=id_of("identity", name))
    grant_access(collection, member, can_read=True, can_write=False)
    return member


def node(member: Member) -> Peer:
    return Peer.objects.create(
        name=member.name, identity_id=member.identity_id, state=PeerState.ACTIVE
    )


def holds(peer: Peer, collection: Collection, size: int) -> None:
    """By its signed word."""
    Delivery.objects.create(
        peer=peer, log=Log.objects.get(pk=collection.pk), held_size=size, held_at=NOW
    )


def reads(member: Member, collection: Collection, size: int) -> None:
    Served.objects.create(member=member, collection=collection, size=size, served_at=NOW)


def test_a_reader_whose_receipt_covers_the_revocation_holds_it(shared: Collection) -> None:
    holds(node(reader(shared, "Birch")), shared, 3)
    [found] = retractions(shared.pk)
    assert found.stix_id == id_of("indicator", "one")
    assert (found.held_by, found.awaited) == (("Birch",), ())


def test_a_receipt_up_to_the_revocation_does_not_cover_it(shared: Collection) -> None:
    holds(node(reader(shared, "Birch")), shared, 2)
    [found] = retractions(shared.pk)
    assert (found.held_by, found.awaited) == ((), ("Birch",))


def test_of_a_plain_client_its_requests_tell(shared: Collection) -> None:
    reads(reader(shared, "Cedar"), shared, 4)
    assert retractions(shared.pk)[0].held_by == ("Cedar",)
    assert readers(shared.pk)[0].by == "requests"


def test_who_never_read_to_the_end_is_awaited(shared: Collection) -> None:
    reader(shared, "Cedar")
    assert retractions(shared.pk)[0].awaited == ("Cedar",)


def test_a_push_that_was_taken_is_a_delivery(shared: Collection) -> None:
    birch = Peer.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
    log = Log.objects.get(pk=shared.pk)
    Push.objects.create(peer=birch, log=log, url="https://birch.example/", size=4)
    assert retractions(shared.pk)[0].held_by == ("Birch",)


def test_who_may_not_read_is_no_reader(shared: Collection) -> None:
    member = Member.objects.create(name="Mallory", identity_id=id_of("identity", "Mallory"))
    reads(member, shared, 4)
    assert readers(shared.pk) == []


def test_a_receipt_goes_before_what_requests_show_of_the_same_size(shared: Collection) -> None:
    member = reader(shared, "Birch")
    holds(node(member), shared, 4)
    reads(member, shared, 4)
    assert [each.by for each in readers(shared.pk)] == ["receipt"]


def test_only_what_is_awaited_is_shown_if_asked(shared: Collection) -> None:
    holds(node(reader(shared, "Birch")), shared, 4)
    assert retractions(shared.pk, awaited_only=True) == []
    publish(shared, indicator("two", version=1, revoked=True))
    [found] = retractions(shared.pk, awaited_only=True)
    assert found.stix_id == id_of("indicator", "two")


def test_progress_says_what_a_reader_lacks_and_since_when(shared: Collection) -> None:
    reader(shared, "Birch")
    publish(shared, indicator("two", version=1, revoked=True))
    [found] = progress(shared.pk)
    newest, oldest = retractions(shared.pk)
    assert (found.awaited, found.since) == (2, oldest.since)
    assert newest.since > oldest.since


def test_it_costs_by_what_was_taken_back_not_by_what_was_shared(shared: Collection) -> None:
    publish(shared, *(indicator(f"more {n}") for n in range(2000)))
    reader(shared, "Birch")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with explained() as plans:
        assert len(retractions(shared.pk)) == 1
    assert {"revoked_versions", "entry_by_object"} <= plans.indexes
    assert plans.visited < 50
