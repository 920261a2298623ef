"""Matches as people look at them: whose indicator, what it shares, who else sees the actor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from indicators.models import MatchState
from indicators.stix import Tlp
from indicators.store.sql import open_cursor

_TLP = tuple(Tlp)
_END = datetime.max.replace(tzinfo=UTC)
#: Leads of the matches that `{matches}` selects: whole rows of their table.
LEADS = """
SELECT m.uuid, m.state, m.stix_id, coalesce(o.name, ''), m.semantics, m.kinds, m.token_count,
       m.account_count, r.name, m.cluster_id, k.tlp, k.confidence, j.id, j.confidence,
       coalesce(jsonb_array_length(j.origins), 0), m.note, coalesce(u.username, ''), m.decided_at,
       m.found_at, m.changed_at, m.retired_because
FROM ({matches}) m
JOIN indicators_cluster c ON c.id = m.cluster_id
JOIN indicators_detector r ON r.id = c.detector_id
LEFT JOIN indicators_knownindicator k ON k.stix_id = m.stix_id
LEFT JOIN indicators_member o ON o.id = k.origin_id
LEFT JOIN indicators_jointsubject s ON s.subject = k.subject
LEFT JOIN indicators_jointcluster j ON j.id = s.joint_id
LEFT JOIN auth_user u ON u.id = m.decided_by_id
ORDER BY m.changed_at DESC, m.uuid DESC
"""
# matches_to_triage, read backwards; all else are look-ups by primary key. A batch of matches has
# one time, so that the time alone would not say where a page ended.
_STANDING = """
SELECT * FROM indicators_match
WHERE retired_at IS NULL AND state = %(state)s
  AND changed_at <= %(changed_at)s AND (changed_at, uuid) < (%(changed_at)s, %(uuid)s)
ORDER BY changed_at DESC, uuid DESC LIMIT %(limit)s
"""
_NAMED = "SELECT * FROM indicators_match WHERE uuid = ANY(%(uuids)s)"
_COUNTS = """
SELECT state, count(*) FROM indicators_match WHERE retired_at IS NULL GROUP BY state
"""


@dataclass(frozen=True, slots=True)
class Lead:
    """A match with what a person needs to judge it.

    `kinds` counts shared tokens by kind; `joint` is the joint cluster that the indicator's subject
    is in, with this node's confidence (0 to 1) and how many organizations see it first-hand.
    """

    uuid: UUID
    state: MatchState
    indicator: str
    origin: str
    semantics: str
    kinds: Mapping[str, int]
    token_count: int
    account_count: int
    detector: str
    cluster: int
    tlp: Tlp | None
    indicator_confidence: int | None
    joint: UUID | None
    joint_confidence: float | None
    origin_count: int
    note: str
    decided_by: str
    decided_at: datetime | None
    found_at: datetime
    changed_at: datetime
    retired_because: str


def leads(state: MatchState, *, after: Lead | None = None, limit: int = 100) -> list[Lead]:
    """Matches that stand, the newest change first; `after` is the last of the page before."""
    changed_at = _END if after is None else after.changed_at
    uuid = UUID(int=0) if after is None else after.uuid
    asked = {"state": state.value, "changed_at": changed_at, "uuid": uuid, "limit": limit}
    return _read(_STANDING, asked)


def leads_named(uuids: Sequence[UUID]) -> list[Lead]:
    """These matches, whether they stand or are over."""
    return _read(_NAMED, {"uuids": list(uuids)})


def lead_counts() -> dict[MatchState, int]:
    """How many matches stand in each state."""
    counts = dict.fromkeys(MatchState, 0)
    with open_cursor() as cursor:
        counts.update((MatchState(state), n) for state, n in cursor.execute(_COUNTS).fetchall())
    return counts


def _read(matches: str, asked: Mapping[str, Any]) -> list[Lead]:
    with open_cursor() as cursor:
        rows = cursor.execute(LEADS.format(matches=matches), asked).fetchall()
    return [as_lead(*row) for row in rows]


def as_lead(uuid: UUID, state: str, *rest: Any) -> Lead:
    """A row of LEADS."""
    indicator, origin, semantics, kinds, tokens, accounts, detector, cluster, tlp, *more = rest
    # Django has its connections read JSON as text.
    shared = msgspec.json.decode(kinds, type=dict[str, int])
    marking = None if tlp is None else _TLP[tlp]
    found = (indicator, origin, semantics, shared, tokens, accounts, detector, cluster, marking)
    return Lead(uuid, MatchState(state), *found, *more)
