"""Peers as commands show them: where each stands, and what there is to look at."""

from collections.abc import Iterable
from typing import Any

from federation.models import Evidence, Peer, PeerLog, Quarantined, Subscription
from federation.peers import registry
from federation.peers.source import Offered
from indicators.pipeline.desk.looking import peers_health

Row = dict[str, Any]


def overview(peers: Iterable[Peer]) -> list[Row]:
    """A row for each peer; as many statements for one as for all."""
    return [
        {
            "name": each.name,
            "state": each.state,
            "last pull": each.pulled_at or "never",
            "behind": each.behind,
            "verified": each.verified,
            "failing": each.failing,
            "gaps": each.gaps,
            "quarantine": each.quarantined,
            "evidence": each.evidence,
            "why": each.why,
        }
        for each in peers_health(peers)
    ]


def detail(peer: Peer) -> dict[str, list[Row]]:
    """Everything about one peer, by what it is about."""
    return {
        "peer": [_facts(peer)],
        "keys": [
            {
                "use": key.purpose,
                "kid": key.kid,
                "endorsed by": key.endorsed_by or "a person",
                "ended": key.until is not None,
                "pinned": key.pinned_at,
            }
            for key in peer.keys.order_by("purpose", "pinned_at", "pk")
        ],
        "logs": [_log(each) for each in peer.logs.order_by("origin")],
        "subscriptions": [_subscription(each) for each in peer.subscriptions.order_by("title")],
    }


def subscribed(subscription: Subscription) -> Row:
    """A new subscription, as it is told to whoever asked for it."""
    return {
        "title": subscription.title,
        "url": subscription.url,
        "inbox": str(subscription.inbox),
        "signatures": "required" if subscription.signatures_required else "optional",
    }


def _facts(peer: Peer) -> Row:
    return {
        "name": peer.name,
        "state": peer.state,
        "since": peer.state_since,
        "why": peer.reason,
        "alarm": peer.alarm,
        "url": peer.base_url,
        "identity": peer.identity_id,
        "fingerprint": registry.fingerprint_of(peer),
        "confirmed by": peer.confirmed_by or "nobody",
        "credential": peer.user or "none",
        "checked": peer.checked_at or "never",
    }


def _log(each: PeerLog) -> Row:
    return {
        "origin": each.origin,
        "size": each.size,
        "seen": each.seen_at or "never",
        "frozen": each.frozen_because or "no",
        "vkey": each.vkey,
    }


def _subscription(each: Subscription) -> Row:
    return {
        "title": each.title,
        "state": each.state,
        "entries": f"{each.size} of {max(each.size, each.size_seen)}",
        "objects": each.objects_taken,
        "last pull": each.pulled_at or "never",
        "failures": each.failures,
        "why": each.failure,
        "inbox": str(each.inbox),
    }


def joined(peer: Peer) -> Row:
    """A peer as it is added and confirmed: with what a person has to compare."""
    return {
        "name": peer.name,
        "state": peer.state,
        "identity": peer.identity_id,
        "fingerprint": registry.fingerprint_of(peer) or "none: a plain server",
    }


def offered(peer: Peer, found: Iterable[Offered]) -> list[Row]:
    """What a peer offers, and whether it is pulled."""
    pulled = set(peer.subscriptions.values_list("url", flat=True))
    return [
        {"id": each.id, "title": each.title, "pulled": "yes" if each.url in pulled else "no"}
        for each in found
    ]


def quarantined(each: Quarantined) -> Row:
    """What was not taken."""
    return {
        "peer": each.subscription.peer.name,
        "object": each.stix_id,
        "reason": each.reason,
        "may pass later": "yes" if each.may_pass_later else "no",
        "found": each.found_at,
    }


def evidence(each: Evidence) -> Row:
    """What a peer did."""
    return {
        "id": each.pk,
        "peer": each.peer.name,
        "kind": each.kind,
        "found": each.found_at,
        "what": each.summary,
    }
