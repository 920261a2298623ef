"""Campaigns as a list: what is said of each, who saw it, what they come to together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from indicators.catalog.campaign_facts import CampaignFacts, campaign_facts, time_of
from indicators.catalog.claims import Claim, claims_of
from indicators.catalog.corroborating import Corroboration, corroborations
from indicators.catalog.counts import Count, total
from indicators.stix.extensions import extensions
from indicators.store.sql import Cursor, open_cursor

#: A page of the list; what is summed up; what the heat map has room for.
PAGE = 40
MOST_SUMMED = 1_000
MOST_MAPPED = 16

_EXTENSION = next(each.id for each in extensions().values() if each.name == "distillation-campaign")

# catalog_by_type: only campaigns are looked at, the newest first; then primary keys.
_SELECTED = f"""
FROM indicators_catalogrow c
JOIN indicators_objectversion v ON v.id = c.object_version_id
JOIN indicators_member m ON m.id = c.origin_id
LEFT JOIN indicators_catalogrow author ON author.stix_id = v.created_by_ref
CROSS JOIN LATERAL (
    SELECT convert_from(v.body, 'UTF8')::jsonb #> '{{extensions,{_EXTENSION}}}' AS stated OFFSET 0
) e
WHERE c.type = 'campaign' AND v.body IS NOT NULL
    AND (%(revoked)s OR c.standing <> 'revoked')
    AND (%(own)s::bool IS NULL OR c.is_own = %(own)s)
    AND (%(capability)s::text = '' OR (c.terms @> ARRAY[%(capability)s::varchar]
        AND e.stated -> 'capability_targets' ? %(capability)s))
    AND (%(status)s::text = ''
        OR coalesce(e.stated ->> 'allegation_status', 'alleged') = %(status)s)
    AND (%(text)s::text = '' OR strpos(lower(c.name), lower(%(text)s)) > 0)
"""
_PAGE = f"""
SELECT c.stix_id, c.number, c.name, coalesce(nullif(author.name, ''), m.name), m.name, c.is_own,
    c.tlp, c.confidence, c.standing, c.version, v.body
{_SELECTED}
"""
_OLDER = "AND c.number < %(before)s ORDER BY c.number DESC LIMIT %(limit)s"
_NEWER = "AND c.number > %(after)s ORDER BY c.number LIMIT %(limit)s"
_ALL = f"""
SELECT c.stix_id, c.name, e.stated {_SELECTED} ORDER BY c.number DESC LIMIT %(limit)s
"""  # fmt: skip
_LAST_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Query:
    """What to show. own: None, both; before/after: the place in the list, by `number`."""

    text: str = ""
    capability: str = ""
    status: str = ""
    own: bool | None = None
    revoked: bool = False
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A campaign in the list; `author` as the object names it, `origin`: whom it came from."""

    stix_id: str
    number: int
    name: str
    author: str
    origin: str
    is_own: bool
    tlp: int | None
    confidence: int | None
    standing: str
    first_seen: datetime | None
    last_seen: datetime | None
    version: datetime
    facts: CampaignFacts
    claims: tuple[Claim, ...]
    corroboration: Corroboration

    @property
    def alleged(self) -> tuple[str, ...]:
        """Who is said to be behind it: organizations where any is named, else actors."""
        upheld = [each for each in self.claims if each.is_upheld]
        named = [each for each in upheld if each.is_of_organization] or upheld
        return tuple(dict.fromkeys(each.target_name or each.target for each in named))


@dataclass(frozen=True, slots=True)
class Mapped:
    """A row of the heat map: what a campaign is after."""

    stix_id: str
    name: str
    capabilities: tuple[str, ...]
    interactions: Count | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Of all that the filters let through; `is_all`: not only of the newest MOST_SUMMED."""

    campaigns: int
    is_all: bool
    interactions: Count | None
    accounts: Count | None
    output_tokens: Count | None
    by_capability: tuple[tuple[str, int], ...]
    mapped: tuple[Mapped, ...]


@dataclass(frozen=True, slots=True)
class Campaigns:
    """`newer` and `older`: the numbers to go on from; None at an end."""

    rows: tuple[Listed, ...]
    newer: int | None
    older: int | None
    totals: Totals


class _Row(NamedTuple):
    stix_id: str
    number: int
    name: str
    author: str
    origin: str
    is_own: bool
    tlp: int | None
    confidence: int | None
    standing: str
    version: datetime
    body: bytes


def campaigns(query: Query) -> Campaigns:
    """A page of campaigns, what became known last first; eight statements, however many."""
    with open_cursor() as cursor:
        rows, newer, older = _page(cursor, query)
        ids = [row.stix_id for row in rows]
        claims = claims_of(cursor, ids)
        seen = corroborations(cursor, ids)
        totals = _totals(cursor, query)
    listed = tuple(_listed(row, claims[row.stix_id], seen[row.stix_id]) for row in rows)
    return Campaigns(listed, newer, older, totals)


def _page(cursor: Cursor, query: Query) -> tuple[list[_Row], int | None, int | None]:
    """The rows, and whether there are others on either side."""
    asked = _asked(query) | {"limit": PAGE + 1}
    if query.after is not None:
        cursor.execute(_PAGE + _NEWER, asked | {"after": query.after})
        found = [_Row(*row) for row in cursor.fetchall()]
        rows, more = found[:PAGE][::-1], len(found) > PAGE
        newer = rows[0].number if more else None
        return rows, newer, rows[-1].number if rows else None
    before = _LAST_NUMBER if query.before is None else query.before
    cursor.execute(_PAGE + _OLDER, asked | {"before": before})
    found = [_Row(*row) for row in cursor.fetchall()]
    rows, more = found[:PAGE], len(found) > PAGE
    newer = rows[0].number if rows and query.before is not None else None
    return rows, newer, rows[-1].number if more else None


def _asked(query: Query) -> dict[str, Any]:
    return {
        "text": query.text,
        "capability": query.capability,
        "status": query.status,
        "own": query.own,
        "revoked": query.revoked,
    }


def _listed(row: _Row, claims: tuple[Claim, ...], seen: Corroboration) -> Listed:
    content = orjson.loads(row.body)
    return Listed(
        stix_id=row.stix_id,
        number=row.number,
        name=row.name or content["name"],
        author=row.author,
        origin=row.origin,
        is_own=row.is_own,
        tlp=row.tlp,
        confidence=row.confidence,
        standing=row.standing,
        first_seen=time_of(content, "first_seen"),
        last_seen=time_of(content, "last_seen"),
        version=row.version,
        facts=campaign_facts(content),
        claims=claims,
        corroboration=seen,
    )


def _totals(cursor: Cursor, query: Query) -> Totals:
    cursor.execute(_ALL, _asked(query) | {"limit": MOST_SUMMED + 1})
    found = cursor.fetchall()
    facts = {
        stix_id: (name, campaign_facts({"extensions": {_EXTENSION: _read(stated)}}))
        for stix_id, name, stated in found[:MOST_SUMMED]
    }
    every = [each for _, each in facts.values()]
    mapped = [
        Mapped(stix_id, name, each.capability_targets, each.interaction_count)
        for stix_id, (name, each) in facts.items()
        if each.capability_targets
    ]
    mapped.sort(key=lambda row: -(row.interactions.value if row.interactions else 0))
    return Totals(
        campaigns=len(every),
        is_all=len(found) <= MOST_SUMMED,
        interactions=total(each.interaction_count for each in every),
        accounts=total(each.account_count for each in every),
        output_tokens=total(each.output_token_count for each in every),
        by_capability=_by_capability(every),
        mapped=tuple(mapped[:MOST_MAPPED]),
    )


def _by_capability(every: Sequence[CampaignFacts]) -> tuple[tuple[str, int], ...]:
    counted: dict[str, int] = {}
    for each in every:
        for term in each.capability_targets:
            counted[term] = counted.get(term, 0) + 1
    return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def _read(stated: Any) -> Any:
    """Of a column of jsonb, whether the cursor reads it or not."""
    return orjson.loads(stated) if isinstance(stated, str | bytes) else stated or {}
