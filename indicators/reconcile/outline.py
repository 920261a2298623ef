"""A joint cluster as people look at it: who sees it, what holds it together, how sure and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from indicators.models import JointCluster, JointEvent, Member
from indicators.reconcile.assessment import explained
from indicators.store.sql import open_cursor

#: Of a large cluster people see some, the strongest; the counts say how many there are.
SHOWN = 200

# The foreign key's index on joint_id; the edges' primary key.
_EDGES = """
SELECT e.first, e.second, e.kinds, e.token_count FROM indicators_jointsubject s
CROSS JOIN LATERAL (
    SELECT * FROM indicators_jointedge WHERE first = s.subject OFFSET 0
) e
WHERE s.joint_id = %s ORDER BY e.token_count DESC, e.first, e.second LIMIT %s
"""
_SUBJECTS = """
SELECT s.subject, m.name, s.joined_at FROM indicators_jointsubject s
JOIN indicators_member m ON m.id = s.origin_id
WHERE s.joint_id = %s ORDER BY s.joined_at, s.subject LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject (a STIX id, or `cluster/<number>` of this node), and whose it is."""

    subject: str
    origin: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Edge:
    """Why two subjects belong together: shared tokens by kind."""

    first: str
    second: str
    kinds: Mapping[str, int]
    token_count: int


@dataclass(frozen=True, slots=True)
class Event:
    """What became of it; `other` is the cluster that merged into it, or that was split off."""

    what: str
    other: UUID | None
    subjects: Sequence[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Outline:
    """`origins`: the names of who sees it first-hand; `why`: its confidence, term by term."""

    id: UUID
    merged_into: UUID | None
    confidence: float
    origins: tuple[str, ...]
    why: tuple[str, ...]
    subject_count: int
    subjects: tuple[Subject, ...]
    edges: tuple[Edge, ...]
    events: tuple[Event, ...]


def outline(joint: JointCluster) -> Outline:
    """The cluster with at most SHOWN of its subjects, edges and events; a few statements."""
    with open_cursor() as cursor:
        subjects = cursor.execute(_SUBJECTS, (joint.pk, SHOWN)).fetchall()
        edges = cursor.execute(_EDGES, (joint.pk, SHOWN)).fetchall()
    events = JointEvent.objects.filter(joint=joint).order_by("-at", "-pk")[:SHOWN]
    return Outline(
        id=joint.pk,
        merged_into=joint.merged_into_id,
        confidence=joint.confidence,
        origins=tuple(names_of([joint])[joint.pk]),
        why=tuple(explained(joint)),
        subject_count=joint.subject_count,
        subjects=tuple(Subject(*row) for row in subjects),
        edges=tuple(
            Edge(first, second, msgspec.json.decode(kinds), count)
            for first, second, kinds, count in edges
        ),
        events=tuple(Event(each.what, each.other_id, each.subjects, each.at) for each in events),
    )


def names_of(joints: Sequence[JointCluster]) -> dict[UUID, list[str]]:
    """The names of the organizations that see each of these first-hand; one statement."""
    identities = {each for joint in joints for each in joint.origins}
    named = dict(
        Member.objects.filter(identity_id__in=identities).values_list("identity_id", "name")
    )
    return {joint.pk: sorted(named.get(each, each) for each in joint.origins) for joint in joints}
