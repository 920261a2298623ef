"""On the command line peers are looked after: how they stand, and what they did."""

from pathlib import Path

import pytest
from django.core.management.base import CommandError

from federation.models import (
    Evidence,
    EvidenceKind,
    Peer,
    PeerLog,
    PeerState,
    Quarantined,
    Subscription,
)
from federation.peers import descriptor, registry
from federation.transparency import evidence
from indicators import peering
from indicators.models import Member, State
from tests.management.peer.commands import add, confirm, run, said
from tests.objects import id_of
from tests.peer_simulator import SimulatedFeed, SimulatedNode

pytestmark = pytest.mark.django_db


def test_a_peer_that_is_read_to_its_end_is_verified(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all")
    run("peer", "pull")
    [row] = run("peer", "list")
    assert (row["behind"], row["verified"], row["failing"]) == (0, "all", 0)


def test_why_a_peer_fails_is_in_the_list(node: SimulatedNode, feed: SimulatedFeed) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all")
    Subscription.objects.update(failures=1, failure="It stalls.")
    [row] = run("peer", "list")
    assert (row["failing"], row["why"]) == (1, "It stalls.")


def test_the_list_is_a_table_for_people(node: SimulatedNode) -> None:
    confirm(node)
    assert "Birch" in said("peer", "list")


def test_one_peer_is_shown_with_keys_logs_and_subscriptions(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all")
    told = run("peer", "show", "Birch")
    assert {name: len(rows) for name, rows in told.items()} == {
        "peer": 1,
        "keys": 2,
        "logs": 1,
        "subscriptions": 1,
    }
    assert feed.origin in said("peer", "show", "Birch")


@pytest.mark.parametrize(("verb", "state"), [("suspend", State.SUSPENDED), ("leave", State.LEFT)])
def test_an_organization_is_held_off_as_peer_and_as_member(
    node: SimulatedNode, verb: str, state: State
) -> None:
    confirm(node)
    run("peer", verb, "Birch", "--reason", "asked to")
    assert Peer.objects.get().state == Member.objects.get(name="Birch").state == state
    assert Peer.objects.get().reason == "asked to"


def test_a_member_that_is_suspended_is_no_peer_meanwhile(node: SimulatedNode) -> None:
    confirm(node)
    run("member", "state", "Birch", "suspended")
    assert Peer.objects.get().state == PeerState.SUSPENDED


def test_an_organization_comes_back(node: SimulatedNode) -> None:
    confirm(node)
    run("peer", "suspend", "Birch")
    run("peer", "resume", "Birch")
    assert Peer.objects.get().state == Member.objects.get(name="Birch").state == "active"


def test_who_was_never_confirmed_is_not_resumed(node: SimulatedNode) -> None:
    add(node)
    with pytest.raises(CommandError, match="not confirmed yet"):
        run("peer", "resume", "Birch")


def test_a_member_may_be_served_before_its_node_is_trusted(node: SimulatedNode) -> None:
    add(node)
    run("member", "state", "Birch", "active")
    assert Peer.objects.get().state == PeerState.INVITED


def test_what_was_not_taken_is_shown_with_the_reason(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all")
    Quarantined.objects.create(
        subscription=Subscription.objects.get(),
        sha256=bytes(32),
        stix_id=id_of("indicator", 1),
        body=b"{}",
        reason="The key is not known.",
        may_pass_later=False,
    )
    [row] = run("peer", "quarantine", "Birch", "--recheck")
    assert (row["object"], row["reason"]) == (id_of("indicator", 1), "The key is not known.")
    assert run("peer", "list")[0]["quarantine"] == 1


def test_evidence_is_written_as_it_came(node: SimulatedNode, tmp_path: Path) -> None:
    confirm(node)
    evidence.keep(Peer.objects.get().pk, EvidenceKind.FORK, "Two roots.", b"one\n", b"two\n")
    [row] = run("peer", "evidence", "Birch", "--export", str(tmp_path))
    assert (row["kind"], row["what"]) == ("fork", "Two roots.")
    found = {path.suffix: path.read_bytes() for path in tmp_path.iterdir()}
    assert (found[".first"], found[".second"]) == (b"one\n", b"two\n")
    assert Evidence.objects.count() == 1


def test_a_frozen_peer_goes_on_when_a_person_says_so(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all")
    PeerLog.objects.update(frozen_at="2026-01-01T00:00Z", frozen_because="forked")
    Subscription.objects.update(state=Subscription.State.FROZEN)
    Peer.objects.update(state=PeerState.SUSPENDED, reason="forked")
    assert run("peer", "list")[0]["verified"] == "frozen"
    [row] = run("peer", "unfreeze", "Birch")
    assert (row["state"], row["verified"], row["why"]) == ("active", "all", "")
    assert PeerLog.objects.get().frozen_at is None


def test_an_unknown_peer_is_answered_with_where_to_look() -> None:
    with pytest.raises(CommandError, match="peer list"):
        run("peer", "show", "Nobody")


def test_a_nodes_own_fingerprint_is_what_others_see() -> None:
    [row] = run("key", "fingerprint")
    assert row["fingerprint"] == registry.fingerprint(descriptor.read(peering.describe()).keys)
