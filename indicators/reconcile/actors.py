"""An actor that several organizations see, as a page shows it: the joint cluster with names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from indicators.models import JointCluster
from indicators.reconcile.outline import Edge, Event, Outline, outline
from indicators.store.sql import Cursor, open_cursor

_LOCAL = "cluster/"
# Merges form a chain, as each is into an older one; so long nobody's history is.
_MOST_MERGES = 100

# Primary keys; authored_of_cluster's own key leads back to what this node found.
_NAMED = """
SELECT asked.id, coalesce(c.name, ''), coalesce(c.type, ''), coalesce(m.name, ''),
    coalesce(c.is_own, false), a.cluster_id
FROM unnest(%s::text[]) AS asked(id)
LEFT JOIN indicators_catalogrow c ON c.stix_id = asked.id
LEFT JOIN indicators_member m ON m.id = c.origin_id
LEFT JOIN indicators_authored a ON a.stix_id = asked.id
"""
# references_to: the campaigns whose own author says that they use one of these networks.
_CAMPAIGNS = """
SELECT DISTINCT c.stix_id, c.name, m.name, c.confidence, c.tlp
FROM unnest(%s::text[]) AS asked(id)
CROSS JOIN LATERAL (
    SELECT asked.id AS campaign, asked.id AS said
    UNION ALL (
        SELECT source, stix_id FROM indicators_reference
        WHERE target = asked.id AND relation = 'uses' ORDER BY id LIMIT 100
    )
) r
JOIN indicators_catalogrow c ON c.stix_id = r.campaign AND c.type = 'campaign'
JOIN indicators_catalogrow said ON said.stix_id = r.said AND said.origin_id = c.origin_id
JOIN indicators_member m ON m.id = c.origin_id
ORDER BY c.name, c.stix_id LIMIT 100
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A subject of it. `cluster`: the number of this node's own cluster; `is_private`: nobody has
    been told of that one.
    """

    subject: str
    name: str
    type: str
    origin: str
    is_own: bool
    cluster: int | None
    joined_at: datetime

    @property
    def is_private(self) -> bool:
        return self.subject.startswith(_LOCAL)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One that uses accounts of this actor, as its author says."""

    stix_id: str
    name: str
    origin: str
    confidence: int | None
    tlp: int | None


@dataclass(frozen=True, slots=True)
class Actor:
    """The joint cluster, its members with names; `changed_at`: when members came or went."""

    id: UUID
    formed_at: datetime
    changed_at: datetime
    assessed_at: datetime | None
    ended_at: datetime | None
    confidence: float
    origins: tuple[str, ...]
    why: tuple[str, ...]
    subject_count: int
    members: tuple[Member, ...]
    edges: tuple[Edge, ...]
    events: tuple[Event, ...]
    campaigns: tuple[Campaign, ...]
    names: Mapping[str, str]


def actor(number: UUID) -> Actor | None:
    """The joint cluster of that id, or the one that it merged into; a few statements."""
    joint = _present(number)
    if joint is None:
        return None
    told = outline(joint)
    with open_cursor() as cursor:
        members, names = _members(cursor, told)
        shared = [each.subject for each in members if not each.is_private]
        campaigns = [Campaign(*row) for row in cursor.execute(_CAMPAIGNS, (shared,)).fetchall()]
    return Actor(
        id=joint.pk,
        formed_at=joint.formed_at,
        changed_at=joint.changed_at,
        assessed_at=joint.assessed_at,
        ended_at=joint.ended_at,
        confidence=told.confidence,
        origins=told.origins,
        why=told.why,
        subject_count=told.subject_count,
        members=tuple(members),
        edges=told.edges,
        events=told.events,
        campaigns=tuple(campaigns),
        names=names,
    )


def _present(number: UUID) -> JointCluster | None:
    """Where it merged into another, that one: old links lead on."""
    joint = JointCluster.objects.filter(pk=number).first()
    for _ in range(_MOST_MERGES):
        if joint is None or joint.merged_into_id is None:
            break
        joint = JointCluster.objects.filter(pk=joint.merged_into_id).first()
    return joint


def _members(cursor: Cursor, told: Outline) -> tuple[list[Member], dict[str, str]]:
    known = _named(cursor, _everybody(told))
    members = []
    for each in told.subjects:
        name, kind, _, is_own, cluster = known[each.subject]
        private = each.subject.startswith(_LOCAL)
        number = int(each.subject.removeprefix(_LOCAL)) if private else cluster
        members.append(
            Member(
                subject=each.subject,
                name=name,
                type="" if private else kind or each.subject.partition("--")[0],
                origin=each.origin,
                is_own=is_own or private or cluster is not None,
                cluster=number,
                joined_at=each.joined_at,
            )
        )
    return members, {subject: name for subject, (name, *_) in known.items()}


def _everybody(told: Outline) -> set[str]:
    subjects = {each.subject for each in told.subjects}
    for event in told.events:
        subjects |= set(event.subjects)
    for edge in told.edges:
        subjects |= {edge.first, edge.second}
    return subjects


def _named(
    cursor: Cursor, subjects: Iterable[str]
) -> dict[str, tuple[str, str, str, bool, int | None]]:
    listed: Sequence[str] = sorted(subjects)
    rows = cursor.execute(_NAMED, (listed,)).fetchall()
    return {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in rows}
