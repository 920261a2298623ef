"""This node as somebody who pulls: peers confirmed, feeds subscribed, and what became of them."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from federation.models import Evidence, Gap, Peer, PeerLog, PeerState, Quarantined, Subscription
from federation.peers import registry
from federation.transparency.audit import verify_log
from indicators import pipeline
from indicators.models import Collection, Member, ObjectVersion, State
from indicators.pipeline.pulling import Pulled
from indicators.store import feed
from indicators.store.custody import (
    check_custody,
    ensure_own_member,
    open_collection,
    set_member_state,
)
from tests.peer_simulator import Organization, SimulatedFeed, SimulatedNode

EVERYTHING = feed.Selection(versions=feed.Versions(every=True))


@dataclass
class Puller:
    """What an administrator of this node does, and what there is to see afterwards."""

    peers: dict[str, Peer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.member = ensure_own_member()

    def confirm(self, node: SimulatedNode) -> Peer:
        """Add a peer and compare its fingerprint, as two people do by telephone."""
        name = node.organization.name
        Member.objects.get_or_create(name=name, identity_id=node.organization.identity_id)
        peer = registry.invite(node.descriptor(), node.base_url, allow_private=True)
        self.peers[name] = registry.confirm(peer, registry.fingerprint_of(peer), "Ana")
        return self.peers[name]

    def know(self, organization: Organization) -> Peer:
        """An organization whose objects come through others."""
        return self.confirm(SimulatedNode.of(organization))

    def subscribe(
        self, node: SimulatedNode, feed: SimulatedFeed, *, signatures_required: bool = True
    ) -> UUID:
        name = node.organization.name
        peer = self.peers.get(name) or self.confirm(node)
        return pipeline.subscribe(
            peer,
            node.url(feed),
            title=feed.title,
            log=PeerLog.objects.get(origin=feed.origin),
            signatures_required=signatures_required,
        ).pk

    def pull(self, subscription: UUID) -> Pulled:
        """All there is; whatever is taken, the inbox and its log agree."""
        pulled = pipeline.pull(subscription)
        inbox = self.inbox(subscription)
        check_custody(inbox, verify_log(inbox.pk).size)
        return pulled

    def refresh(self, node: SimulatedNode) -> None:
        """Read a peer's descriptor again."""
        registry.refresh(self.peers[node.organization.name], node.descriptor())

    def relay(self, subscription: UUID) -> Collection:
        """A collection of this node in which the inbox is republished."""
        served = open_collection(title="Served", audience="members")
        self.relay_into(subscription, served)
        return served

    def relay_into(self, subscription: UUID, served: Collection) -> None:
        pipeline.relay_to(self.inbox(subscription), served)

    def let_go(self, name: str) -> None:
        """An organization leaves the federation."""
        set_member_state(Member.objects.get(name=name), State.LEFT, "its contract ended")

    def latest(self, subscription: UUID, stix_id: str) -> dict[str, Any]:
        """The newest version of an object in the inbox."""
        newest = feed.Selection(ids=(stix_id,))
        page = feed.read_page(self.inbox(subscription).pk, newest, after=-1, limit=10)
        (row,) = page.rows
        found: dict[str, Any] = json.loads(bytes(row.body or b""))
        return found

    def recheck(self, subscription: UUID) -> int:
        """Look at the quarantine again."""
        return pipeline.recheck_quarantine(self.state(subscription))

    def state(self, subscription: UUID) -> Subscription:
        return Subscription.objects.select_related("peer", "log").get(pk=subscription)

    def inbox(self, subscription: UUID) -> Collection:
        return Collection.objects.get(pk=self.state(subscription).inbox)

    def held(self, subscription: UUID) -> list[bytes]:
        """The inbox's objects, in its order."""
        return self.bodies(self.inbox(subscription))

    def bodies(self, collection: Collection) -> list[bytes]:
        page = feed.read_page(collection.pk, EVERYTHING, after=-1, limit=100_000)
        return [bytes(row.body or b"") for row in page.rows]

    def reasons(self, subscription: UUID) -> list[str]:
        """Why what is in quarantine is there."""
        rows = Quarantined.objects.filter(subscription=subscription, released_at=None)
        return list(rows.order_by("pk").values_list("reason", flat=True))

    def gaps(self, subscription: UUID) -> list[tuple[int, bool]]:
        rows = Gap.objects.filter(subscription=subscription).order_by("log_index")
        return list(rows.values_list("log_index", "is_declared"))

    def evidence(self, name: str) -> list[str]:
        """The kinds of what is kept against a peer."""
        rows = Evidence.objects.filter(peer=self.peers[name]).order_by("pk")
        return list(rows.values_list("kind", flat=True))

    def proof(self, name: str) -> Evidence:
        return Evidence.objects.filter(peer=self.peers[name]).latest("pk")

    def is_held_off(self, name: str) -> bool:
        return Peer.objects.get(pk=self.peers[name].pk).state == PeerState.SUSPENDED

    def contributor(self, body: bytes) -> tuple[str, str | None]:
        """Whose an object is here, and by which key."""
        row = ObjectVersion.objects.select_related("contributor").get(body=body)
        return row.contributor.name, row.signed_by
