"""Peers as people look at them: where each stands, and what there is to look at.

Every read here costs as many statements for one peer as for a hundred.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum

from federation import node_keys
from federation.models import (
    Delivery,
    Evidence,
    Gap,
    Log,
    NodeKey,
    Peer,
    PeerKey,
    PeerLog,
    Push,
    Quarantined,
    Subscription,
)
from federation.peers import registry
from federation.peers.described import Key, Use
from federation.peers.fingerprint import fingerprint
from federation.pseudonyms import quota
from indicators.models import Collection, Member, Relay
from indicators.store.sql import open_cursor

# The newest of each inbox by its primary key, however many there are. What is older than the
# subscription could not have come sooner: it says nothing of the feed.
_ARRIVALS = """
SELECT feed.inbox, newest.date_added, extract(epoch FROM newest.date_added - newest.version)
FROM federation_subscription feed
CROSS JOIN LATERAL (
    SELECT date_added, version FROM indicators_entry
    WHERE collection_id = feed.inbox ORDER BY seq DESC LIMIT %(limit)s
) newest
WHERE feed.inbox = ANY(%(inboxes)s::uuid[]) AND newest.version >= feed.created_at
ORDER BY newest.date_added
"""

_SHOWN_BYTES = 256 * 1024
_USES: tuple[tuple[Use, NodeKey.Purpose], ...] = (
    ("object", NodeKey.Purpose.OBJECT),
    ("request", NodeKey.Purpose.REQUEST),
)


@dataclass(frozen=True, slots=True)
class PeerHealth:
    """Where a peer stands. `verified`: "all", "in part", "pinned", "not confirmed", "unsigned" or
    "frozen". `caught_up_at`: when the last of its collections was read to the end.
    """

    id: UUID
    name: str
    state: str
    verified: str
    pulled_at: datetime | None
    caught_up_at: datetime | None
    behind: int
    subscriptions: int
    failing: int
    gaps: int
    quarantined: int
    evidence: int
    why: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object that came: when, and how many seconds after its author had made it so."""

    at: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Followed:
    """A subscription with its inbox: where that is relayed to, and where answers go."""

    subscription: Subscription
    inbox: Collection
    relays: tuple[str, ...]
    behind: int
    gaps: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class PeerDetail:
    """Everything about one peer."""

    peer: Peer
    health: PeerHealth
    member: Member | None
    fingerprint: str
    keys: Sequence[PeerKey]
    logs: Sequence[PeerLog]
    followed: Sequence[Followed]
    pushes: Sequence[tuple[Push, str]]
    deliveries: Sequence[tuple[Delivery, str]]


def peers_health(peers: Iterable[Peer]) -> list[PeerHealth]:
    """A row for each peer, in their order; four statements."""
    listed = list(peers)
    ids = [peer.pk for peer in listed]
    health = _health(ids)
    gaps = _counted(Gap.objects.filter(is_declared=False), "subscription__peer", ids)
    waiting = _counted(Quarantined.objects.filter(released_at=None), "subscription__peer", ids)
    found = _counted(Evidence.objects.all(), "peer", ids)
    return [
        _row(
            peer,
            health.get(peer.pk, {}),
            gaps=gaps.get(peer.pk, 0),
            quarantined=waiting.get(peer.pk, 0),
            evidence=found.get(peer.pk, 0),
        )
        for peer in listed
    ]


def peer_detail(peer: Peer) -> PeerDetail:
    """Everything about one peer; as many statements however much it has."""
    [health] = peers_health([peer])
    titles = dict(Collection.objects.filter(is_inbox=False).values_list("pk", "title"))
    pushes = peer.pushes.select_related("log").order_by("url")
    deliveries = Delivery.objects.filter(peer=peer).select_related("log").order_by("log__origin")
    return PeerDetail(
        peer=peer,
        health=health,
        member=Member.objects.filter(identity_id=peer.identity_id).first(),
        fingerprint=registry.fingerprint_of(peer),
        keys=list(peer.keys.order_by("purpose", "pinned_at", "pk")),
        logs=list(peer.logs.order_by("origin")),
        followed=_followed(peer, titles),
        pushes=[(each, titles.get(each.log_id, "")) for each in pushes],
        deliveries=[(each, _titled(titles, each.log)) for each in deliveries],
    )


def arrivals(inboxes: Sequence[UUID], limit: int = 200) -> dict[UUID, list[Arrival]]:
    """The newest objects of each inbox, oldest first: how soon after their change they came."""
    found: dict[UUID, list[Arrival]] = {inbox: [] for inbox in inboxes}
    if inboxes:
        with open_cursor() as cursor:
            asked = {"inboxes": list(inboxes), "limit": limit}
            for inbox, at, seconds in cursor.execute(_ARRIVALS, asked):
                found[inbox].append(Arrival(at, max(0.0, float(seconds))))
    return found


def delays(peers: Iterable[UUID], limit: int = 40) -> dict[UUID, list[float]]:
    """For each peer, seconds from change to arrival of what came last of it, oldest first."""
    pulled = Subscription.objects.filter(peer__in=list(peers)).values_list("inbox", "peer")
    owners = dict(pulled)
    came: dict[UUID, list[Arrival]] = {}
    for inbox, found in arrivals(list(owners), limit).items():
        came.setdefault(owners[inbox], []).extend(found)
    return {
        peer: [each.seconds for each in sorted(found, key=lambda each: each.at)[-limit:]]
        for peer, found in came.items()
    }


def own_fingerprint() -> str:
    """What the operators of other nodes compare before they trust this one."""
    current = [
        Key(use, key.public_key, key.created_at, key.since)
        for use, purpose in _USES
        for key in node_keys.endorsed_keys(purpose)
        if key.retired_at is None
    ]
    return fingerprint(current)


def token_uses(member: Member | None) -> list[quota.Use]:
    """What a member used of its token quota today, by kind and epoch."""
    if member is None:
        return []
    return [each for each in quota.uses(datetime.now(UTC)) if each.member == str(member.pk)]


def as_it_came(source: bytes) -> str:
    """JSON laid out, other text as it is, anything else as hexadecimal digits; the start of it."""
    content = source[:_SHOWN_BYTES]
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content.hex()
    with suppress(ValueError, RecursionError):  # a note, or what was not even JSON
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text


def _row(
    peer: Peer, health: Mapping[str, Any], *, gaps: int, quarantined: int, evidence: int
) -> PeerHealth:
    return PeerHealth(
        id=peer.pk,
        name=peer.name,
        state=peer.state,
        verified=_verified(peer, health),
        pulled_at=health.get("pulled"),
        caught_up_at=health.get("caught_up"),
        behind=health.get("behind") or 0,
        subscriptions=health.get("subscriptions") or 0,
        failing=health.get("failing") or 0,
        gaps=gaps,
        quarantined=quarantined,
        evidence=evidence,
        why=peer.alarm or peer.reason or health.get("failure") or "",
    )


def _health(ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    rows = (
        Subscription.objects.filter(peer__in=ids)
        .values("peer")
        .annotate(
            pulled=Max("pulled_at"),
            caught_up=Min("caught_up_at"),
            behind=Sum(F("size_seen") - F("size"), filter=Q(size_seen__gt=F("size"))),
            failing=Count("pk", filter=Q(failures__gt=0)),
            failure=Max("failure"),
            frozen=Count("pk", filter=Q(state=Subscription.State.FROZEN)),
            subscriptions=Count("pk"),
        )
    )
    return {row["peer"]: row for row in rows}


def _counted(found: QuerySet[Any], by: str, ids: Sequence[UUID]) -> dict[UUID, int]:
    return dict(found.filter(**{f"{by}__in": ids}).values_list(by).annotate(Count("pk")))


def _verified(peer: Peer, health: Mapping[str, Any]) -> str:
    """What is known of its word: by its log, by nobody's, or against it."""
    if health.get("frozen"):
        return "frozen"
    if peer.is_plain:
        return "unsigned"
    if not health:
        return "pinned" if peer.confirmed_at else "not confirmed"
    return "in part" if health.get("behind") else "all"


def _followed(peer: Peer, titles: Mapping[UUID, str]) -> list[Followed]:
    subscriptions = list(peer.subscriptions.select_related("log").order_by("title", "pk"))
    inboxes = Collection.objects.select_related("answers").in_bulk(
        [each.inbox for each in subscriptions]
    )
    relays: dict[UUID, list[str]] = {}
    for inbox, target in Relay.objects.filter(inbox__in=inboxes).values_list("inbox", "target"):
        relays.setdefault(inbox, []).append(titles.get(target, ""))
    of_these = {"subscription__in": subscriptions}
    gaps = _by_subscription(Gap.objects.filter(is_declared=False, **of_these))
    waiting = _by_subscription(Quarantined.objects.filter(released_at=None, **of_these))
    return [
        Followed(
            each,
            inboxes[each.inbox],
            tuple(sorted(relays.get(each.inbox, []))),
            max(0, each.size_seen - each.size),
            gaps.get(each.pk, 0),
            waiting.get(each.pk, 0),
        )
        for each in subscriptions
    ]


def _by_subscription(found: QuerySet[Any]) -> dict[UUID, int]:
    return dict(found.values_list("subscription").annotate(Count("pk")))


def _titled(titles: Mapping[UUID, str], log: Log) -> str:
    return titles.get(log.pk, log.origin)
