"""Who is said to be behind campaigns: the claims of all parties side by side."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from indicators.catalog.campaign_facts import ClaimFacts, Source, claim_facts, sources
from indicators.store.sql import Cursor

#: Of one campaign so many claims are looked at, its author's first; and of so many of the actors
#: that these name, so many each.
MOST_CLAIMS = 100
_MOST_ACTORS, _MOST_OF_AN_ACTOR = 20, 20
_ACTORS = ("threat-actor--", "intrusion-set--")

# references_from; then the relationship by its primary key, with its body by that of versions. What
# the author of the campaign or actor says comes first: nobody crowds it out.
_ATTRIBUTED = """
SELECT said.stix_id, r.source, r.target, coalesce(nullif(author.name, ''), m.name), m.identity_id,
    said.tlp, said.received_at, v.body
FROM unnest(%s::text[]) AS asked(id)
CROSS JOIN LATERAL (
    SELECT told.*, teller.origin_id = subject.origin_id AS is_by_author
    FROM indicators_reference told
    JOIN indicators_catalogrow teller ON teller.stix_id = told.stix_id
    LEFT JOIN indicators_catalogrow subject ON subject.stix_id = asked.id
    WHERE told.source = asked.id AND told.relation = 'attributed-to'
    ORDER BY is_by_author DESC NULLS LAST, told.id LIMIT %s
) r
JOIN indicators_catalogrow said ON said.stix_id = r.stix_id
JOIN indicators_objectversion v ON v.id = said.object_version_id
JOIN indicators_member m ON m.id = said.origin_id
LEFT JOIN indicators_catalogrow author ON author.stix_id = v.created_by_ref
WHERE v.body IS NOT NULL
ORDER BY r.source, r.is_by_author DESC NULLS LAST, r.id
"""
# Primary keys; an organization that sent no identity object is known as a member.
_NAMES = """
SELECT asked.id, coalesce(nullif(named.name, ''), m.name, '')
FROM unnest(%s::text[]) AS asked(id)
LEFT JOIN indicators_catalogrow named ON named.stix_id = asked.id
LEFT JOIN indicators_member m ON m.identity_id = asked.id
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """`source` is attributed to `target`: who claims it, and who told us (`author`).

    corroborated_by: organizations that claim and tell the same, independently of both.
    """

    stix_id: str
    source: str
    target: str
    target_name: str
    claimed_by: str
    claimed_by_name: str
    author: str
    tlp: int | None
    received_at: datetime
    facts: ClaimFacts
    confidence: int | None
    description: str
    sources: tuple[Source, ...]
    corroborated_by: tuple[str, ...] = ()

    @property
    def is_of_organization(self) -> bool:
        return self.target.startswith("identity--")

    @property
    def is_upheld(self) -> bool:
        return self.facts.status != "retracted"


class _Row(NamedTuple):
    stix_id: str
    source: str
    target: str
    author: str
    author_id: str
    tlp: int | None
    received_at: datetime
    body: bytes


def claims_of(cursor: Cursor, campaigns: Sequence[str]) -> Mapping[str, tuple[Claim, ...]]:
    """By campaign, what it is attributed to and what these actors are; three statements."""
    first = _read(cursor, campaigns, MOST_CLAIMS)
    behind = _actors(first)
    actors = sorted({each for some in behind.values() for each in some})
    second = _read(cursor, actors, _MOST_OF_AN_ACTOR) if actors else []
    of: defaultdict[str, list[Claim]] = defaultdict(list)
    for each in _made(cursor, [*first, *second]):
        of[each.source].append(each)
    return {
        campaign: tuple(each for source in (campaign, *behind[campaign]) for each in of[source])
        for campaign in campaigns
    }


def names_of(cursor: Cursor, ids: Iterable[str]) -> dict[str, str]:
    """The names of objects and organizations; "" for what is not known here."""
    return dict(cursor.execute(_NAMES, (sorted(set(ids)),)).fetchall())


def corroborated(claims: Sequence[Claim], authors: Mapping[str, str]) -> list[Claim]:
    """The claims with who else says the same. authors: who told us, by claim, as an identity.

    Whoever repeats somebody's claim adds nothing, nor do ten claims that one organization tells.
    """
    alike: defaultdict[tuple[str, str], list[Claim]] = defaultdict(list)
    for each in claims:
        if each.is_upheld:
            alike[each.source, each.target].append(each)
    return [
        replace(each, corroborated_by=_others(each, alike[each.source, each.target], authors))
        for each in claims
    ]


def _others(claim: Claim, alike: Iterable[Claim], authors: Mapping[str, str]) -> tuple[str, ...]:
    told = {claim.claimed_by, authors[claim.stix_id]}
    names = []
    for each in alike:
        whose = {each.claimed_by, authors[each.stix_id]}
        if not whose & told:
            told |= whose
            names.append(each.claimed_by_name)
    return tuple(sorted(names))


def _actors(rows: Iterable[_Row]) -> defaultdict[str, list[str]]:
    """By campaign, the first actors that it is attributed to."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        actors, is_actor = found[row.source], row.target.startswith(_ACTORS)
        if is_actor and row.target not in actors and len(actors) < _MOST_ACTORS:
            actors.append(row.target)
    return found


def _read(cursor: Cursor, ids: Sequence[str], most: int) -> list[_Row]:
    cursor.execute(_ATTRIBUTED, (list(ids), most))
    return [_Row(*row) for row in cursor.fetchall()]


def _made(cursor: Cursor, rows: Sequence[_Row]) -> list[Claim]:
    contents: dict[str, dict[str, Any]] = {row.stix_id: orjson.loads(row.body) for row in rows}
    facts = {stix_id: claim_facts(content) for stix_id, content in contents.items()}
    said = {each.claimed_by_ref for each in facts.values() if each.claimed_by_ref}
    names = names_of(cursor, {*said, *(row.target for row in rows)}) if rows else {}
    claims = [_claim(row, contents[row.stix_id], facts[row.stix_id], names) for row in rows]
    return corroborated(claims, {row.stix_id: row.author_id for row in rows})


def _claim(
    row: _Row, content: Mapping[str, Any], facts: ClaimFacts, names: Mapping[str, str]
) -> Claim:
    claimant = facts.claimed_by_ref or row.author_id
    return Claim(
        stix_id=row.stix_id,
        source=row.source,
        target=row.target,
        target_name=names.get(row.target, ""),
        claimed_by=claimant,
        claimed_by_name=names.get(claimant) or (row.author if claimant == row.author_id else ""),
        author=row.author,
        tlp=row.tlp,
        received_at=row.received_at,
        facts=facts,
        confidence=facts.claimed_confidence,
        description=content.get("description", ""),
        sources=sources(content),
    )
