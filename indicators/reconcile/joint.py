"""Joint clusters, kept as links come and go: only those that a change concerns are looked at.

Where nothing parted, a whole joint cluster is one node: to grow costs by what joins. Only one that
lost an edge or a subject is taken apart. All of it is one transaction with the matches that it
follows from; one at a time, so that two batches that share a token see each other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from indicators.reconcile.assessment import reassess
from indicators.reconcile.components import Change, Group, Settled, components, settle
from indicators.reconcile.links import Relinked, relink
from indicators.store.custody import ensure_own_member
from indicators.store.sql import Cursor

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('indicators_jointcluster'))"
_MOST_NAMED = 100
# indicators_of_subject; the edges' primary key, and edges_by_second.
_PRESENT = """
SELECT s.subject, coalesce(o.owner_id, k.origin_id, %(own)s)
FROM unnest(%(subjects)s::text[]) AS s(subject)
LEFT JOIN LATERAL (
    SELECT origin_id FROM indicators_knownindicator
    WHERE subject = s.subject AND is_live ORDER BY stix_id LIMIT 1
) k ON true
LEFT JOIN LATERAL (
    SELECT owner_id FROM indicators_objectid WHERE id = s.subject OFFSET 0
) o ON true
WHERE k.origin_id IS NOT NULL
   OR EXISTS (SELECT FROM indicators_jointedge WHERE first = s.subject)
   OR EXISTS (SELECT FROM indicators_jointedge WHERE second = s.subject)
"""
_SEATS = "SELECT subject, joint_id FROM indicators_jointsubject WHERE subject = ANY(%s)"
_JOINTS = "SELECT id, formed_at, subject_count FROM indicators_jointcluster WHERE id = ANY(%s)"
_MEMBERS = "SELECT subject, joint_id FROM indicators_jointsubject WHERE joint_id = ANY(%s)"
_EDGES = "SELECT first, second FROM indicators_jointedge WHERE first = ANY(%s)"

_FORM = """
INSERT INTO indicators_jointcluster
    (id, formed_at, changed_at, subject_count, origins, confidence, terms)
SELECT id, %(now)s, %(now)s, 0, '[]', 0, '[]' FROM unnest(%(ids)s::uuid[]) AS n(id)
"""
_MOVE = """
INSERT INTO indicators_jointsubject (subject, joint_id, origin_id, joined_at)
SELECT n.*, %(now)s
FROM unnest(%(subjects)s::text[], %(joints)s::uuid[], %(origins)s::uuid[]) AS n(s, j, o)
ON CONFLICT (subject) DO UPDATE SET joint_id = excluded.joint_id, joined_at = excluded.joined_at
WHERE indicators_jointsubject.joint_id <> excluded.joint_id
"""
_RESEAT = "UPDATE indicators_jointsubject SET joint_id = %s WHERE joint_id = %s RETURNING subject"
_LEAVE = "DELETE FROM indicators_jointsubject WHERE subject = ANY(%s)"
_MERGE = """
UPDATE indicators_jointcluster j SET merged_into_id = n.heir
FROM unnest(%s::uuid[], %s::uuid[]) AS n(id, heir) WHERE j.id = n.id
"""
# The foreign key's index on joint_id.
_RECOUNT = """
UPDATE indicators_jointcluster j SET
    subject_count = n.subjects,
    changed_at = CASE WHEN j.id = ANY(%(changed)s) THEN %(now)s ELSE j.changed_at END,
    ended_at = CASE WHEN n.subjects = 0 THEN %(now)s END,
    assessed_at = NULL
FROM (
    SELECT a.id, count(s.subject) AS subjects FROM unnest(%(ids)s::uuid[]) AS a(id)
    LEFT JOIN indicators_jointsubject s ON s.joint_id = a.id GROUP BY a.id
) n WHERE j.id = n.id
RETURNING j.id, j.ended_at IS NULL
"""
_TELL = """
INSERT INTO indicators_jointevent (joint_id, what, other_id, subjects, at)
SELECT joint, what, other, subjects::jsonb, %s
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[]) AS n(joint, what, other, subjects)
"""


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a change concerns: who is where, who is still there, and what stands for a whole."""

    seats: Mapping[str, UUID]
    present: Mapping[str, UUID]
    wholes: Mapping[str, UUID]
    formed: Mapping[UUID, datetime]
    sizes: Mapping[UUID, int]

    def node(self, subject: str) -> str:
        joint = self.seats.get(subject)
        whole = f"joint/{joint}"
        return whole if whole in self.wholes else subject


def connect(
    cursor: Cursor,
    indicator_ids: Sequence[str],
    match_ids: Sequence[int],
    gone: Sequence[str],
    now: datetime,
    answered: Collection[str] = (),
) -> list[UUID]:
    """Bring the joint clusters up to date with these changes, and assess them anew; their ids.

    indicator_ids: KnownIndicators that were written, also those that only have another subject now;
    match_ids: matches that were found, changed, decided or retired; gone: indicators that are no
    longer live; answered: what `answers.take` returned. All are written already. Call it last in
    the transaction: it waits for others, who must not wait for what is locked before.
    """
    cursor.execute(_ONE_AT_A_TIME)
    changed = relink(cursor, [*indicator_ids, *gone], match_ids, now)
    joints = _rearrange(cursor, changed, now) if changed.subjects else []
    reassess(cursor, joints, answered, now)
    return joints


def _rearrange(cursor: Cursor, changed: Relinked, now: datetime) -> list[UUID]:
    scene = _scene(cursor, changed)
    missing = sorted(each for each in scene.seats if each not in scene.present)
    edges = [*_old_edges(cursor, scene), *changed.joined]
    return _write(cursor, scene, _settle(scene, edges), missing, now)


def _scene(cursor: Cursor, changed: Relinked) -> _Scene:
    touched = sorted(changed.subjects)
    own = ensure_own_member().pk
    present: dict[str, UUID] = dict(
        cursor.execute(_PRESENT, {"subjects": touched, "own": own}).fetchall()
    )
    seats: dict[str, UUID] = dict(cursor.execute(_SEATS, (touched,)).fetchall())
    for old, new in changed.renamed.items():
        if old in seats and old not in present and new not in seats:
            seats[new] = seats[old]
    rows = cursor.execute(_JOINTS, (sorted(set(seats.values())),)).fetchall()
    loose = _loose(changed.parted, seats, present)
    for subject, joint in cursor.execute(_MEMBERS, (sorted(loose),)).fetchall():
        if subject not in seats:
            seats[subject] = joint
            present[subject] = own  # it has its origin already
    wholes = {f"joint/{joint}": joint for joint, *_ in rows if joint not in loose}
    formed = {joint: at for joint, at, _ in rows}
    sizes = {joint: count for joint, _, count in rows}
    return _Scene(seats, present, wholes, formed, sizes)


def _loose(
    parted: Iterable[tuple[str, str]], seats: Mapping[str, UUID], present: Mapping[str, UUID]
) -> set[UUID]:
    """The joint clusters that may fall apart: one lost an edge inside, or a subject."""
    loose = {joint for subject, joint in seats.items() if subject not in present}
    for first, second in parted:
        if first in seats and seats[first] == seats.get(second):
            loose.add(seats[first])
    return loose


def _old_edges(cursor: Cursor, scene: _Scene) -> list[tuple[str, str]]:
    """The edges within the clusters that are taken apart: all that their subjects have."""
    apart = sorted(each for each in scene.seats if scene.node(each) == each)
    return [(first, second) for first, second in cursor.execute(_EDGES, (apart,)).fetchall()]


def _settle(scene: _Scene, edges: Iterable[tuple[str, str]]) -> Settled:
    nodes = {scene.node(subject) for subject in scene.present}
    ends = [(scene.node(first), scene.node(second)) for first, second in edges]
    seats = {**scene.seats, **scene.wholes}
    weights = {whole: scene.sizes[joint] for whole, joint in scene.wholes.items()}
    return settle(components(nodes, ends), seats, scene.formed, uuid4, weights)


def _write(
    cursor: Cursor, scene: _Scene, settled: Settled, missing: Sequence[str], now: datetime
) -> list[UUID]:
    concerned = {*settled.groups, *scene.formed}
    new = sorted(set(settled.groups) - set(scene.formed))
    cursor.execute(_FORM, {"ids": new, "now": now})
    moved = _moved(scene, settled.groups)
    subjects, joints = [subject for subject, _ in moved], [joint for _, joint in moved]
    origins = [scene.present[subject] for subject in subjects]
    cursor.execute(_MOVE, {"subjects": subjects, "joints": joints, "origins": origins, "now": now})
    named = _reseat(cursor, scene, settled.merged)
    cursor.execute(_LEAVE, (list(missing),))
    cursor.execute(_MERGE, (list(settled.merged), list(settled.merged.values())))
    changes = [*settled.changes, *_departures(scene, missing)]
    _tell(cursor, changes, named, now)
    asked = {
        "ids": sorted(concerned),
        "changed": sorted({change.joint for change in changes} | set(settled.merged)),
        "now": now,
    }
    return [joint for joint, lives in cursor.execute(_RECOUNT, asked).fetchall() if lives]


def _moved(scene: _Scene, groups: Mapping[UUID, Group]) -> list[tuple[str, UUID]]:
    """Subjects with another joint cluster than before, by themselves or under a new name."""
    return [
        (node, joint)
        for joint, group in groups.items()
        for node in sorted(group)
        if node not in scene.wholes
    ]


def _reseat(cursor: Cursor, scene: _Scene, merged: Mapping[UUID, UUID]) -> dict[str, Sequence[str]]:
    """Bring whole clusters into those that they merged into; by node, whom that moved."""
    named: dict[str, Sequence[str]] = {}
    for whole, joint in scene.wholes.items():
        if joint in merged:
            rows = cursor.execute(_RESEAT, (merged[joint], joint)).fetchmany(_MOST_NAMED)
            named[whole] = sorted(subject for (subject,) in rows)
    return named


def _departures(scene: _Scene, missing: Iterable[str]) -> list[Change]:
    return [Change(scene.seats[subject], "left", None, (subject,)) for subject in missing]


def _tell(
    cursor: Cursor, changes: Sequence[Change], named: Mapping[str, Sequence[str]], now: datetime
) -> None:
    """Write down what became of them; of many subjects some are named."""
    told = [
        [each for node in change.nodes for each in named.get(node, (node,))][:_MOST_NAMED]
        for change in changes
    ]
    cursor.execute(
        _TELL,
        (
            now,
            [change.joint for change in changes],
            [change.what for change in changes],
            [change.other for change in changes],
            [msgspec.json.encode(subjects).decode() for subjects in told],
        ),
    )
