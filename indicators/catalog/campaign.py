"""One campaign: everything that is held of it, and of what its author connects it with."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from indicators.catalog.campaign_facts import (
    CampaignFacts,
    Coordination,
    Source,
    campaign_facts,
    coordination,
    sources,
    time_of,
)
from indicators.catalog.claims import Claim, claims_of
from indicators.catalog.corroborating import (
    MOST_NETWORKS,
    Corroboration,
    corroborations,
    seen_since,
)
from indicators.catalog.heard import Heard, hear
from indicators.store.sql import Cursor, open_cursor

#: Of what surrounds it so much is read.
MOST_AROUND = 300
MOST_INDICATORS = 2_000
SHOWN_INDICATORS = 12
_REPORTS = ("report", "grouping", "note")

# Primary keys.
_CAMPAIGN = """
SELECT c.name, coalesce(nullif(author.name, ''), m.name), m.name, c.is_own, c.is_signed,
    c.tlp, c.confidence, c.standing, c.version, c.received_at, v.body
FROM indicators_catalogrow c
JOIN indicators_objectversion v ON v.id = c.object_version_id
JOIN indicators_member m ON m.id = c.origin_id
LEFT JOIN indicators_catalogrow author ON author.stix_id = v.created_by_ref
WHERE c.stix_id = %s AND c.type = 'campaign' AND v.body IS NOT NULL
"""
# references_from and references_to, then primary keys. Bodies of what is shown in full only. What
# its own author says comes first: however much others say, they don't crowd it out.
_AROUND = """
SELECT DISTINCT ON (c.stix_id, r.relation)
    c.stix_id, c.type, r.relation, c.name, m.name, teller.name, c.is_own, c.tlp,
    r.is_by_author,
    CASE WHEN c.type = ANY(%(told)s) THEN v.body END
FROM (
    (SELECT out.relation, out.target AS other, said.origin_id AS teller,
        said.origin_id = campaign.origin_id AS is_by_author
     FROM indicators_reference out
     JOIN indicators_catalogrow said ON said.stix_id = out.stix_id
     JOIN indicators_catalogrow campaign ON campaign.stix_id = %(id)s
     WHERE out.source = %(id)s AND out.relation <> 'attributed-to'
     ORDER BY is_by_author DESC, out.id LIMIT %(most)s)
    UNION ALL
    (SELECT back.relation, back.source, said.origin_id, said.origin_id = campaign.origin_id
     FROM indicators_reference back
     JOIN indicators_catalogrow said ON said.stix_id = back.stix_id
     JOIN indicators_catalogrow campaign ON campaign.stix_id = %(id)s
     WHERE back.target = %(id)s
     ORDER BY said.origin_id = campaign.origin_id DESC, back.id LIMIT %(most)s)
) r
JOIN indicators_catalogrow c ON c.stix_id = r.other
JOIN indicators_member m ON m.id = c.origin_id
JOIN indicators_member teller ON teller.id = r.teller
JOIN indicators_objectversion v ON v.id = c.object_version_id
WHERE v.body IS NOT NULL
ORDER BY c.stix_id, r.relation, r.is_by_author DESC
"""
# references_to, then primary keys. Only an indicator's own author says of what it is.
_INDICATORS = """
SELECT r.target, c.stix_id, c.name, c.kinds, c.token_count, c.confidence, c.standing, c.ends_at
FROM unnest(%(of)s::text[]) AS asked(id)
CROSS JOIN LATERAL (
    SELECT stix_id, source, target FROM indicators_reference
    WHERE target = asked.id AND relation = 'indicates' ORDER BY id LIMIT %(most)s
) r
JOIN indicators_catalogrow c ON c.stix_id = r.source
JOIN indicators_catalogrow said ON said.stix_id = r.stix_id AND said.origin_id = c.origin_id
LIMIT %(most)s
"""


class Indicator(NamedTuple):
    """What gives the network away. `of`: the network, or the campaign itself."""

    of: str
    stix_id: str
    name: str
    kinds: list[str]
    token_count: int
    confidence: int | None
    standing: str
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Network:
    """Accounts that act together; `tokens` counts what is shared of them, by kind."""

    stix_id: str
    name: str
    origin: str
    is_own: bool
    coordination: Coordination
    first_seen: datetime | None
    last_seen: datetime | None
    indicator_count: int
    tokens: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Other:
    """Something else that it is connected with (a technique, a target), and who says so."""

    stix_id: str
    type: str
    relation: str
    name: str
    told_by: str


@dataclass(frozen=True, slots=True)
class Report:
    stix_id: str
    type: str
    name: str
    origin: str
    published: datetime | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Campaign:
    """`author`: as the object names it; `origin`: the member that it came from.

    `indicators`: some; `indicator_count` and `token_count` are of all that were looked at.

    `content` is the object as its author published it.
    """

    stix_id: str
    name: str
    description: str
    aliases: tuple[str, ...]
    objective: str
    author: str
    origin: str
    is_own: bool
    is_signed: bool
    tlp: int | None
    confidence: int | None
    standing: str
    created: datetime
    version: datetime
    received_at: datetime
    first_seen: datetime | None
    last_seen: datetime | None
    facts: CampaignFacts
    sources: tuple[Source, ...]
    claims: tuple[Claim, ...]
    corroboration: Corroboration
    seen_since: tuple[tuple[str, datetime], ...]
    networks: tuple[Network, ...]
    others: tuple[Other, ...]
    reports: tuple[Report, ...]
    indicators: tuple[Indicator, ...]
    indicator_count: int
    token_count: int
    heard: tuple[Heard, ...]
    content: Mapping[str, Any]
    byte_count: int

    @property
    def is_cut(self) -> bool:
        """Whether there may be more indicators than were looked at."""
        return self.indicator_count >= MOST_INDICATORS


class _Around(NamedTuple):
    stix_id: str
    type: str
    relation: str
    name: str
    origin: str
    told_by: str
    is_own: bool
    tlp: int | None
    is_by_author: bool
    body: bytes | None


class _Row(NamedTuple):
    name: str
    author: str
    origin: str
    is_own: bool
    is_signed: bool
    tlp: int | None
    confidence: int | None
    standing: str
    version: datetime
    received_at: datetime
    body: bytes


def campaign(stix_id: str) -> Campaign | None:
    """The campaign of that id in the catalog; None if there is none. Ten statements."""
    with open_cursor() as cursor:
        found = cursor.execute(_CAMPAIGN, (stix_id,)).fetchone()
        if found is None:
            return None
        row = _Row(*found)
        around = _around(cursor, stix_id)
        networks = [each.stix_id for each in around if _is_network(each)][:MOST_NETWORKS]
        indicators = _indicators(cursor, [stix_id, *networks])
        concerned = [stix_id, *networks, *(each.stix_id for each in indicators)]
        content = orjson.loads(row.body)
        seen = corroborations(cursor, [stix_id])[stix_id]
        return Campaign(
            stix_id=stix_id,
            name=row.name or content["name"],
            description=content.get("description", ""),
            aliases=tuple(content.get("aliases", ())),
            objective=content.get("objective", ""),
            author=row.author,
            origin=row.origin,
            is_own=row.is_own,
            is_signed=row.is_signed,
            tlp=row.tlp,
            confidence=row.confidence,
            standing=row.standing,
            created=time_of(content, "created") or row.version,
            version=row.version,
            received_at=row.received_at,
            first_seen=time_of(content, "first_seen"),
            last_seen=time_of(content, "last_seen"),
            facts=campaign_facts(content),
            sources=sources(content),
            claims=claims_of(cursor, [stix_id])[stix_id],
            corroboration=seen,
            seen_since=tuple(seen_since(cursor, seen.joints)),
            networks=tuple(_networks(around, networks, indicators)),
            others=tuple(_others(around, networks)),
            reports=tuple(_reports(around)),
            indicators=tuple(indicators[:SHOWN_INDICATORS]),
            indicator_count=len(indicators),
            token_count=sum(each.token_count for each in indicators),
            heard=tuple(hear(cursor, concerned)),
            content=content,
            byte_count=len(row.body),
        )


def _around(cursor: Cursor, stix_id: str) -> list[_Around]:
    asked = {"id": stix_id, "most": MOST_AROUND, "told": ["infrastructure", *_REPORTS]}
    return [_Around(*row) for row in cursor.execute(_AROUND, asked).fetchall()]


def _is_network(each: _Around) -> bool:
    """Only the campaign's own author says what it uses: nobody else may hang accounts on it."""
    return each.type == "infrastructure" and each.relation == "uses" and each.is_by_author


def _indicators(cursor: Cursor, of: Sequence[str]) -> list[Indicator]:
    cursor.execute(_INDICATORS, {"of": list(of), "most": MOST_INDICATORS})
    found = {row[1]: Indicator(*row) for row in cursor.fetchall()}
    return sorted(found.values(), key=lambda each: (each.of, each.kinds, each.name, each.stix_id))


def _networks(
    around: Iterable[_Around], ids: Sequence[str], indicators: Iterable[Indicator]
) -> Iterable[Network]:
    of: defaultdict[str, list[Indicator]] = defaultdict(list)
    for indicator in indicators:
        of[indicator.of].append(indicator)
    for each in around:
        if each.stix_id in ids and _is_network(each):
            content = orjson.loads(each.body or b"{}")
            yield Network(
                stix_id=each.stix_id,
                name=each.name,
                origin=each.origin,
                is_own=each.is_own,
                coordination=coordination(content),
                first_seen=time_of(content, "first_seen"),
                last_seen=time_of(content, "last_seen"),
                indicator_count=len(of[each.stix_id]),
                tokens=_tokens(of[each.stix_id]),
            )


def _tokens(indicators: Iterable[Indicator]) -> dict[str, int]:
    counted: defaultdict[str, int] = defaultdict(int)
    for each in indicators:
        counted[", ".join(each.kinds) or "other"] += each.token_count
    return dict(sorted(counted.items()))


def _others(around: Iterable[_Around], networks: Sequence[str]) -> Iterable[Other]:
    answers = ("sighting", "opinion", "indicator", *_REPORTS)
    for each in sorted(around, key=lambda other: not other.is_by_author):
        if each.stix_id not in networks and each.type not in answers:
            yield Other(each.stix_id, each.type, each.relation, each.name, each.told_by)


def _reports(around: Iterable[_Around]) -> Iterable[Report]:
    for each in around:
        if each.type in _REPORTS:
            content = orjson.loads(each.body or b"{}")
            yield Report(
                stix_id=each.stix_id,
                type=each.type,
                name=each.name,
                origin=each.origin,
                published=time_of(content, "published"),
                sources=sources(content),
            )
