"""One campaign: everything that is held of it, and of what its author connects it with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from indicators.catalog.campaign_around import (
    MOST_INDICATORS,
    Indicator,
    Network,
    Other,
    Report,
    around,
)
from indicators.catalog.campaign_facts import Source, sources, time_of
from indicators.catalog.campaign_outline import FROM, SELECT, Outline, Row
from indicators.catalog.claims import claims_of
from indicators.catalog.corroborating import corroborations, seen_since
from indicators.catalog.heard import Heard, hear
from indicators.store.sql import open_cursor

#: Of what surrounds it so much is read, in each direction.
MOST_AROUND = 300
SHOWN_INDICATORS = 12

_CAMPAIGN = f"{SELECT} {FROM} WHERE c.stix_id = %s AND c.type = 'campaign'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign(Outline):
    """`indicators`: some; `indicator_count` and `token_count` are of all that were looked at.

    `content` is the object as its author published it.
    """

    description: str
    aliases: tuple[str, ...]
    objective: str
    created: datetime
    sources: tuple[Source, ...]
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


def campaign(stix_id: str) -> Campaign | None:
    """The campaign of that id in the catalog; None if there is none. Ten statements."""
    with open_cursor() as cursor:
        found = cursor.execute(_CAMPAIGN, (stix_id,)).fetchone()
        if found is None:
            return None
        row = Row(*found)
        content = orjson.loads(row.body)
        near = around(cursor, stix_id, MOST_AROUND)
        seen = corroborations(cursor, [stix_id])[stix_id]
        return Campaign.of(
            row,
            content,
            claims_of(cursor, [stix_id])[stix_id],
            seen,
            description=content.get("description", ""),
            aliases=tuple(content.get("aliases", ())),
            objective=content.get("objective", ""),
            created=time_of(content, "created") or row.version,
            sources=sources(content),
            seen_since=tuple(seen_since(cursor, seen.joints)),
            networks=near.networks,
            others=near.others,
            reports=near.reports,
            indicators=near.indicators[:SHOWN_INDICATORS],
            indicator_count=len(near.indicators),
            token_count=sum(each.token_count for each in near.indicators),
            heard=tuple(hear(cursor, [stix_id, *near.concerned])),
            content=content,
            byte_count=len(row.body),
        )
