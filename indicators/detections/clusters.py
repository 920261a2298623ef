"""One cluster as people look at it: its facts, its findings, its drafts, what it matched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from indicators.detections.drafts.facts import ClusterFacts
from indicators.detections.identifiers.sealing import open_sealer, place
from indicators.detections.listing import FindingRow
from indicators.store.sql import open_cursor

#: Drafts, matches and feeds that are shown of one cluster.
SHOWN = 20

# By primary key; detections_of_cluster for its accounts. What its author alone works at yet is not
# there for others: a submission of which no draft went to anybody.
_CLUSTER = """
SELECT c.id, c.token, c.incarnation, c.is_open, c.draft_due, c.description,
       coalesce(u.username, ''), c.data_key_id, c.sealed_facts, r.id, r.name, r.policy, r.tlp,
       k.title, s.id, coalesce(s.author_id = %(person)s, false), coalesce(found.findings, 0),
       coalesce(found.accounts, 0), found.first, found.last
FROM indicators_cluster c
JOIN indicators_detector r ON r.id = c.detector_id
LEFT JOIN indicators_collection k ON k.id = r.collection_id
LEFT JOIN auth_user u ON u.id = c.described_by_id
LEFT JOIN indicators_submission s ON s.cluster_id = c.id
CROSS JOIN LATERAL (
    SELECT count(*) AS findings, sum(account_count) FILTER (WHERE is_open) AS accounts,
           min(received_at) AS first, max(received_at) AS last
    FROM indicators_detection WHERE cluster_id = c.id AND stage NOT IN ('superseded', 'withheld')
) found
WHERE c.id = %(cluster)s AND (
    s.id IS NULL OR s.author_id = %(person)s
    OR EXISTS (SELECT FROM indicators_draft WHERE cluster_id = c.id
               AND state NOT IN ('prepared', 'superseded'))
)
"""
# detections_of_cluster
_FINDINGS = """
SELECT d.id, d.uuid, d.uid, d.revision, r.name, d.stage, d.stage_since, d.reason, d.verdict,
       d.cluster_id, d.account_count, d.is_open, d.received_at
FROM indicators_detection d JOIN indicators_detector r ON r.id = d.detector_id
WHERE d.cluster_id = %(cluster)s AND d.stage <> 'superseded' AND d.id < %(below)s
ORDER BY d.id DESC LIMIT %(limit)s
"""
# drafts_of_cluster
_DRAFTS = """
SELECT d.id, d.state, d.state_since, d.object_count, k.title, coalesce(u.username, ''), d.failure,
       d.collection_id
FROM indicators_draft d
LEFT JOIN indicators_collection k ON k.id = d.collection_id
LEFT JOIN auth_user u ON u.id = d.decided_by_id
WHERE d.cluster_id = %(cluster)s AND d.state NOT IN ('prepared', 'superseded')
ORDER BY d.created_at DESC LIMIT %(limit)s
"""
# authored_of_cluster
_AUTHORED = """
SELECT stix_id, role FROM indicators_authored
WHERE cluster_id = %(cluster)s AND incarnation = %(incarnation)s
  AND role IN ('campaign', 'infrastructure')
ORDER BY role
"""
# one_match_each; origins by primary keys
_MATCHES = """
SELECT m.uuid, m.state, m.semantics, m.token_count, m.account_count, m.changed_at,
       coalesce(o.name, ''), m.retired_because
FROM indicators_match m
LEFT JOIN indicators_knownindicator k ON k.stix_id = m.stix_id
LEFT JOIN indicators_member o ON o.id = k.origin_id
WHERE m.cluster_id = %(cluster)s
ORDER BY m.retired_at IS NOT NULL, m.changed_at DESC LIMIT %(limit)s
"""
# By primary key: a cluster that nobody was told of stands for itself.
_JOINT = """
SELECT j.id, j.confidence, jsonb_array_length(j.origins)
FROM indicators_jointsubject s JOIN indicators_jointcluster j ON j.id = s.joint_id
WHERE s.subject = ANY(%(subjects)s) AND j.ended_at IS NULL LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft of the cluster that went to somebody."""

    id: UUID
    state: str
    since: datetime
    object_count: int
    collection: str | None
    decided_by: str
    failure: str
    collection_id: UUID | None


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A lead that somebody's indicator gives on the cluster."""

    uuid: UUID
    state: str
    semantics: str
    token_count: int
    account_count: int
    changed_at: datetime
    origin: str
    retired_because: str


@dataclass(frozen=True, slots=True)
class Actor:
    """The joint cluster that it is part of: who else sees it, and how sure this node is."""

    id: UUID
    confidence: float
    origin_count: int


@dataclass(frozen=True, slots=True)
class ClusterView:
    """A cluster with all that its page shows. `accounts` counts those of two findings twice.

    `is_submitted_by_reader`: its submission is a page to them; to others there is none.
    `published`: (STIX id, role) of its campaign and account network, if the feed has them.
    `following`: the id of the last finding that is shown, if there are more.
    """

    id: int
    token: str
    incarnation: int
    is_open: bool
    draft_due: bool
    description: str
    described_by: str
    facts: ClusterFacts | None
    detector_id: UUID
    detector: str
    policy: str
    tlp: int
    collection: str | None
    submission: UUID | None
    is_submitted_by_reader: bool
    finding_count: int
    accounts: int
    first: datetime | None
    last: datetime | None
    findings: Sequence[FindingRow]
    following: int | None
    drafts: Sequence[DraftRow]
    published: Sequence[tuple[str, str]]
    matches: Sequence[MatchRow]
    actor: Actor | None


def read_cluster(
    number: int, person: int, *, below: int | None = None, limit: int = 25
) -> ClusterView | None:
    """A cluster, unless another person works at it alone; seven statements."""
    asked = {"cluster": number, "person": person, "limit": SHOWN}
    page = {"cluster": number, "below": below or 2**63 - 1, "limit": limit + 1}
    with open_cursor() as cursor:
        row = cursor.execute(_CLUSTER, asked).fetchone()
        if row is None:
            return None
        *facts, key, sealed, detector, name, policy, tlp, collection, told, own, n, a, b, c = row
        listed = [FindingRow(*each) for each in cursor.execute(_FINDINGS, page).fetchall()]
        drafts = [DraftRow(*each) for each in cursor.execute(_DRAFTS, asked).fetchall()]
        matches = [MatchRow(*each) for each in cursor.execute(_MATCHES, asked).fetchall()]
        of_now = {**asked, "incarnation": row[2]}
        published = cursor.execute(_AUTHORED, of_now).fetchall()
        subjects = [f"cluster/{number}", *(stix_id for stix_id, _ in published)]
        joint = cursor.execute(_JOINT, {"subjects": subjects}).fetchone()
    following = listed[limit - 1].id if len(listed) > limit else None
    source = (detector, name, policy, tlp, collection, told, own, n, int(a), b, c)
    of_it = (listed[:limit], following, drafts, published, matches, joint and Actor(*joint))
    columns: list[Any] = [*facts, _open_facts(number, key, sealed), *source, *of_it]
    return ClusterView(*columns)


def _open_facts(number: int, key: int | None, sealed: Any) -> ClusterFacts | None:
    """Aggregates alone: what names somebody is not among a cluster's facts."""
    if key is None or sealed is None:
        return None
    plain = open_sealer().unseal(key, bytes(sealed), place("cluster", number))
    return msgspec.json.decode(plain, type=ClusterFacts)
