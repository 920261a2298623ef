"""What a page proves against whoever served or signed it, once its objects are read as STIX.

Signatures and the log were checked before, without a look at what objects mean. Evidence is kept in
the transaction that stores the page.
"""

from collections.abc import Mapping, Sequence

from federation.models import EvidenceKind, Peer, Push, Subscription
from federation.peers.verification import Accepted
from federation.transparency import evidence
from indicators.models import Audience, Member, ObjectVersion, Sector
from indicators.pipeline.relaying import overreach
from indicators.stix import StixObject
from indicators.store.judgement import Outcome, Verdict


def find_overreach(
    subscription: Subscription, objects: Sequence[StixObject], accepted: Mapping[int, Accepted]
) -> dict[int, str]:
    """Others' objects that the peer must not have served: the reason, by index."""
    peer = subscription.peer
    entitled = {None, peer.identity_id, *_delivered_by_us(peer)}
    others = [obj for obj in objects if accepted[obj.index].origin_id not in entitled]
    if not others:
        return {}
    by_hub = Member.objects.filter(identity_id=peer.identity_id, sector=Sector.HUB).exists()
    audience = served_audience(subscription)
    found: dict[int, str] = {}
    for obj in others:
        why = overreach(obj.tlp, audience, by_hub=by_hub)
        if why is not None:
            found[obj.index] = f"{obj.id} was served by {peer.name}, who did not make it: {why}."
            evidence.keep(peer.pk, EvidenceKind.OVERREACH, found[obj.index], obj.body)
    return found


def _delivered_by_us(peer: Peer) -> list[str]:
    """This node itself, if it delivers to the peer's collections: then its own come from there."""
    if not Push.objects.filter(peer=peer).exists():
        return []
    return list(Member.objects.filter(is_self=True).values_list("identity_id", flat=True))


def served_audience(subscription: Subscription) -> Audience | None:
    """Whom the peer serves the collection to, if it says so."""
    said = "" if subscription.log is None else subscription.log.audience
    return Audience(said) if said in Audience.values else None


def keep_equivocations(outcomes: Sequence[Outcome], accepted: Mapping[int, Accepted]) -> None:
    """Two contents that one member signed as one version: both, against that member."""
    disputed = [
        (outcome, accepted[outcome.index])
        for outcome in outcomes
        if outcome.verdict is Verdict.CONTRADICTED and accepted[outcome.index].signed_by
    ]
    if not disputed:
        return
    versions = ObjectVersion.objects.filter(
        stix_id__in={outcome.id for outcome, _ in disputed}, signed_by__isnull=False
    ).values_list("stix_id", "version", "body")
    held = {(stix_id, version): bytes(body or b"") for stix_id, version, body in versions}
    authors = {each.origin_id for _, each in disputed}
    peers = {peer.identity_id: peer for peer in Peer.objects.filter(identity_id__in=authors)}
    for outcome, each in disputed:
        peer = peers.get(each.origin_id or "")
        first = held.get((outcome.id, outcome.version)) if outcome.version else None
        if peer is not None and first:
            said = (
                f"{peer.name} signed two contents of {outcome.id} as the version {outcome.version}."
            )
            evidence.keep(peer.pk, EvidenceKind.EQUIVOCATION, said, first, each.received.body)
