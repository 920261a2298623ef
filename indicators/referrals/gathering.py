"""What is known of a campaign here: the objects, each with whose it is and where it stands."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from indicators.detections.drafts import gate
from indicators.detections.drafts.objects import EXTENSIONS
from indicators.models import Member, ObjectVersion
from indicators.proofs.collecting import Place, newest_places
from indicators.referrals.choosing import Candidate
from indicators.referrals.errors import NoSuchCampaign
from indicators.referrals.wording import claimants
from indicators.stix.markings import TLP_MARKINGS
from indicators.store.sql import open_cursor

#: A pack is read by people: what is beyond is counted and left out.
MOST_OBJECTS = 400
#: Of one object so much of what is said is looked at, in each direction.
_MOST_SAID = 2000
_EVIDENCE = "indicator--"
#: How every token begins.
_TOKEN = b"psi1."
#: An actor and an account network lead on to what is said of them; other objects do not.
_LEADING = ("threat-actor--", "intrusion-set--", "infrastructure--")

# Both directions of each object, on references_from and references_to.
_ABOUT = """
SELECT said.stix_id, said.source, said.target
FROM unnest(%(ids)s::text[]) AS asked(id)
CROSS JOIN LATERAL (
    (SELECT stix_id, source, target FROM indicators_reference WHERE source = asked.id
     ORDER BY id LIMIT %(most)s)
    UNION
    (SELECT stix_id, source, target FROM indicators_reference WHERE target = asked.id
     ORDER BY id LIMIT %(most)s)
) said
ORDER BY said.stix_id
"""


@dataclass(frozen=True, slots=True)
class Known:
    """An object in its newest version, where it stands, and what has to be asked before it goes.

    `has_tokens`: only its digest goes, as tokens are of use to members alone.
    """

    candidate: Candidate
    place: Place
    held: ObjectVersion
    originator: Member
    value: Mapping[str, Any]
    name: str
    has_tokens: bool
    token_count: int
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The campaign and everything about it; `left_out`: how many more there were."""

    campaign: Known
    others: tuple[Known, ...]
    left_out: int


def gather(campaign: str) -> Gathered:
    """A dozen statements, whatever the campaign is made of. Raises NoSuchCampaign."""
    ids = _about(campaign)
    known = look_up([campaign, *ids[:MOST_OBJECTS]])
    needed = sorted({*_own_markings(known.values()), *_claimants(known.values())} - known.keys())
    known |= look_up(needed[:MOST_OBJECTS])
    own = known.pop(campaign, None)
    if own is None or own.candidate.type != "campaign":
        raise NoSuchCampaign(f"There is no campaign {campaign} here.")
    ordered = sorted(known.values(), key=lambda each: (each.candidate.type, each.candidate.stix_id))
    return Gathered(own, tuple(ordered), max(0, len(ids) - MOST_OBJECTS))


def _about(campaign: str) -> list[str]:
    """The ids of what is said of a campaign and of what it leads to, each once.

    Should there be more than a pack takes, evidence gives way first: a large network has hundreds
    of indicators, and as many relationships that say what they are of.
    """
    first = _said_of([campaign])
    near = {each for row in first for each in row} - {campaign}
    leading = sorted(each for each in near if each.startswith(_LEADING))
    further = [row for row in _said_of(leading) if not _is_of_another(row, campaign)]
    near |= {each for row in further for each in row}
    of_evidence = {row[0] for row in (*first, *further) if row[1].startswith(_EVIDENCE)}
    wanted = (each for each in near if each != campaign and not each.startswith("campaign--"))
    return sorted(wanted, key=lambda each: (_rank(each, of_evidence), each))


def _rank(stix_id: str, of_evidence: Container[str]) -> int:
    if stix_id.startswith(_EVIDENCE):
        return 1
    return 2 if stix_id in of_evidence else 0


def _said_of(ids: Sequence[str]) -> list[tuple[str, str, str]]:
    if not ids:
        return []
    with open_cursor() as cursor:
        cursor.execute(_ABOUT, {"ids": list(ids), "most": _MOST_SAID})
        return [(stix_id, source, target) for stix_id, source, target in cursor.fetchall()]


def _is_of_another(row: tuple[str, str, str], campaign: str) -> bool:
    """What is said of another campaign is another case's."""
    return any(each.startswith("campaign--") and each != campaign for each in row[1:])


def look_up(ids: Iterable[str]) -> dict[str, Known]:
    """These objects in their newest versions; what is in no collection any more is not in it."""
    places = newest_places(ids)
    held = ObjectVersion.objects.select_related("contributor").in_bulk(
        [each.object_version for each in places.values()]
    )
    return {
        stix_id: _one(place, held[place.object_version])
        for stix_id, place in places.items()
        if place.object_version in held
    }


def _one(place: Place, held: ObjectVersion) -> Known:
    body = bytes(held.body or b"{}")
    value = orjson.loads(body)
    tokens = value.get("extensions", {}).get(EXTENSIONS["token-indicator"], {})
    originator = held.contributor
    return Known(
        candidate=Candidate(
            stix_id=held.stix_id,
            type=held.type,
            tlp=held.tlp,
            originator=originator.identity_id,
            originator_name=originator.name,
            is_own=originator.is_self,
            is_revoked=held.revoked,
            is_erased=held.body is None,
            identifiers=_identifiers(value),
        ),
        place=place,
        held=held,
        originator=originator,
        value=value,
        name=str(value.get("name", "")),
        has_tokens=_TOKEN in body,
        token_count=tokens.get("token_count", 0),
        kinds=tuple(tokens.get("kinds", ())),
    )


def _identifiers(value: Mapping[str, Any]) -> str:
    """What the last look at what leaves would say of an object; "" if it may go."""
    without_signature = {**value, "extensions": _unsigned(value.get("extensions", {}))}
    findings = gate.check([without_signature], (), ())
    return findings[0].what if findings else ""


def _unsigned(extensions: Mapping[str, Any]) -> dict[str, Any]:
    """A signature is a long word that nobody wrote; it is no identifier."""
    return {key: each for key, each in extensions.items() if "jws" not in each}


def _claimants(known: Iterable[Known]) -> set[str]:
    """The identities of who makes claims, and of who tells them."""
    values = [each.value for each in known]
    return claimants(values) | {str(each.get("created_by_ref", "")) for each in values} - {""}


def _own_markings(known: Iterable[Known]) -> set[str]:
    """The markings that are no TLP: terms and holds, which whoever gets the objects has to know."""
    return {ref for each in known for ref in _refs(each.value) if ref not in TLP_MARKINGS}


def _refs(value: Mapping[str, Any]) -> Iterator[str]:
    yield from value.get("object_marking_refs", ())
    for each in value.get("granular_markings", ()):
        if "marking_ref" in each:
            yield each["marking_ref"]
