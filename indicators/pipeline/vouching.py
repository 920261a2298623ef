"""Whose are the objects that a member posts? Their signatures say it, by the keys pinned here.

A collection that requires signatures refuses everything that isn't verified. Elsewhere an object by
nobody whom this node knows is taken as unsigned; what is forged is refused everywhere.
"""

from collections.abc import Sequence

from federation.peers import registry
from federation.peers.verification import Publisher, read_object, verify_objects
from federation.signing import EXTENSION
from indicators.models import Collection, Member
from indicators.stix import StixObject
from indicators.store.admission import Origins, admit
from indicators.store.custody import ensure_own_member
from indicators.store.judgement import Outcome, Verdict

_MENTION = EXTENSION.encode()


def admit_posted(
    collection: Collection, member: Member, objects: Sequence[StixObject]
) -> list[Outcome]:
    """Admit what a member posted, each as its origin's; one outcome an object, in order."""
    origins, refused = _vouch(collection, member, objects)
    welcome = [obj for obj in objects if obj.index not in refused]
    outcomes = {each.index: each for each in admit(collection, member, welcome, origins=origins)}
    return [refused.get(obj.index) or outcomes[obj.index] for obj in objects]


def _vouch(
    collection: Collection, member: Member, objects: Sequence[StixObject]
) -> tuple[Origins, dict[int, Outcome]]:
    """What signatures say of these objects; those that are refused by it, by index."""
    required = collection.signatures_required
    looked_at = [obj for obj in objects if required or _MENTION in obj.body]
    if not looked_at:
        return Origins(), {}
    received = [read_object(obj.body) for obj in looked_at]
    verified = verify_objects(
        received,
        None,
        registry.key_ring(ensure_own_member().identity_id),
        Publisher(member.identity_id, None),
        signatures_required=required,
    )
    signed = {each.received.sha256: each for each in verified.accepted if each.signed_by}
    refused = {
        each.received.sha256: each.reason
        for each in verified.refused
        if required or not each.may_pass_later
    }
    owners = {each.origin_id for each in signed.values()}
    members = {each.identity_id: each for each in Member.objects.filter(identity_id__in=owners)}
    mine = [(obj.index, signed[obj.sha256]) for obj in looked_at if obj.sha256 in signed]
    origins = Origins(
        {index: members[str(each.origin_id)] for index, each in mine},
        {index: str(each.signed_by) for index, each in mine},
    )
    return origins, {
        obj.index: Outcome(obj.index, obj.id, obj.version, Verdict.REFUSED, refused[obj.sha256])
        for obj in looked_at
        if obj.sha256 in refused
    }
