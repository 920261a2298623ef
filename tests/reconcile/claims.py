"""What organizations say, as rows: indicators with tokens, clusters of this node, matches."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from indicators.models import (
    Authored,
    Cluster,
    Detector,
    IndexedToken,
    JointCluster,
    JointSubject,
    KnownIndicator,
    Match,
    Member,
    ObjectId,
)
from indicators.reconcile import joint
from indicators.store.custody import ensure_own_member
from indicators.store.sql import open_cursor
from tests.objects import id_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KEY_ID = b"keyid"


def member(name: str) -> Member:
    """An organization, made when it is first named; Alder is this node's own."""
    if name == "Alder":
        own = ensure_own_member()
        Member.objects.filter(pk=own.pk).update(name="Alder")
        return own
    identity = id_of("identity", name)
    return Member.objects.get_or_create(name=name, defaults={"identity_id": identity})[0]


def token(number: object, key_id: bytes = KEY_ID) -> bytes:
    return key_id + sha256(str(number).encode()).digest()[:16]


def indicator_id(name: str) -> str:
    return id_of("indicator", name)


def network_id(name: str) -> str:
    return id_of("infrastructure", name)


def claim(origin: str, name: str, tokens: Sequence[object], **facts: Any) -> str:
    """Store an indicator with these tokens as this node knows it; its id."""
    store(origin, name, tokens)
    return know(origin, name, **facts)


def store(origin: str, name: str, tokens: Sequence[object]) -> str:
    """Store an indicator with its tokens, which is not known to matching yet."""
    stix_id = indicator_id(name)
    ObjectId.objects.get_or_create(pk=stix_id, defaults={"owner": member(origin)})
    IndexedToken.objects.filter(stix_id=stix_id).delete()
    IndexedToken.objects.bulk_create(
        IndexedToken(token=each if isinstance(each, bytes) else token(each), stix_id=stix_id)
        for each in tokens
    )
    return stix_id


def know(origin: str, name: str, **facts: Any) -> str:
    stix_id = indicator_id(name)
    told: dict[str, Any] = {
        "version": NOW,
        "origin": member(origin),
        "is_own": origin == "Alder",
        "is_live": True,
        "semantics": "exact",
        "confidence": 80,
        "is_first_party": True,
        "modified": NOW,
        "subject": stix_id,
        **facts,
    }
    KnownIndicator.objects.update_or_create(pk=stix_id, defaults=told)
    return stix_id


def cluster(number: str = "c") -> Cluster:
    """A cluster that this node's detector found."""
    detector, _ = Detector.objects.get_or_create(name="hydra-finder")
    return Cluster.objects.create(detector=detector, token=number.ljust(22, "."))


def publish(own: Cluster, name: str, tokens: Sequence[object], **facts: Any) -> str:
    """Store an indicator of this node's cluster, and the cluster's account network."""
    network = network_id(f"{own.pk}/{own.incarnation}")
    ObjectId.objects.get_or_create(pk=network, defaults={"owner": member("Alder")})
    told = {"cluster": own, "incarnation": own.incarnation}
    Authored.objects.get_or_create(pk=network, defaults={**told, "role": "infrastructure"})
    role = f"part/{name}"
    Authored.objects.get_or_create(pk=indicator_id(name), defaults={**told, "role": role})
    return claim("Alder", name, tokens, **{"subject": network, **facts})


def match(own: Cluster, stix_id: str, **facts: Any) -> int:
    told: dict[str, Any] = {
        "kinds": {"email": 1},
        "token_count": 1,
        "account_count": 1,
        "found_at": NOW,
        "changed_at": NOW,
        "semantics": "exact",
        **facts,
    }
    return Match.objects.update_or_create(cluster=own, stix_id=stix_id, defaults=told)[0].pk


def connect(
    *indicators: str, matches: Sequence[int] = (), gone: Sequence[str] = (), now: datetime = NOW
) -> list[UUID]:
    with open_cursor() as cursor:
        return joint.connect(cursor, indicators, matches, gone, now)


def together() -> set[frozenset[str]]:
    """The joint clusters, by their subjects."""
    members: dict[UUID, set[str]] = {}
    for subject, number in JointSubject.objects.values_list("subject", "joint_id"):
        members.setdefault(number, set()).add(subject)
    return {frozenset(each) for each in members.values()}


def seat(subject: str) -> JointCluster:
    return JointSubject.objects.get(pk=subject).joint
