"""Campaigns as a list: what is said of each, who saw it, what they come to together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from indicators.catalog.campaign_facts import UNSAID_STATUS, CampaignFacts, campaign_facts
from indicators.catalog.campaign_outline import FROM, SELECT, Outline, Row
from indicators.catalog.claims import claims_of
from indicators.catalog.corroborating import corroborations
from indicators.catalog.counts import Count, total
from indicators.stix.extensions import extensions
from indicators.store.sql import Cursor, open_cursor

#: A page of the list; what is summed up; what the heat map has room for.
PAGE = 40
MOST_SUMMED = 1_000
MOST_MAPPED = 16

_EXTENSION = next(each.id for each in extensions().values() if each.name == "distillation-campaign")

# catalog_by_type: only campaigns are looked at, the newest first; then primary keys. A row's terms
# say which contents are worth reading (who states no status has no terms), and the content what a
# term is: a technique may be called as a capability is. What is no JSON to PostgreSQL, as a text
# with a NUL in it, states nothing here.
_SELECTED = f"""
{FROM}
CROSS JOIN LATERAL (SELECT convert_from(v.body, 'UTF8') AS content OFFSET 0) published
CROSS JOIN LATERAL (
    SELECT CASE WHEN pg_input_is_valid(content, 'jsonb')
        THEN content::jsonb #> '{{extensions,{_EXTENSION}}}' END AS stated OFFSET 0
) e
WHERE c.type = 'campaign'
    AND (%(revoked)s OR c.standing <> 'revoked')
    AND (%(own)s::bool IS NULL OR c.is_own = %(own)s)
    AND (%(text)s::text = '' OR strpos(lower(c.name), lower(%(text)s)) > 0)
    AND (%(capability)s::text = '' OR c.terms @> ARRAY[%(capability)s::varchar])
    AND (%(capability)s::text = '' OR e.stated -> 'capability_targets' ? %(capability)s)
    AND (%(status)s::text = '' OR c.terms @> ARRAY[%(status)s::varchar]
        OR (%(status)s = %(unsaid)s AND c.terms = '{{}}'))
    AND (%(status)s::text = ''
        OR coalesce(e.stated ->> 'allegation_status', %(unsaid)s) = %(status)s)
"""
_PAGE = f"{SELECT} {_SELECTED}"
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

    rows: tuple[Outline, ...]
    newer: int | None
    older: int | None
    totals: Totals


def campaigns(query: Query) -> Campaigns:
    """A page of campaigns, what became known last first; eight statements, however many."""
    with open_cursor() as cursor:
        rows, newer, older = _page(cursor, query)
        ids = [row.stix_id for row in rows]
        claims = claims_of(cursor, ids)
        seen = corroborations(cursor, ids)
        totals = _totals(cursor, query)
    listed = tuple(
        Outline.of(row, orjson.loads(row.body), claims[row.stix_id], seen[row.stix_id])
        for row in rows
    )
    return Campaigns(listed, newer, older, totals)


def _page(cursor: Cursor, query: Query) -> tuple[list[Row], int | None, int | None]:
    """The rows, and whether there are others on either side."""
    asked = _asked(query) | {"limit": PAGE + 1}
    if query.after is not None:
        cursor.execute(_PAGE + _NEWER, asked | {"after": query.after})
        found = [Row(*row) for row in cursor.fetchall()]
        rows, more = found[:PAGE][::-1], len(found) > PAGE
        newer = rows[0].number if more else None
        return rows, newer, rows[-1].number if rows else None
    before = _LAST_NUMBER if query.before is None else query.before
    cursor.execute(_PAGE + _OLDER, asked | {"before": before})
    found = [Row(*row) for row in cursor.fetchall()]
    rows, more = found[:PAGE], len(found) > PAGE
    newer = rows[0].number if rows and query.before is not None else None
    return rows, newer, rows[-1].number if more else None


def _asked(query: Query) -> dict[str, Any]:
    return {
        "text": query.text,
        "capability": query.capability,
        "status": query.status,
        "unsaid": UNSAID_STATUS,
        "own": query.own,
        "revoked": query.revoked,
    }


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
