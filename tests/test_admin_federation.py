"""Peers in the administration: what is shown, what is held off, what goes on."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client

from federation.models import (
    Delivery,
    Evidence,
    EvidenceKind,
    Gap,
    Log,
    Peer,
    PeerState,
    Push,
    Quarantined,
    Subscription,
)
from indicators.models import AuditEvent, Collection, Member, State
from indicators.store.custody import grant_access, open_collection
from tests.objects import id_of
from tests.test_admin import signed_in

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PEERS = "/admin/federation/peer/"
SUBSCRIPTIONS = "/admin/federation/subscription/"
TABLES = ("peer", "subscription", "evidence", "quarantined", "push")


@pytest.fixture
def birch(db: None) -> Peer:
    """Confirmed, and a member."""
    identity = id_of("identity", "Birch")
    Member.objects.create(name="Birch", identity_id=identity)
    return Peer.objects.create(
        name="Birch",
        identity_id=identity,
        state=PeerState.ACTIVE,
        confirmed_by="ana",
        confirmed_at=NOW,
        sealed_key=b"sealed-credential",
    )


@pytest.fixture
def inbox(db: None) -> Collection:
    return open_collection(title="From Birch", audience="named", is_inbox=True)


@pytest.fixture
def subscription(birch: Peer, inbox: Collection) -> Subscription:
    return Subscription.objects.create(
        peer=birch, url="https://birch.example/c/", title="Birch's", inbox=inbox.pk, size_seen=7
    )


@pytest.fixture
def ana(db: None) -> Client:
    looks = [f"view_{each}" for each in TABLES]
    return signed_in("ana", *looks, "change_peer", "change_subscription")


@pytest.fixture
def mallory(db: None) -> Client:
    return signed_in("mallory", *(f"view_{each}" for each in TABLES))


def chosen(action: str, row: Peer | Subscription) -> dict[str, object]:
    return {"action": action, "_selected_action": [row.pk]}


def shown(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_listed(ana: Client, subscription: Subscription, table: str) -> None:
    shown(ana, f"/admin/federation/{table}/")


def test_a_suspended_peer_is_a_suspended_member(ana: Client, birch: Peer) -> None:
    ana.post(PEERS, chosen("suspend", birch))
    birch.refresh_from_db()
    assert (birch.state, birch.reason) == (PeerState.SUSPENDED, "by ana")
    assert Member.objects.get(name="Birch").state == State.SUSPENDED
    assert AuditEvent.objects.filter(actor="ana", subject="peer Birch").exists()


def test_a_confirmed_peer_is_let_in_again(ana: Client, birch: Peer) -> None:
    ana.post(PEERS, chosen("suspend", birch))
    ana.post(PEERS, chosen("resume", birch))
    birch.refresh_from_db()
    assert birch.state == PeerState.ACTIVE


def test_a_peer_that_nobody_confirmed_is_not_let_in(ana: Client, birch: Peer) -> None:
    Peer.objects.update(state=PeerState.INVITED, confirmed_by="", confirmed_at=None)
    ana.post(PEERS, chosen("resume", birch))
    birch.refresh_from_db()
    assert birch.state == PeerState.INVITED


def test_who_may_only_look_holds_nobody_off(mallory: Client, birch: Peer) -> None:
    mallory.post(PEERS, chosen("suspend", birch))
    birch.refresh_from_db()
    assert birch.state == PeerState.ACTIVE


def test_a_peer_shows_what_it_holds_and_not_our_key_to_it(
    ana: Client, birch: Peer, inbox: Collection
) -> None:
    log = Log.objects.get(pk=inbox.pk)
    Delivery.objects.create(peer=birch, log=log, held_size=5, held_at=NOW)
    page = shown(ana, f"{PEERS}{birch.pk}/change/")
    assert "holds 5 of 0" in page
    assert "sealed-credential" not in page


def test_a_frozen_subscription_goes_on_by_a_persons_word(
    ana: Client, subscription: Subscription
) -> None:
    Subscription.objects.update(state="frozen", failure="It forked.")
    ana.post(SUBSCRIPTIONS, chosen("go_on", subscription))
    subscription.refresh_from_db()
    assert subscription.state == "active"
    assert AuditEvent.objects.filter(actor="ana", act="unfreeze").exists()


def test_a_subscription_is_paused(ana: Client, subscription: Subscription) -> None:
    ana.post(SUBSCRIPTIONS, chosen("pause", subscription))
    subscription.refresh_from_db()
    assert subscription.state == "paused"


def test_who_may_only_look_unfreezes_nothing(mallory: Client, subscription: Subscription) -> None:
    Subscription.objects.update(state="frozen")
    mallory.post(SUBSCRIPTIONS, chosen("go_on", subscription))
    subscription.refresh_from_db()
    assert subscription.state == "frozen"


def test_a_subscription_shows_what_was_withheld_and_where_things_go(
    ana: Client, subscription: Subscription
) -> None:
    for number, is_declared in ((3, False), (4, True)):
        Gap.objects.create(
            subscription=subscription, log_index=number, entry=bytes(32), is_declared=is_declared
        )
    page = shown(ana, f"{SUBSCRIPTIONS}{subscription.pk}/change/")
    assert "entry 3:" in page
    assert "entry 4:" not in page
    assert "a collection that is to be named" in page


@pytest.mark.parametrize(
    ("kept", "seen"),
    [
        (b"birch.example/c\n7\nAAAA\n", "birch.example/c"),
        (b'{"type":"indicator"}', "&quot;type&quot;: &quot;indicator&quot;"),
        (b"\xff\x00", "ff00"),
        (b"[" * 100_000, "[[[["),
        (b"<script>", "&lt;script&gt;"),
    ],
)
def test_evidence_is_shown_as_it_came(ana: Client, birch: Peer, kept: bytes, seen: str) -> None:
    evidence = Evidence.objects.create(
        peer=birch, kind=EvidenceKind.FORK, summary="Two heads.", first=kept, sha256=uuid4().bytes
    )
    assert seen in shown(ana, f"/admin/federation/evidence/{evidence.pk}/change/")


def test_a_quarantined_object_says_why(ana: Client, subscription: Subscription) -> None:
    quarantined = Quarantined.objects.create(
        subscription=subscription,
        sha256=bytes(32),
        stix_id=id_of("indicator", 1),
        body=b'{"type":"indicator"}',
        reason="Nobody signed it.",
    )
    path = f"/admin/federation/quarantined/{quarantined.pk}/change/"
    assert "Nobody signed it." in shown(ana, path)


def test_a_push_says_how_far_it_is(ana: Client, birch: Peer, inbox: Collection) -> None:
    Push.objects.create(peer=birch, log=Log.objects.get(pk=inbox.pk), url="https://birch.example/")
    assert "https://birch.example/" in shown(ana, "/admin/federation/push/")


def test_a_collection_says_how_far_its_readers_are(birch: Peer) -> None:
    ana = signed_in("ana", "view_collection")
    shared = open_collection(title="Members", audience="members")
    member = Member.objects.get(name="Birch")
    grant_access(shared, member, can_read=True, can_write=False)
    Delivery.objects.create(peer=birch, log=Log.objects.get(pk=shared.pk), held_size=5, held_at=NOW)
    page = shown(ana, f"/admin/indicators/collection/{shared.pk}/change/")
    assert "Birch (active) holds 5 entries, by receipt; lacks 0 retractions" in page
