"""On the command line a node becomes a peer, and a peer a member."""

from pathlib import Path

import pytest
from django.core.management.base import CommandError

from federation.models import (
    Peer,
    PeerState,
)
from federation.peers import registry
from indicators.models import AuditEvent, Member, Sector, State
from indicators.store.custody import ensure_own_member
from tests.management.peer.commands import add, confirm, run
from tests.objects import id_of
from tests.peer_simulator import SimulatedNode

pytestmark = pytest.mark.django_db


def test_adding_a_node_shows_its_fingerprint_and_trusts_nothing(node: SimulatedNode) -> None:
    row = add(node)
    assert (row["name"], row["state"]) == ("Birch", "invited")
    assert row["fingerprint"] == registry.fingerprint_of(Peer.objects.get())
    assert Member.objects.get(name="Birch").state == State.INVITED


def test_a_private_address_is_refused_unless_it_is_allowed(node: SimulatedNode) -> None:
    with pytest.raises(CommandError, match=r"127\.0\.0\.1"):
        run("peer", "add", node.base_url)


def test_confirming_makes_a_peer_and_a_member_of_it(node: SimulatedNode) -> None:
    confirm(node)
    assert Peer.objects.get().state == PeerState.ACTIVE
    assert Member.objects.get(name="Birch").state == State.ACTIVE


def test_a_fingerprint_may_be_written_in_groups(node: SimulatedNode) -> None:
    groups = add(node)["fingerprint"].lower().split()
    [row] = run("peer", "confirm", "Birch", *groups)
    assert row["state"] == "active"


def test_another_fingerprint_is_refused_with_the_cure(node: SimulatedNode) -> None:
    add(node)
    with pytest.raises(CommandError, match="Compare it with its operator"):
        run("peer", "confirm", "Birch", "AAAA BBBB")


def test_who_confirmed_is_written_down(node: SimulatedNode) -> None:
    confirm(node)
    assert AuditEvent.objects.filter(act="confirm peer", subject="Birch").exists()


def test_a_member_that_is_known_under_another_identity_is_not_taken_for_it(
    node: SimulatedNode,
) -> None:
    Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
    with pytest.raises(CommandError, match="--member"):
        add(node)
    assert not Peer.objects.exists()


def test_a_member_that_was_added_before_its_node_is_joined_with_it(node: SimulatedNode) -> None:
    before = Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
    add(node, "--member", "Birch")
    before.refresh_from_db()
    assert before.identity_id == node.organization.identity_id


def test_this_nodes_own_member_is_nobody_else(node: SimulatedNode) -> None:
    own = ensure_own_member()
    with pytest.raises(CommandError, match="another organization"):
        add(node, "--member", own.name)


def test_a_peer_can_have_another_name_here(node: SimulatedNode) -> None:
    assert add(node, "--name", "Birch Labs", "--sector", "cloud")["name"] == "Birch Labs"
    assert Member.objects.get(name="Birch Labs").sector == Sector.CLOUD


def test_an_organization_can_be_known_without_its_node(node: SimulatedNode, tmp_path: Path) -> None:
    path = tmp_path / "birch.json"
    path.write_bytes(node.descriptor() + b"\n")
    [row] = run("peer", "add", "--descriptor", str(path))
    run("peer", "confirm", "Birch", row["fingerprint"])
    assert Peer.objects.get().base_url == ""
    assert registry.key_ring().knows(node.organization.identity_id)


def test_a_plain_server_is_taken_as_it_is() -> None:
    [row] = run("peer", "add", "https://taxii.example/taxii2/", "--plain", "--name", "ATLAS")
    assert row["state"] == "active"
    assert Member.objects.get(name="ATLAS").sector == Sector.AUTHORITY


def test_neither_url_nor_file_is_nobody() -> None:
    with pytest.raises(CommandError, match="Give the node's URL"):
        run("peer", "add")


def test_a_credential_comes_from_a_file(node: SimulatedNode, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("retort_secret\n")
    add(node, "--user", "alder-bot", "--key-file", str(tmp_path / "key"))
    assert registry.open_credential(Peer.objects.get()) == ("alder-bot", "retort_secret")


def test_a_credential_can_be_replaced(node: SimulatedNode, tmp_path: Path) -> None:
    add(node)
    (tmp_path / "key").write_text("retort_other")
    run("peer", "credential", "Birch", "--user", "bot", "--key-file", str(tmp_path / "key"))
    assert registry.open_credential(Peer.objects.get()) == ("bot", "retort_other")


def test_an_empty_key_is_no_credential(node: SimulatedNode, tmp_path: Path) -> None:
    add(node)
    (tmp_path / "key").write_text("\n")
    with pytest.raises(CommandError, match="empty"):
        run("peer", "credential", "Birch", "--user", "bot", "--key-file", str(tmp_path / "key"))
