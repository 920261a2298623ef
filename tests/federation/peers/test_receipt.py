"""Receipts: a publisher knows how much its readers hold, and both have seen the same."""

import base64
import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from federation.errors import (
    BeyondTree,
    Forked,
    MalformedRequest,
    PeerMisbehaved,
    PeerUnavailable,
    UnknownLog,
)
from federation.models import Delivery, Evidence, Peer, Subscription
from federation.peers import receipt, wake
from federation.peers.receipt import Receipt
from federation.transparency import log as logs
from federation.transparency import merkle
from federation.transparency.merkle import CompactRange

from .growing import grow, open_log
from .neighbours import GOOD, Neighbour, listening, pinned

pytestmark = pytest.mark.django_db

ENTRIES = [sha256(b"object %d" % i).digest() for i in range(5)]


# --- Taking --------------------------------------------------------------------------------------


@pytest.fixture
def birch() -> Peer:
    return pinned("Birch")


@pytest.fixture
def shared() -> UUID:
    return open_log(9)


def held(log_id: UUID, size: int, **changes: Any) -> bytes:
    facts = {"log": f"this-node.example/{log_id}", "size": size, "root": logs.root(log_id, size)}
    return Receipt(**{**facts, **changes}).encode()


def test_a_receipt_is_remembered(birch: Peer, shared: UUID) -> None:
    receipt.take(birch, held(shared, 5))
    row = Delivery.objects.get(peer=birch, log_id=shared)
    assert (row.held_size, bytes(row.held_root or b"")) == (5, logs.root(shared, 5))
    assert row.held_at is not None


@pytest.mark.parametrize("size", range(10))
def test_every_size_that_the_log_had_has_its_root(birch: Peer, shared: UUID, size: int) -> None:
    receipt.take(birch, held(shared, size))
    assert Delivery.objects.get().held_size == size


def test_what_is_held_never_becomes_less(birch: Peer, shared: UUID) -> None:
    for size in (5, 9, 2):
        receipt.take(birch, held(shared, size))
    assert Delivery.objects.get().held_size == 9


def test_each_peer_has_its_own(birch: Peer, shared: UUID) -> None:
    receipt.take(birch, held(shared, 5))
    receipt.take(pinned("Cedar"), held(shared, 7))
    assert list(Delivery.objects.order_by("held_size").values_list("held_size", flat=True)) == [
        5,
        7,
    ]


def test_whoever_sends_a_receipt_may_be_woken_again(shared: UUID) -> None:
    with listening(Neighbour(lambda _: (500, "text/plain", b""))) as neighbour:
        peer = pinned("Birch", neighbour.url)
        wake.wake(shared, [peer.identity_id])
        receipt.take(peer, held(shared, 5))
        assert wake.due_wakes(shared, [peer.identity_id]) == [peer.identity_id]


def test_a_log_of_somebody_else_is_unknown(birch: Peer) -> None:
    with pytest.raises(UnknownLog):
        receipt.take(birch, Receipt("alder.example/log", 0, merkle.EMPTY_ROOT).encode())


def test_more_than_the_log_has_is_refused(birch: Peer, shared: UUID) -> None:
    with pytest.raises(BeyondTree):
        receipt.take(birch, Receipt(f"this-node.example/{shared}", 10, bytes(32)).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"log":"x","size":1}',
        b'{"log":"x","size":1,"root":"AAAA"}',
        b'{"log":"x","size":1,"root":1}',
        b'{"log":"x","size":"1","root":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}',
    ],
)
def test_what_is_no_receipt_is_refused(birch: Peer, body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        receipt.take(birch, body)


def test_another_root_is_evidence_with_both_sides(birch: Peer, shared: UUID) -> None:
    body = held(shared, 5, root=bytes(32))
    with pytest.raises(Forked, match="Compare the two"):
        receipt.take(birch, body)
    kept = Evidence.objects.get(peer=birch)
    assert (bytes(kept.first), bytes(kept.second)) == (logs.checkpoint(shared), body)
    assert not Delivery.objects.exists()


def test_a_root_of_another_size_is_another_root(birch: Peer, shared: UUID) -> None:
    with pytest.raises(Forked):
        receipt.take(birch, held(shared, 5, root=logs.root(shared, 6)))


# --- Sending -------------------------------------------------------------------------------------


@pytest.fixture
def alder() -> Iterator[Neighbour]:
    with listening(Neighbour()) as neighbour:
        pinned("Alder", neighbour.url)
        yield neighbour


def pulled(count: int = 5) -> Subscription:
    """This node holds `count` entries of Alder's log."""
    tree = CompactRange()
    tree.extend(merkle.leaf_hashes(ENTRIES[:count]))
    peer = Peer.objects.get()
    return Subscription.objects.create(
        peer=peer,
        log=peer.logs.get(),
        url=f"{peer.base_url}/c/",
        inbox=uuid4(),
        size=count,
        edge=tree.to_bytes(),
    )


def root_of(count: int) -> bytes:
    tree = CompactRange()
    tree.extend(merkle.leaf_hashes(ENTRIES[:count]))
    return tree.root()


@pytest.mark.parametrize("count", [0, 3, 5])
def test_a_receipt_says_how_far_this_node_is(alder: Neighbour, count: int) -> None:
    assert receipt.send(pulled(count).pk)
    origin = Peer.objects.get().logs.get().origin
    [asked] = alder.asked
    assert asked.path == "/federation/v1/receipt"
    assert json.loads(asked.body) == {
        "log": origin,
        "size": count,
        "root": base64.b64encode(root_of(count)).decode(),
    }


def test_what_is_sent_is_what_is_taken(alder: Neighbour) -> None:
    receipt.send(pulled().pk)
    sent = alder.bodies[0]
    with pytest.raises(UnknownLog):  # read, and found to be of a log of Alder's
        receipt.take(Peer.objects.get(), sent)


@pytest.mark.parametrize("state", ["suspended", "left"])
def test_who_is_not_active_gets_no_receipt(alder: Neighbour, state: str) -> None:
    Peer.objects.update(state=state)
    assert not receipt.send(pulled().pk)
    assert alder.asked == []


def test_a_plain_server_gets_no_receipt(alder: Neighbour) -> None:
    subscription = pulled()
    Peer.objects.update(is_plain=True)
    Subscription.objects.update(log=None)
    assert not receipt.send(subscription.pk)


def test_a_publisher_that_is_down_is_told_the_next_time(alder: Neighbour) -> None:
    subscription = pulled()
    alder.answer = lambda _: (503, "text/plain", b"")
    with pytest.raises(PeerUnavailable):
        receipt.send(subscription.pk)
    alder.answer = lambda _: GOOD
    assert receipt.send(subscription.pk)


def test_a_publisher_that_has_another_root_is_said_to_disagree(alder: Neighbour) -> None:
    alder.answer = lambda _: (409, "text/plain", b"Compare the two with its operator.")
    with pytest.raises(PeerMisbehaved, match="Compare the two"):
        receipt.send(pulled().pk)


def test_a_log_that_grows_is_held_further(birch: Peer, shared: UUID) -> None:
    receipt.take(birch, held(shared, 9))
    grow(shared, 300)
    receipt.take(birch, held(shared, 309))
    assert Delivery.objects.get().held_size == 309
