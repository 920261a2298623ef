"""Detections and clusters as people list them: by detector and state, the newest first.

Lists are merged from one index scan for each detector and state, so that a rare state is found at
once among millions. Rows are compared whole, as only the index that is meant has that order: by id
alone the planner would walk back through everything for a detector that found nothing lately.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from indicators.models import Stage
from indicators.store.sql import open_cursor

#: Findings that are counted at most.
COUNTED = 10_000
#: Findings of a cluster that are summed in a list.
_SUMMED = 100
_FIRST, _LAST = 0, 2**63 - 1

#: What a list shows unless it is asked for something else: all but what a revision replaced.
STANDING = tuple(each.value for each in Stage if each != Stage.SUPERSEDED)

# detections_by_stage, once for each pair.
_FINDINGS = """
SELECT d.id, d.uuid, d.uid, d.revision, r.name, d.stage, d.stage_since, d.reason, d.verdict,
       d.cluster_id, d.account_count, d.is_open, d.received_at
FROM unnest(%(detectors)s::uuid[]) AS of(detector)
CROSS JOIN unnest(%(stages)s::text[]) AS at(stage)
CROSS JOIN LATERAL (
    SELECT id, uuid, uid, revision, detector_id, stage, stage_since, reason, verdict, cluster_id,
           account_count, is_open, received_at
    FROM indicators_detection
    WHERE (detector_id, stage, id) > (of.detector, at.stage, %(above)s)
      AND (detector_id, stage, id) < (of.detector, at.stage, %(below)s)
    ORDER BY detector_id {order}, stage {order}, id {order} LIMIT %(limit)s
) d
JOIN indicators_detector r ON r.id = d.detector_id
ORDER BY d.id {order} LIMIT %(limit)s
"""
# detections_under_way, however many are published.
_RECORDS = """
SELECT r.id, r.name, r.policy, r.demoted_at, r.reviewed_count, r.false_positive_count,
       coalesce(held.under_way, 0), coalesce(held.failed, 0)
FROM indicators_detector r
LEFT JOIN (
    SELECT detector_id, count(*) FILTER (WHERE stage <> 'failed') AS under_way,
           count(*) FILTER (WHERE stage = 'failed') AS failed
    FROM (
        SELECT detector_id, stage FROM indicators_detection
        WHERE stage IN ('received', 'tokenized', 'failed') LIMIT %(limit)s
    ) counted
    GROUP BY detector_id
) held ON held.detector_id = r.id
ORDER BY r.name
"""
# clusters_of_detector, once for each pair; then for each cluster detections_of_cluster,
# one_live_draft_a_cluster and one_match_each.
_CLUSTERS = """
SELECT c.id, c.token, r.name, c.is_open, c.draft_due, c.description <> '', c.incarnation,
       found.findings, found.accounts, found.latest, live.id, live.state, leads.n
FROM (
    SELECT c.* FROM unnest(%(detectors)s::uuid[]) AS of(detector)
    CROSS JOIN unnest(%(open)s::bool[]) AS at(open)
    CROSS JOIN LATERAL (
        SELECT id, token, detector_id, is_open, draft_due, description, incarnation
        FROM indicators_cluster
        WHERE (detector_id, is_open, id) > (of.detector, at.open, %(above)s)
          AND (detector_id, is_open, id) < (of.detector, at.open, %(below)s)
        ORDER BY detector_id {order}, is_open {order}, id {order} LIMIT %(limit)s
    ) c
    ORDER BY c.id {order} LIMIT %(limit)s
) c
JOIN indicators_detector r ON r.id = c.detector_id
CROSS JOIN LATERAL (
    SELECT count(*) AS findings, coalesce(sum(account_count), 0) AS accounts,
           max(received_at) AS latest
    FROM (
        SELECT account_count, received_at FROM indicators_detection
        WHERE cluster_id = c.id AND stage <> 'superseded' LIMIT %(summed)s
    ) counted
) found
LEFT JOIN LATERAL (
    SELECT id, state FROM indicators_draft
    WHERE cluster_id = c.id AND state IN ('review', 'returned', 'approved', 'failed') LIMIT 1
) live ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM (
        SELECT FROM indicators_match WHERE cluster_id = c.id AND retired_at IS NULL LIMIT 100
    ) counted
) leads
ORDER BY c.id {order}
"""


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One revision of a finding, and where it is on its way out."""

    id: int
    uuid: UUID
    uid: str
    revision: int
    detector: str
    stage: str
    since: datetime
    reason: str
    verdict: str
    cluster: int
    account_count: int
    is_open: bool
    received_at: datetime


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """A cluster; `findings` and `accounts` are of at most 100 findings, `matches` at most 100.

    Two findings may tell of the same accounts: `accounts` counts them twice.
    """

    id: int
    token: str
    detector: str
    is_open: bool
    draft_due: bool
    is_described: bool
    incarnation: int
    findings: int
    accounts: int
    latest: datetime | None
    draft: UUID | None
    draft_state: str | None
    matches: int

    @property
    def is_summed_in_part(self) -> bool:
        return self.findings >= _SUMMED


@dataclass(frozen=True, slots=True)
class DetectorRow:
    """A detector with its record; `under_way` and `failed` are of at most `COUNTED` findings."""

    id: UUID
    name: str
    policy: str
    demoted_at: datetime | None
    reviewed: int
    false_positives: int
    under_way: int
    failed: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """Rows below or above an id; `above` alone reads upwards, towards the newest."""

    below: int | None = None
    above: int | None = None

    def asked(self, limit: int) -> dict[str, Any]:
        below = _LAST if self.below is None else self.below
        return {"below": below, "above": self.above or _FIRST, "limit": limit}

    @property
    def order(self) -> str:
        return "DESC" if self.above is None else "ASC"


def findings(
    detectors: Sequence[UUID], stages: Sequence[str], bounds: Bounds, limit: int
) -> list[FindingRow]:
    """Findings of these detectors in these stages, the newest first."""
    asked = {"detectors": list(detectors), "stages": list(stages), **bounds.asked(limit)}
    rows = _read(_FINDINGS, bounds, asked)
    return [FindingRow(*row) for row in rows]


def clusters(
    detectors: Sequence[UUID], is_open: bool | None, bounds: Bounds, limit: int
) -> list[ClusterRow]:
    """Clusters of these detectors, open or closed or both, the newest first."""
    states = [True, False] if is_open is None else [is_open]
    asked = {"detectors": list(detectors), "open": states, **bounds.asked(limit)}
    rows = _read(_CLUSTERS, bounds, {**asked, "summed": _SUMMED})
    return [ClusterRow(*row) for row in rows]


def detectors() -> list[DetectorRow]:
    """Every detector, by name, with what of it is not where it belongs yet."""
    with open_cursor() as cursor:
        rows = cursor.execute(_RECORDS, {"limit": COUNTED}).fetchall()
    return [DetectorRow(*row) for row in rows]


def _read(statement: str, bounds: Bounds, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with open_cursor() as cursor:
        rows = cursor.execute(statement.format(order=bounds.order), asked).fetchall()
    return rows if bounds.above is None else rows[::-1]
