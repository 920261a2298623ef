"""On the command line a peer's keys are followed as they change."""

import pytest
from django.core.management.base import CommandError

from federation.errors import PeerUnavailable
from federation.peers import descriptor, registry
from tests.management.peer.commands import add, confirm, run
from tests.peer_simulator import Reply, SimulatedNode

pytestmark = pytest.mark.django_db


def test_a_rotated_key_is_followed(node: SimulatedNode) -> None:
    confirm(node)
    node.rotate()
    [row] = run("peer", "refresh", "Birch")
    assert row["new keys"] == 1


def test_a_node_that_lost_its_keys_raises_an_alarm_until_it_is_confirmed_anew(
    node: SimulatedNode,
) -> None:
    confirm(node)
    anew = SimulatedNode("Birch").organization
    anew.identity_id = node.organization.identity_id
    node.organization = anew
    with pytest.raises(CommandError, match="is missing"):
        run("peer", "refresh", "Birch")
    assert "is missing" in run("peer", "list")[0]["why"]
    told = registry.fingerprint(descriptor.read(node.descriptor()).keys)
    run("peer", "confirm", "Birch", told)
    assert run("peer", "list")[0]["why"] == ""


def test_an_invited_peer_is_shown_anew(node: SimulatedNode) -> None:
    before = add(node)["fingerprint"]
    node.rotate()
    [row] = run("peer", "refresh", "Birch")
    assert row["fingerprint"] != before


def test_a_peer_that_is_down_is_an_error_in_words(node: SimulatedNode) -> None:
    confirm(node)
    node.answer_with("retort.json", Reply(status=503))
    with pytest.raises(CommandError) as refusal:
        run("peer", "refresh", "Birch")
    assert isinstance(refusal.value.__cause__, PeerUnavailable)
