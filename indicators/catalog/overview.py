"""The node at a glance: campaigns that move, what became known lately, how much came and went.

Each read is one statement that costs by what is shown, not by what is held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

from indicators.catalog.campaign_facts import campaign_facts
from indicators.catalog.counts import Count
from indicators.store.sql import open_cursor

#: Days that are drawn, today the last.
DAYS = 14
_CAMPAIGNS, _NEWS = 6, 6
#: References of a campaign that are counted by day.
_COUNTED = 150
#: What is news to people beside campaigns; indicators come by the thousand, and have a page.
_TYPES = (
    "threat-actor", "report", "sighting", "opinion", "infrastructure", "note",
)  # fmt: skip

# catalog_by_type, the newest numbers; then references_to and references_from, and primary keys.
# Only the campaign's own author says which accounts it uses.
_ACTIVE = """
SELECT c.stix_id, c.name, m.name, c.is_own, c.tlp, c.confidence, v.body, c.received_at,
       coalesce(seen.origins, 0),
       (SELECT array_agg(coalesce(told.n, 0) ORDER BY day)
        FROM generate_series(0, %(days)s - 1) AS day
        LEFT JOIN (
            SELECT floor(extract(epoch FROM o.received_at - %(since)s) / 86400)::int AS day,
                   count(*) AS n
            FROM (
                (SELECT stix_id FROM indicators_reference WHERE target = c.stix_id
                 ORDER BY id DESC LIMIT %(counted)s)
                UNION
                (SELECT r.stix_id FROM unnest(uses.networks) AS of(network)
                 CROSS JOIN LATERAL (
                     SELECT stix_id FROM indicators_reference WHERE target = of.network
                     ORDER BY id DESC LIMIT %(counted)s
                 ) r)
            ) told
            JOIN indicators_catalogrow o ON o.stix_id = told.stix_id
            WHERE o.received_at >= %(since)s
            GROUP BY 1
        ) told USING (day))
FROM (
    SELECT * FROM indicators_catalogrow
    WHERE type = 'campaign' AND standing <> 'revoked' ORDER BY number DESC LIMIT %(limit)s
) c
JOIN indicators_member m ON m.id = c.origin_id
JOIN indicators_objectversion v ON v.id = c.object_version_id
CROSS JOIN LATERAL (
    SELECT array_agg(target) AS networks FROM (
        SELECT r.target FROM indicators_reference r
        JOIN indicators_catalogrow s ON s.stix_id = r.stix_id AND s.origin_id = c.origin_id
        WHERE r.source = c.stix_id AND r.relation = 'uses'
          AND starts_with(r.target, 'infrastructure--')
        ORDER BY r.id LIMIT 10
    ) used
) uses
CROSS JOIN LATERAL (
    SELECT max(jsonb_array_length(j.origins)) AS origins
    FROM indicators_jointsubject s JOIN indicators_jointcluster j ON j.id = s.joint_id
    WHERE s.subject = ANY(array_append(uses.networks, c.stix_id)) AND j.ended_at IS NULL
) seen
WHERE v.body IS NOT NULL
ORDER BY c.number DESC
"""
# catalog_by_type, once for each type
_LATELY = """
SELECT c.stix_id, c.type, c.name, m.name, c.is_own, c.standing, c.received_at
FROM unnest(%(types)s::text[]) AS asked(type)
CROSS JOIN LATERAL (
    SELECT * FROM indicators_catalogrow WHERE type = asked.type ORDER BY number DESC LIMIT %(limit)s
) c
JOIN indicators_member m ON m.id = c.origin_id
ORDER BY c.number DESC LIMIT %(limit)s
"""
# entry_by_date: where in each log a day began. Collections are few; entries are never read.
_FLOWED = """
SELECT k.is_inbox, day, greatest(
    0, coalesce(lead(began.seq) OVER (PARTITION BY k.id ORDER BY day), l.size) - began.seq
)
FROM indicators_collection k
JOIN federation_log l ON l.id = k.id
CROSS JOIN generate_series(0, %(days)s - 1) AS day
CROSS JOIN LATERAL (
    SELECT coalesce((
        SELECT seq FROM indicators_entry
        WHERE collection_id = k.id AND date_added >= %(since)s + day * interval '1 day'
        ORDER BY date_added LIMIT 1
    ), l.size) AS seq
) began
"""


@dataclass(frozen=True, slots=True)
class Active:
    """A campaign that something was said of lately; `days`: how much, each day."""

    stix_id: str
    name: str
    origin: str
    is_own: bool
    tlp: int | None
    confidence: int | None
    received_at: datetime
    organizations: int
    days: tuple[int, ...]
    accounts: Count | None
    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class News:
    """An object that became known, or whose newest version did."""

    stix_id: str
    type: str
    name: str
    origin: str
    is_own: bool
    standing: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Flow:
    """Entries of logs by day, the oldest first: what this node shared, and what came from peers."""

    shared: tuple[int, ...]
    received: tuple[int, ...]


def first_day(now: datetime) -> datetime:
    """The midnight (UTC) that the days which are drawn begin with."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=DAYS - 1
    )


def active_campaigns(now: datetime) -> list[Active]:
    """The campaigns that changed last."""
    asked = {
        "limit": _CAMPAIGNS,
        "days": DAYS,
        "since": first_day(now),
        "counted": _COUNTED,
    }
    with open_cursor() as cursor:
        rows = cursor.execute(_ACTIVE, asked).fetchall()
    return [_active(*row) for row in rows]


def lately() -> list[News]:
    """What became known last."""
    with open_cursor() as cursor:
        rows = cursor.execute(_LATELY, {"types": list(_TYPES), "limit": _NEWS}).fetchall()
    return [News(*row) for row in rows]


def flow(now: datetime) -> Flow:
    """How much was shared and received on each day."""
    shared, received = [0] * DAYS, [0] * DAYS
    with open_cursor() as cursor:
        rows = cursor.execute(_FLOWED, {"days": DAYS, "since": first_day(now)}).fetchall()
    for is_inbox, day, count in rows:
        (received if is_inbox else shared)[day] += count
    return Flow(tuple(shared), tuple(received))


def _active(
    stix_id: str,
    name: str,
    origin: str,
    is_own: bool,
    tlp: int | None,
    confidence: int | None,
    body: bytes,
    received_at: datetime,
    organizations: int,
    days: Sequence[int],
) -> Active:
    facts = campaign_facts(orjson.loads(body))
    return Active(
        stix_id=stix_id,
        name=name,
        origin=origin,
        is_own=is_own,
        tlp=tlp,
        confidence=confidence,
        received_at=received_at,
        organizations=organizations,
        days=tuple(days),
        accounts=facts.account_count,
        capabilities=facts.capability_targets[:3],
    )
