"""Peers as commands show them: where each stands, and what there is to look at."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, Q, Sum

from federation.models import Evidence, Gap, Peer, PeerLog, Quarantined, Subscription
from federation.peers import registry
from federation.peers.source import Offered

Row = dict[str, Any]


def overview(peers: Iterable[Peer]) -> list[Row]:
    """A row for each peer; as many statements for one as for all."""
    health = _health()
    gaps = _counted(Gap.objects.filter(is_declared=False), "subscription__peer")
    waiting = _counted(Quarantined.objects.filter(released_at=None), "subscription__peer")
    found = _counted(Evidence.objects.all(), "peer")
    return [
        {
            "name": peer.name,
            "state": peer.state,
            "last pull": health.get(peer.pk, {}).get("pulled") or "never",
            "behind": health.get(peer.pk, {}).get("behind") or 0,
            "verified": _verified(peer, health.get(peer.pk, {})),
            "failing": health.get(peer.pk, {}).get("failing") or 0,
            "gaps": gaps.get(peer.pk, 0),
            "quarantine": waiting.get(peer.pk, 0),
            "evidence": found.get(peer.pk, 0),
            "why": peer.alarm or peer.reason or health.get(peer.pk, {}).get("failure") or "",
        }
        for peer in peers
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


def _health() -> Mapping[UUID, Mapping[str, Any]]:
    rows = Subscription.objects.values("peer").annotate(
        pulled=Max("pulled_at"),
        behind=Sum(F("size_seen") - F("size"), filter=Q(size_seen__gt=F("size"))),
        failing=Count("pk", filter=Q(failures__gt=0)),
        failure=Max("failure"),
        frozen=Count("pk", filter=Q(state=Subscription.State.FROZEN)),
    )
    return {row["peer"]: row for row in rows}


def _counted(found: Any, by: str) -> dict[UUID, int]:
    return dict(found.values_list(by).annotate(Count("pk")))


def _verified(peer: Peer, health: Mapping[str, Any]) -> str:
    """What is known of its word: by its log, by nobody's, or against it."""
    if health.get("frozen"):
        return "frozen"
    if peer.is_plain:
        return "unsigned"
    if not health:
        return "pinned" if peer.confirmed_at else "not confirmed"
    return "in part" if health.get("behind") else "all"


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
