"""What a person stated, as objects: words on the campaign, claims about who is behind it, a hold.

A named organization is never without who claims it, the claim's status and its source: each claim
is two relationships that carry it, and several claims about one organization stand side by side.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from indicators.detections.drafts.objects import (
    EXTENSIONS,
    Content,
    Frame,
    authored,
    present,
    relationship,
    stamp,
)
from indicators.detections.stated import Claim, Party, Stated

ATTRIBUTION = EXTENSIONS["attribution-claim"]
IEP = "extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a"
#: The id of the object of a type that plays a role.
Names = Callable[[str, str], str]
_CAMPAIGN = EXTENSIONS["distillation-campaign"]


def told(campaign: Content, stated: Stated) -> Content:
    """The campaign in a person's words; what a source said of a count goes with the count."""
    evidence = {**campaign["extensions"][_CAMPAIGN]}
    evidence["allegation_status"] = stated.allegation_status
    for name, words in stated.as_reported.items():
        if name in evidence:
            evidence[name] = {**evidence[name], "as_reported": words}
    said = present({"name": stated.name, "description": stated.description})
    return {**campaign, **said, "extensions": {**campaign["extensions"], _CAMPAIGN: evidence}}


def claim_objects(
    frame: Frame, stated: Stated, campaign: str, name: Names
) -> Iterator[tuple[str, Content]]:
    """Each claim's organizations, actor and relationships, no reference forward."""
    parties = {_folded(each.claimed_by.name): each.claimed_by for each in stated.claims}
    for party in parties.values():
        if party.identity_id is None:
            yield _organization(frame, name, _claimant_role(party), party.name)
    named = {_folded(each.organization): each.organization for each in stated.claims}
    for organization, shown in named.items():
        yield _organization(frame, name, f"claim/named/{organization}", shown)
        yield _actor(frame, name, f"claim/actor/{organization}", shown)
    for claim in stated.claims:
        yield from _claim(frame, name, campaign, claim)


def claim_roles(stated: Stated) -> Iterator[tuple[str, str]]:
    """(type, role) of every object that the claims come to."""
    for claim in stated.claims:
        organization = _folded(claim.organization)
        if claim.claimed_by.identity_id is None:
            yield "identity", _claimant_role(claim.claimed_by)
        yield "identity", f"claim/named/{organization}"
        yield "threat-actor", f"claim/actor/{organization}"
        for end in ("campaign", "actor"):
            yield "relationship", _claim_role(claim, end)


def is_of_claim(content: Content) -> bool:
    """Whether an object of ours is there because of a claim."""
    return content["type"] in ("identity", "threat-actor") or is_claim(content)


def is_claim(content: Mapping[str, Any]) -> bool:
    return content.get("relationship_type") == "attributed-to"


def hold(frame: Frame, object_id: str, until: datetime, created: str) -> Content:
    """A FIRST IEP 2.0 marking: look for it in your own logs, and do not act before that time."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": object_id,
        "created": created,
        "created_by_ref": frame.identity_id,
        "object_marking_refs": [frame.marking],
        "name": f"Do not act before {stamp(until)}",
        "extensions": {
            IEP: {
                "extension_type": "property-extension",
                "iep_version": 2,
                "permitted_actions": "internally-visible-actions",
                "start_date": created,
                "end_date": stamp(until),
            }
        },
    }


def hold_role(until: datetime) -> str:
    return f"hold/{stamp(until)}"


def _organization(frame: Frame, name: Names, role: str, shown: str) -> tuple[str, Content]:
    content = authored(frame, "identity", name("identity", role))
    content["name"] = shown
    content["identity_class"] = "organization"
    return role, content


def _actor(frame: Frame, name: Names, role: str, shown: str) -> tuple[str, Content]:
    content = authored(frame, "threat-actor", name("threat-actor", role))
    content["name"] = f"Operators alleged to be affiliated with {shown}"
    return role, content


def _claim(frame: Frame, name: Names, campaign: str, claim: Claim) -> Iterator[tuple[str, Content]]:
    organization = _folded(claim.organization)
    actor = name("threat-actor", f"claim/actor/{organization}")
    named = name("identity", f"claim/named/{organization}")
    claimant = claim.claimed_by.identity_id or name("identity", _claimant_role(claim.claimed_by))
    for end, source, target in (("campaign", campaign, actor), ("actor", actor, named)):
        role = _claim_role(claim, end)
        made = relationship(frame, name("relationship", role), source, "attributed-to", target)
        if claim.source or claim.address:
            made["external_references"] = [_source(claim)]
        made["extensions"] = {ATTRIBUTION: _extension(claim, claimant)}
        yield role, made


def _source(claim: Claim) -> Content:
    """Who said it, where: a reference has more than a name (STIX 2.1 §2.5)."""
    by = claim.claimed_by.name
    return present({"source_name": by, "description": claim.source, "url": claim.address})


def _extension(claim: Claim, claimant: str) -> Content:
    return present(
        {
            "extension_type": "property-extension",
            "claimed_by_ref": claimant,
            "status": claim.status,
            "basis": list(dict.fromkeys(claim.basis)),
            "claimed_confidence": claim.confidence,
            "claimed_confidence_as_reported": claim.confidence_as_reported,
            "claim_date": claim.claimed_on,
            "source_grade": claim.grade,
        }
    )


def _claim_role(claim: Claim, end: str) -> str:
    return f"claim/{end}/{_folded(claim.organization)}/{_folded(claim.claimed_by.name)}"


def _claimant_role(party: Party) -> str:
    return f"claim/claimant/{_folded(party.name)}"


def _folded(name: str) -> str:
    """One organization however it is spaced and capitalized; short, as roles are."""
    return sha256(" ".join(name.casefold().split()).encode()).hexdigest()[:24]
