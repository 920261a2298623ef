"""What a peer did is kept once, and nobody changes it."""

import pytest
from django.db import DatabaseError, transaction

from federation.models import Evidence, EvidenceKind, Peer, PeerLog, PeerState, Subscription
from federation.peers.evidence import freeze, keep

pytestmark = pytest.mark.django_db


@pytest.fixture
def mallory(db: None) -> Peer:
    return Peer.objects.create(
        name="Mallory", identity_id="identity--mallory", state=PeerState.ACTIVE
    )


def test_a_finding_is_kept_once(mallory: Peer) -> None:
    assert keep(mallory, EvidenceKind.FORGERY, "An altered object.", b"bytes")
    assert not keep(mallory, EvidenceKind.FORGERY, "The same, met again.", b"bytes")
    assert Evidence.objects.get().summary == "An altered object."


def test_another_finding_is_kept_beside_it(mallory: Peer) -> None:
    keep(mallory, EvidenceKind.FORGERY, "An altered object.", b"bytes")
    keep(mallory, EvidenceKind.FORGERY, "An altered object.", b"other bytes")
    assert Evidence.objects.count() == 2


def test_nobody_changes_evidence(mallory: Peer) -> None:
    keep(mallory, EvidenceKind.FORGERY, "An altered object.", b"bytes")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Evidence.objects.update(summary="Nothing happened.")


def test_a_fork_freezes_all_that_is_pulled_from_the_peer(mallory: Peer) -> None:
    log = PeerLog.objects.create(
        peer=mallory, collection="1" * 32, origin="mallory.example/1", vkey="v"
    )
    for number in ("2", "3"):
        Subscription.objects.create(peer=mallory, url=f"http://m/{number}", inbox=number * 32)
    freeze(log, EvidenceKind.FORK, "Two roots for one size.", b"one note", b"another")
    mallory.refresh_from_db()
    assert mallory.state == PeerState.SUSPENDED
    assert set(Subscription.objects.values_list("state", flat=True)) == {"frozen"}
    assert PeerLog.objects.get().frozen_because == "Two roots for one size."
