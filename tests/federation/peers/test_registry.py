"""Peers are invited by what they show, confirmed by a person, and followed from then on."""

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from federation import node_keys
from federation.errors import KeyNotOpened, MalformedDescriptor, NotPinned, PeerUnknown
from federation.models import Evidence, NodeKey, Peer, PeerKey, PeerLog, PeerState
from federation.peers import registry
from federation.peers.described import Key
from federation.transparency import log
from tests.federation.peers.nodes import Described, seeded

pytestmark = pytest.mark.django_db

URL = "https://alder.example/"


def invited(node: Described) -> Peer:
    return registry.invite(node.body(), f"https://{node.host}/")


def confirmed(node: Described) -> Peer:
    peer = invited(node)
    return registry.confirm(peer, registry.fingerprint_of(peer), "ana")


def anew(node: Described) -> Described:
    """The node after it lost all its keys but the log's."""
    lost = Described(node.name)
    lost.signer, lost.requester = seeded("object anew"), seeded("request anew")
    lost.keys = [
        Key("object", lost.signer.public_key, lost.issued, {}),
        Key("request", lost.requester.public_key, lost.issued, {}),
    ]
    lost.identity = lost.signed_identity(lost.signer)
    return lost


# --- Inviting ------------------------------------------------------------------------------------


def test_an_invited_peer_is_known_by_name_and_nothing_of_it_is_pinned() -> None:
    peer = invited(Described("Alder"))
    assert (peer.name, peer.state, peer.base_url) == ("Alder", PeerState.INVITED, URL)
    assert not PeerKey.objects.exists()
    assert not PeerLog.objects.exists()


def test_an_invited_peers_keys_are_not_in_the_ring() -> None:
    alder = Described("Alder")
    invited(alder)
    assert not registry.key_ring().knows(alder.identity_id)


def test_inviting_again_before_confirming_shows_what_the_node_shows_now() -> None:
    alder = Described("Alder")
    before = registry.fingerprint_of(invited(alder))
    alder.rotate("object")
    assert registry.fingerprint_of(invited(alder)) != before
    assert Peer.objects.count() == 1


def test_a_confirmed_peer_is_not_invited_again() -> None:
    confirmed(Described("Alder"))
    with pytest.raises(NotPinned, match="confirmed already"):
        invited(Described("Alder"))


def test_this_node_is_not_its_own_peer() -> None:
    alder = Described("Alder")
    with pytest.raises(NotPinned, match="this node's own"):
        registry.invite(alder.body(), URL, own=alder.identity_id)


def test_two_peers_have_two_names() -> None:
    invited(Described("Alder"))
    with pytest.raises(ValidationError, match="Name already exists"):
        registry.invite(Described("Birch").body(), URL, name="Alder")


def test_a_name_that_would_move_a_cursor_is_refused() -> None:
    with pytest.raises(NotPinned, match="can't be shown"):
        registry.invite(Described("Alder").body(), URL, name="Al\x1b[2Kder")


# --- Confirming ----------------------------------------------------------------------------------


def test_the_right_fingerprint_pins_keys_and_logs() -> None:
    alder = Described("Alder")
    peer = confirmed(alder)
    assert (peer.state, peer.confirmed_by) == (PeerState.ACTIVE, "ana")
    assert {(row.purpose, row.kid) for row in peer.keys.all()} == {
        (key.use, key.kid) for key in alder.keys
    }
    assert [(row.origin, row.vkey) for row in peer.logs.all()] == [
        (each.origin, each.vkey) for each in alder.logs
    ]


def test_another_fingerprint_pins_nothing() -> None:
    peer = invited(Described("Alder"))
    theirs = registry.fingerprint_of(invited(Described("Mallory")))
    with pytest.raises(NotPinned, match="not the one given"):
        registry.confirm(peer, theirs, "ana")
    peer.refresh_from_db()
    assert peer.state == PeerState.INVITED
    assert not PeerKey.objects.exists()


def test_a_key_that_another_peer_has_is_not_pinned_twice() -> None:
    alder, mallory = Described("Alder"), Described("Mallory")
    confirmed(alder)
    mallory.keys = [mallory.keys[0], alder.keys[1]]
    with pytest.raises(NotPinned, match="pinned for Alder"):
        confirmed(mallory)


def test_a_log_that_another_peer_has_is_not_pinned_twice() -> None:
    alder, mallory = Described("Alder"), Described("Mallory")
    confirmed(alder)
    mallory.logs = [*mallory.logs, *alder.logs]
    with pytest.raises(NotPinned, match="pinned for Alder"):
        confirmed(mallory)


def test_this_nodes_own_key_is_nobody_elses() -> None:
    mallory = Described("Mallory")
    own = node_keys.current_key(NodeKey.Purpose.REQUEST).public_key
    mallory.keys = [mallory.keys[0], replace(mallory.keys[1], public_key=own)]
    with pytest.raises(NotPinned, match="key of this node"):
        confirmed(mallory)


def test_this_nodes_own_log_is_nobody_elses() -> None:
    mallory = Described("Mallory")
    log.open_log(uuid4(), mallory.logs[0].origin)
    with pytest.raises(NotPinned, match="log of this node"):
        confirmed(mallory)


# --- Following -----------------------------------------------------------------------------------


def test_an_endorsed_key_is_pinned_and_the_old_one_ends() -> None:
    alder = Described("Alder")
    peer = confirmed(alder)
    origin = alder.logs[0].origin
    new = alder.rotate("object", {origin: 5})
    registry.refresh(peer, alder.body())
    ring = registry.key_ring()
    assert [key.until for key in ring.owner_keys(alder.identity_id) if key.kid != new.kid] == [
        {origin: 5}
    ]
    found = ring.find(new.kid)
    assert found is not None
    assert (found.since, found.until) == ({origin: 5}, None)


def test_a_new_log_is_pinned() -> None:
    alder = Described("Alder")
    peer = confirmed(alder)
    new = alder.open_log("labs", signatures_required=False)
    registry.refresh(peer, alder.body())
    assert peer.logs.get(origin=new.origin).signatures_required is False


def test_what_is_pinned_of_a_log_is_kept_when_the_descriptor_is_read_again() -> None:
    alder = Described("Alder")
    peer = confirmed(alder)
    peer.logs.update(size=7, note=b"note")
    registry.refresh(peer, alder.body())
    assert peer.logs.get().size == 7


def test_a_key_that_nobody_pinned_vouches_for_changes_nothing() -> None:
    alder = Described("Alder")
    peer = confirmed(alder)
    with pytest.raises(NotPinned):
        registry.refresh(peer, anew(alder).body())
    assert {row.kid for row in peer.keys.all()} == {key.kid for key in alder.keys}


def test_a_descriptor_that_is_not_vouched_for_is_an_alarm_with_its_evidence() -> None:
    alder = Described("Alder")
    peer = confirmed(alder)
    offered = anew(alder).body()
    with pytest.raises(NotPinned):
        registry.refresh(peer, offered)
    peer.refresh_from_db()
    assert "is missing" in peer.alarm
    kept = Evidence.objects.get(peer=peer)
    assert (bytes(kept.first), bytes(kept.second)) == (alder.body(), offered)


def test_a_page_that_is_no_descriptor_is_an_alarm_and_no_evidence() -> None:
    peer = confirmed(Described("Alder"))
    with pytest.raises(MalformedDescriptor):
        registry.refresh(peer, b"<html>502 Bad Gateway</html>")
    peer.refresh_from_db()
    assert "no descriptor" in peer.alarm
    assert not Evidence.objects.exists()


def test_the_next_good_descriptor_ends_the_alarm() -> None:
    alder = Described("Alder")
    peer = confirmed(alder)
    with pytest.raises(MalformedDescriptor):
        registry.refresh(peer, b"{}")
    registry.refresh(peer, alder.body())
    peer.refresh_from_db()
    assert peer.alarm == ""


def test_an_old_descriptor_shown_again_changes_nothing() -> None:
    alder = Described("Alder")
    old = alder.body()
    peer = confirmed(alder)
    alder.rotate("request")
    registry.refresh(peer, alder.body())
    with pytest.raises(NotPinned, match="old one"):
        registry.refresh(peer, old)


def test_an_invited_peer_is_not_followed() -> None:
    with pytest.raises(NotPinned, match="not confirmed yet"):
        registry.refresh(invited(Described("Alder")), Described("Alder").body())


def test_a_node_that_lost_its_keys_is_pinned_anew_by_a_person() -> None:
    alder = Described("Alder")
    peer = confirmed(alder)
    origin = alder.logs[0].origin
    peer.logs.update(size=12)
    lost = anew(alder)
    spoken = registry.fingerprint(lost.keys)
    registry.confirm(peer, spoken, "ana", lost.body())
    ring = registry.key_ring()
    old, new = ring.find(alder.keys[0].kid), ring.find(lost.keys[0].kid)
    assert old is not None
    assert new is not None
    assert (old.until, new.until) == ({origin: 12}, None)


# --- States and the ring -------------------------------------------------------------------------


@pytest.mark.parametrize("state", [PeerState.SUSPENDED, PeerState.LEFT])
def test_who_is_held_off_signs_nothing_new_and_is_still_known(state: PeerState) -> None:
    alder = Described("Alder")
    confirmed(alder)
    registry.set_state(alder.identity_id, state, "asked to")
    [key] = registry.key_ring().owner_keys(alder.identity_id)
    assert not key.may_sign
    assert Peer.objects.get().reason == "asked to"


def test_a_suspended_peer_comes_back() -> None:
    alder = Described("Alder")
    confirmed(alder)
    registry.set_state(alder.identity_id, PeerState.SUSPENDED, "why")
    registry.set_state(alder.identity_id, PeerState.ACTIVE)
    [key] = registry.key_ring().owner_keys(alder.identity_id)
    assert key.may_sign


def test_nobody_becomes_active_without_a_fingerprint() -> None:
    alder = Described("Alder")
    invited(alder)
    with pytest.raises(NotPinned, match="compare its fingerprint"):
        registry.set_state(alder.identity_id, PeerState.ACTIVE)


def test_an_organization_that_is_no_peer_has_no_state_here() -> None:
    assert registry.set_state("identity--unknown", PeerState.LEFT) is None


def test_request_keys_are_not_in_the_ring() -> None:
    alder = Described("Alder")
    confirmed(alder)
    assert registry.key_ring().find(alder.keys[1].kid) is None


def test_this_nodes_own_keys_are_in_the_ring_each_for_its_part_of_the_log() -> None:
    number = uuid4()
    log.open_log(number, f"alder.example/{number}")
    with transaction.atomic():
        log.append(log.lock(number), [bytes(32)] * 3, datetime.now(UTC))
    node_keys.current_key(NodeKey.Purpose.OBJECT)
    new = node_keys.rotate(NodeKey.Purpose.OBJECT, "identity--own", lambda: [number])
    old_key, new_key = registry.key_ring("identity--own").owner_keys("identity--own")
    assert old_key.until == new_key.since == {f"alder.example/{number}": 3}
    assert new_key.kid == new.kid


def test_the_ring_is_read_in_as_many_statements_for_many_peers(
    django_assert_num_queries: Callable[[int], object],
) -> None:
    for number in range(5):
        confirmed(Described(f"Peer{number}"))
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        registry.key_ring()


# --- Plain servers and credentials ---------------------------------------------------------------


def test_a_plain_server_is_active_and_has_no_keys() -> None:
    peer = registry.add_plain("ATLAS", "https://taxii.example/taxii2/")
    assert (peer.state, peer.is_plain) == (PeerState.ACTIVE, True)
    assert not registry.key_ring().knows(peer.identity_id)


def test_a_plain_server_has_no_fingerprint_to_confirm() -> None:
    peer = registry.add_plain("ATLAS", "https://taxii.example/taxii2/")
    with pytest.raises(NotPinned, match="plain TAXII server"):
        registry.confirm(peer, "", "ana")


def test_a_credential_is_kept_sealed() -> None:
    peer = confirmed(Described("Alder"))
    registry.seal_credential(peer, "birch-bot", "retort_secret")
    peer.refresh_from_db()
    assert b"retort_secret" not in bytes(peer.sealed_key or b"")
    assert registry.open_credential(peer) == ("birch-bot", "retort_secret")


def test_a_peer_without_a_credential_has_none() -> None:
    assert registry.open_credential(confirmed(Described("Alder"))) is None


@pytest.mark.parametrize("moved", ["another peer", "another user"])
def test_a_sealed_credential_can_not_be_moved(moved: str) -> None:
    alder, birch = confirmed(Described("Alder")), confirmed(Described("Birch"))
    registry.seal_credential(alder, "bot", "retort_secret")
    target = birch if moved == "another peer" else alder
    target.user = "bot" if moved == "another peer" else "other"
    target.sealed_key = alder.sealed_key
    with pytest.raises(KeyNotOpened, match=re.escape(f"credential for {target.name}")):
        registry.open_credential(target)


def test_an_unknown_name_is_answered_with_where_to_look() -> None:
    with pytest.raises(PeerUnknown, match="peer list"):
        registry.peer_named("Nobody")


@pytest.mark.django_db(transaction=True)
def test_two_refreshes_at_once_pin_a_key_once() -> None:
    alder = Described("Alder")
    peer = confirmed(alder)
    alder.rotate("object")
    body = alder.body()
    failures: list[Exception] = []

    def run() -> None:
        try:
            registry.refresh(peer, body)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert peer.keys.filter(purpose="object").count() == 2
