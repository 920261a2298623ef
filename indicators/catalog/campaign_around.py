"""What a campaign is connected with: account networks, techniques, reports, and its indicators."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import orjson

from indicators.catalog.campaign_facts import Coordination, Source, coordination, sources, time_of
from indicators.catalog.corroborating import MOST_NETWORKS
from indicators.store.sql import Cursor

MOST_INDICATORS = 2_000
_REPORTS = ("report", "grouping", "note")

# references_from and references_to, then primary keys. Bodies of what is shown in full only. What
# its own author says comes first: however much others say, they don't crowd it out.
_AROUND = """
SELECT DISTINCT ON (c.stix_id, r.relation)
    c.stix_id, c.type, r.relation, c.name, m.name, teller.name, c.is_own,
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
class Around:
    """`indicators`: of the campaign itself and of its networks, by what they are of."""

    networks: tuple[Network, ...]
    others: tuple[Other, ...]
    reports: tuple[Report, ...]
    indicators: tuple[Indicator, ...]

    @property
    def concerned(self) -> list[str]:
        """What organizations answer to when they have seen the campaign."""
        networks = [each.stix_id for each in self.networks]
        return networks + [each.stix_id for each in self.indicators]


def around(cursor: Cursor, campaign: str, most: int) -> Around:
    """What surrounds a campaign, up to `most` in each direction; two statements."""
    said = _said(cursor, campaign, most)
    used = [each for each in said if _is_network(each)][:MOST_NETWORKS]
    ids = [each.stix_id for each in used]
    indicators = _indicators(cursor, [campaign, *ids])
    return Around(
        tuple(_networks(used, indicators)),
        tuple(_others(said, set(ids))),
        tuple(_reports(said)),
        tuple(indicators),
    )


class _Said(NamedTuple):
    stix_id: str
    type: str
    relation: str
    name: str
    origin: str
    told_by: str
    is_own: bool
    is_by_author: bool
    body: bytes | None


def _said(cursor: Cursor, campaign: str, most: int) -> list[_Said]:
    asked = {"id": campaign, "most": most, "told": ["infrastructure", *_REPORTS]}
    return [_Said(*row) for row in cursor.execute(_AROUND, asked).fetchall()]


def _is_network(each: _Said) -> bool:
    """Only the campaign's own author says what it uses: nobody else may hang accounts on it."""
    return each.type == "infrastructure" and each.relation == "uses" and each.is_by_author


def _indicators(cursor: Cursor, of: Sequence[str]) -> list[Indicator]:
    cursor.execute(_INDICATORS, {"of": list(of), "most": MOST_INDICATORS})
    found = {row[1]: Indicator(*row) for row in cursor.fetchall()}
    return sorted(found.values(), key=lambda each: (each.of, each.kinds, each.name, each.stix_id))


def _networks(used: Iterable[_Said], indicators: Iterable[Indicator]) -> Iterable[Network]:
    of: defaultdict[str, list[Indicator]] = defaultdict(list)
    for indicator in indicators:
        of[indicator.of].append(indicator)
    for each in used:
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


def _others(said: Iterable[_Said], networks: set[str]) -> Iterable[Other]:
    answers = ("sighting", "opinion", "indicator", *_REPORTS)
    for each in sorted(said, key=lambda other: not other.is_by_author):
        if each.stix_id not in networks and each.type not in answers:
            yield Other(each.stix_id, each.type, each.relation, each.name, each.told_by)


def _reports(said: Iterable[_Said]) -> Iterable[Report]:
    for each in said:
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
