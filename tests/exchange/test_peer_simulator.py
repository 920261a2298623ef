"""The simulated node is honest until a test makes it lie: else its lies would prove nothing."""

import base64
from collections.abc import Iterator

import pytest
import requests

from federation.keys import Verifier
from federation.peers import descriptor
from federation.transparency import checkpoint, merkle, tiles
from federation.transparency.replay import Replay
from tests.objects import indicator
from tests.peer_simulator import SimulatedFeed, SimulatedNode, serving


@pytest.fixture
def node() -> Iterator[SimulatedNode]:
    with serving(SimulatedNode("Mallory")) as node:
        yield node


@pytest.fixture
def feed(node: SimulatedNode) -> SimulatedFeed:
    feed = node.open_feed()
    feed.publish(*(node.organization.sign(indicator(number)) for number in range(7)))
    return feed


def test_its_feed_replays_to_its_checkpoint(node: SimulatedNode, feed: SimulatedFeed) -> None:
    page = requests.get(f"{node.url(feed)}objects/", {"limit": "5"}, timeout=5)
    after = page.headers["X-TAXII-Date-Added-Last"]
    rest = requests.get(f"{node.url(feed)}objects/", {"added_after": after}, timeout=5)
    shown = feed.rows[: len(page.json()["objects"])]
    assert (len(shown), len(rest.json()["objects"])) == (5, 2)
    replay = Replay(feed.origin, Verifier.parse(feed.vkey))
    replay.extend(row.body for row in feed.rows)
    signed = requests.get(f"{node.base_url}/logs/{feed.id}/checkpoint", timeout=5).content
    assert replay.conclude(signed).size == 7


def test_its_entries_are_those_of_the_log(node: SimulatedNode, feed: SimulatedFeed) -> None:
    bundle = requests.get(f"{node.base_url}/logs/{feed.id}/tile/entries/000.p/7", timeout=5)
    assert tiles.decode_bundle(bundle.content, 7) == feed.entries


def test_its_consistency_proofs_hold(node: SimulatedNode, feed: SimulatedFeed) -> None:
    asked = {"from": "3", "to": "7"}
    answer = requests.get(f"{node.base_url}/logs/{feed.id}/proof/consistency", asked, timeout=5)
    proof = [base64.b64decode(each) for each in answer.json()["proof"]]
    verifier = Verifier.parse(feed.vkey)
    old, new = (checkpoint.verify(feed.checkpoint(n), feed.origin, verifier) for n in (3, 7))
    merkle.verify_consistency(old.size, old.root, new.size, new.root, proof)


def test_its_descriptor_is_one(node: SimulatedNode, feed: SimulatedFeed) -> None:
    body = requests.get(f"{node.base_url}/.well-known/retort.json", timeout=5).content
    described = descriptor.read(body)
    assert described.identity_id == node.organization.identity_id
    assert [log.origin for log in described.logs] == [feed.origin]
