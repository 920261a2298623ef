"""Which organizations saw a campaign's accounts themselves, by this node's own reckoning."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson

from indicators.store.sql import Cursor

#: Account networks of one campaign that are looked at.
MOST_NETWORKS = 200

# references_from and primary keys. Only the campaign's own author says what it uses: nobody else
# may hang it on accounts that several see.
_JOINTS = """
SELECT asked.id, j.id, j.confidence, j.origins, j.formed_at
FROM unnest(%(ids)s::text[]) AS asked(id)
JOIN indicators_catalogrow campaign ON campaign.stix_id = asked.id
CROSS JOIN LATERAL (
    SELECT asked.id AS subject
    UNION ALL (
        SELECT r.target FROM indicators_reference r
        JOIN indicators_catalogrow said
            ON said.stix_id = r.stix_id AND said.origin_id = campaign.origin_id
        WHERE r.source = asked.id AND r.relation = 'uses'
            AND starts_with(r.target, 'infrastructure--')
        LIMIT %(most)s
    )
) s
JOIN indicators_jointsubject js ON js.subject = s.subject
JOIN indicators_jointcluster j ON j.id = js.joint_id AND j.ended_at IS NULL
"""
# answers_to_object
_SIGHTED = """
SELECT a.target, m.identity_id, min(a.said_at)
FROM indicators_answer a JOIN indicators_member m ON m.id = a.origin_id
WHERE a.target = ANY(%s) AND a.kind = 'sighting' AND NOT a.is_revoked GROUP BY 1, 2
"""
# The foreign key's index on joint_id.
_SINCE = """
SELECT m.name, min(s.joined_at) FROM indicators_jointsubject s
JOIN indicators_member m ON m.id = s.origin_id
WHERE s.joint_id = ANY(%s) AND m.identity_id = ANY(%s) GROUP BY 1 ORDER BY 2, 1
"""
_NAMES = "SELECT identity_id, name FROM indicators_member WHERE identity_id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint cluster that the campaign's accounts are in."""

    id: UUID
    confidence: float
    origins: tuple[str, ...]
    formed_at: datetime


@dataclass(slots=True)
class Corroboration:
    """`organizations`: the names of who saw it first-hand; `joints`: the surest first."""

    organizations: tuple[str, ...] = ()
    joints: list[Joint] = field(default_factory=list)

    @property
    def confidence(self) -> float | None:
        """Of the surest joint cluster, 0 to 100; None if it is in none."""
        return self.joints[0].confidence * 100 if self.joints else None


def corroborations(cursor: Cursor, campaigns: Sequence[str]) -> Mapping[str, Corroboration]:
    """By campaign, who saw it and how sure that is; three statements."""
    ids = list(campaigns)
    found: defaultdict[str, Corroboration] = defaultdict(Corroboration)
    seen_by: defaultdict[str, set[str]] = defaultdict(set)
    asked = {"ids": ids, "most": MOST_NETWORKS}
    for campaign, joint, confidence, origins, formed in cursor.execute(_JOINTS, asked).fetchall():
        told = tuple(origins if isinstance(origins, list) else orjson.loads(origins))
        held = found[campaign].joints
        if all(each.id != joint for each in held):
            held.append(Joint(joint, confidence, told, formed))
        seen_by[campaign].update(told)
    for campaign, identity, _ in cursor.execute(_SIGHTED, (ids,)).fetchall():
        seen_by[campaign].add(identity)
    everybody = sorted(set().union(*seen_by.values()))
    names: dict[str, str] = (
        dict(cursor.execute(_NAMES, (everybody,)).fetchall()) if everybody else {}
    )
    for campaign in ids:
        found[campaign].joints.sort(key=lambda joint: (-joint.confidence, joint.id))
        whose = sorted(names.get(each, each) for each in seen_by[campaign])
        found[campaign].organizations = tuple(whose)
    return found


def seen_since(cursor: Cursor, joints: Sequence[Joint]) -> list[tuple[str, datetime]]:
    """Since when this node knows who of these joint clusters' organizations saw it themselves."""
    identities = sorted({each for joint in joints for each in joint.origins})
    cursor.execute(_SINCE, ([joint.id for joint in joints], identities))
    return [(name, at) for name, at in cursor.fetchall()]
