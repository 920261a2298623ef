"""Peers: confirmed, given a credential, held off, let in again; what a worker does is an errand."""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import transaction

from federation.errors import NotPinned
from federation.models import Evidence, Peer, PeerState, Subscription
from federation.peers import registry
from indicators.detections import audit
from indicators.models import Collection, ErrandKind
from indicators.pipeline import onboarding
from indicators.pipeline.errands import ask
from indicators.pipeline.handing_over import hand_over
from indicators.pipeline.peering import unfreeze
from indicators.pipeline.pulling import PULL


def confirm(peer: Peer, given: str, actor: str) -> bool:
    """Pin a peer whose operator told its fingerprint; False if a worker has to read it first.

    Raises NotPinned if what was told is another fingerprint than the one that was read.
    """
    if peer.confirmed_at and peer.base_url:
        ask(ErrandKind.CONFIRM, actor, peer=peer, fingerprint=given)
        return False
    with transaction.atomic():
        onboarding.confirm_peer(peer, given, actor)
        audit.record(actor, "confirm peer", peer.name, fingerprint=registry.fingerprint_of(peer))
    return True


def set_credential(peer: Peer, user: str, key: str, actor: str) -> None:
    """What this node shows at the peer's doors; the key is kept sealed, and never shown."""
    with transaction.atomic():
        registry.seal_credential(peer, user, key)
        audit.record(actor, "set credential", peer.name, user=user)


def change_state(peer: Peer, state: PeerState, reason: str, actor: str) -> None:
    """Hold it off, let it in again, or go. Raises NotPinned."""
    with transaction.atomic():
        onboarding.set_peer_state(peer, state, reason)
        audit.record(actor, "change state", peer.name, state=state.value, reason=reason)


def let_go_on(peer: Peer, actor: str) -> None:
    """Go on with a frozen peer, now that a person has looked at the evidence."""
    with transaction.atomic():
        onboarding.unfreeze_peer(peer)
        audit.record(actor, "unfreeze", peer.name)


def pull_now(peer: Peer, actor: str) -> int:
    """Send workers to pull all that is subscribed to; how many collections."""
    if peer.state != PeerState.ACTIVE:
        raise NotPinned(f"{peer.name} is {peer.state}; only an active peer is pulled.")
    due = peer.subscriptions.filter(state=Subscription.State.ACTIVE)
    with transaction.atomic():
        ids = list(due.values_list("pk", flat=True))
        # Should the broker be down, the sweep finds them due.
        due.update(next_pull_at=datetime.now(UTC))
        audit.record(actor, "pull", peer.name, collections=len(ids))
        transaction.on_commit(lambda: _hand_over(ids))
    return len(ids)


def pause(subscription: Subscription, actor: str) -> None:
    """Pull it no more until a person says so; what was taken stays."""
    with transaction.atomic():
        Subscription.objects.filter(pk=subscription.pk, state=Subscription.State.ACTIVE).update(
            state=Subscription.State.PAUSED
        )
        audit.record(actor, "pause", _named(subscription))


def go_on(subscription: Subscription, actor: str) -> None:
    """Pull it again, paused or frozen as it was."""
    with transaction.atomic():
        unfreeze(subscription)
        audit.record(actor, "unfreeze", _named(subscription))


def answer_in(subscription: Subscription, answers: Collection | None, actor: str) -> None:
    """Where this node's answers to what it brings are published; None: they wait for a place."""
    with transaction.atomic():
        Collection.objects.filter(pk=subscription.inbox).update(answers=answers)
        where = answers.title if answers else "nowhere yet"
        audit.record(actor, "choose answers", _named(subscription), to=where)


def export_evidence(evidence: Evidence, which: str, actor: str) -> bytes:
    """The bytes as they came; that they left is written down."""
    content = bytes(evidence.first if which == "first" else evidence.second)
    audit.record(
        actor, "export evidence", evidence.peer.name, evidence=evidence.pk, bytes=len(content)
    )
    return content


def _hand_over(ids: Sequence[object]) -> None:
    for number in ids:
        hand_over(PULL, str(number))


def _named(subscription: Subscription) -> str:
    return f"{subscription.peer.name}: {subscription.title}"[:300]
