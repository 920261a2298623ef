"""How far this node is with Birch, and the worker that goes on."""

from django.urls import reverse

from federation.models import (
    Peer,
    Subscription,
)
from federation.peers import registry
from indicators.models import Errand, ErrandKind
from indicators.pipeline import errands, onboarding
from tests.peer_simulator import SimulatedFeed, SimulatedNode


def added(birch: SimulatedNode) -> Peer:
    return onboarding.add_peer(birch.base_url, allow_private=True)


def confirmed(birch: SimulatedNode) -> Peer:
    peer = added(birch)
    return onboarding.confirm_peer(peer, registry.fingerprint_of(peer), "adam")


def work() -> Errand:
    """A worker does what was asked last."""
    newest = Errand.objects.latest("pk")
    errands.run_errand(newest.pk)
    newest.refresh_from_db()
    return newest


def offered(peer: Peer) -> None:
    errands.ask(ErrandKind.OFFERS, "adam", peer=peer)
    work()


def subscribed(birch: SimulatedNode, feed: SimulatedFeed) -> Subscription:
    peer = confirmed(birch)
    [offer] = onboarding.offered_by(peer)
    return onboarding.subscribe_to(peer, offer)


def address(name: str, peer: Peer, *more: object) -> str:
    return reverse(name, args=[peer.pk, *more])


def plain(number: int) -> Peer:
    return onboarding.add_plain_peer(f"https://n{number}.example/taxii2/", name=f"Node {number}")
