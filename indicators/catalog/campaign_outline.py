"""A campaign in outline, as the list and its own page begin: its row, and what is said of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self

from indicators.catalog.campaign_facts import CampaignFacts, campaign_facts, time_of
from indicators.catalog.claims import Claim
from indicators.catalog.corroborating import Corroboration

#: Campaigns are rows `c` of the catalog, `v` their contents; by primary keys from there.
SELECT = """
SELECT c.stix_id, c.number, c.name, coalesce(nullif(author.name, ''), m.name), m.name, c.is_own,
    c.is_signed, c.tlp, c.confidence, c.standing, c.version, c.received_at, v.body
"""
FROM = """
FROM indicators_catalogrow c
JOIN indicators_objectversion v ON v.id = c.object_version_id AND v.body IS NOT NULL
JOIN indicators_member m ON m.id = c.origin_id
LEFT JOIN indicators_catalogrow author ON author.stix_id = v.created_by_ref
"""


class Row(NamedTuple):
    """What SELECT reads. `number`: its place in the list."""

    stix_id: str
    number: int
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """`author`: as the object names it; `origin`: the member that it came from."""

    stix_id: str
    number: int
    name: str
    author: str
    origin: str
    is_own: bool
    is_signed: bool
    tlp: int | None
    confidence: int | None
    standing: str
    first_seen: datetime | None
    last_seen: datetime | None
    version: datetime
    received_at: datetime
    facts: CampaignFacts
    claims: tuple[Claim, ...]
    corroboration: Corroboration

    @classmethod
    def of(
        cls,
        row: Row,
        content: Mapping[str, Any],
        claims: tuple[Claim, ...],
        seen: Corroboration,
        /,
        **more: Any,
    ) -> Self:
        """From its row and its content; `more`: what a page adds."""
        return cls(
            stix_id=row.stix_id,
            number=row.number,
            name=row.name or content["name"],
            author=row.author,
            origin=row.origin,
            is_own=row.is_own,
            is_signed=row.is_signed,
            tlp=row.tlp,
            confidence=row.confidence,
            standing=row.standing,
            first_seen=time_of(content, "first_seen"),
            last_seen=time_of(content, "last_seen"),
            version=row.version,
            received_at=row.received_at,
            facts=campaign_facts(content),
            claims=claims,
            corroboration=seen,
            **more,
        )

    @property
    def alleged(self) -> tuple[str, ...]:
        """Who is said to be behind it: organizations where any is named, else actors."""
        upheld = [each for each in self.claims if each.is_upheld]
        named = [each for each in upheld if each.is_of_organization] or upheld
        return tuple(dict.fromkeys(each.target_name or each.target for each in named))
