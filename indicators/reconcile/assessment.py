"""What this node makes of its joint clusters: evidence read, confidence and origins written.

Only what is held now counts: live indicators, answers that were not taken back, and clusters of
this node whose match a person confirmed. So an assessment can be made anew at any time; the hourly
one follows decay and what was changed of members' reliability.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import transaction

from indicators.models import JointCluster, Member
from indicators.reconcile.confidence import (
    Assessment,
    Dispute,
    Evidence,
    Term,
    assess,
    explain,
)
from indicators.reconcile.corroboration import Standing, standing_of
from indicators.store.sql import Cursor, open_cursor

#: How long an assessment holds.
FRESH = timedelta(hours=1)
_AT_ONCE = 500

# indicators_of_subject
_INDICATORS = """
SELECT s.joint_id, s.subject, k.stix_id, m.identity_id, m.reliability, k.is_first_party,
    k.echo_of <> '', k.confidence, k.modified, k.lifetime_days, k.decay_speed
FROM indicators_jointsubject s
CROSS JOIN LATERAL (
    SELECT * FROM indicators_knownindicator WHERE subject = s.subject AND is_live OFFSET 0
) k
JOIN indicators_member m ON m.id = k.origin_id
WHERE s.joint_id = ANY(%s)
"""
# answers_to_object
_ANSWERS = """
SELECT DISTINCT ON (t.joint, a.target, a.origin_id, a.kind)
    t.joint, a.stix_id, a.target, a.kind, m.identity_id, m.reliability, a.confidence, a.said_at,
    a.stance, a.reaction = 'non-malicious', a.false_positive_count, a.matched_account_count
FROM (
    SELECT joint_id, subject FROM indicators_jointsubject WHERE joint_id = ANY(%(joints)s)
    UNION SELECT * FROM unnest(%(of)s::uuid[], %(targets)s::text[])
) AS t(joint, target)
CROSS JOIN LATERAL (
    SELECT * FROM indicators_answer WHERE target = t.target AND NOT is_revoked OFFSET 0
) a
JOIN indicators_member m ON m.id = a.origin_id
ORDER BY t.joint, a.target, a.origin_id, a.kind, a.version DESC, a.stix_id
"""
# one_match_each
_CLUSTERS = """
SELECT s.joint_id, s.subject, own.identity_id, own.reliability, max(m.decided_at)
FROM indicators_jointsubject s
JOIN indicators_member own ON own.is_self
CROSS JOIN LATERAL (
    SELECT decided_at FROM indicators_match
    WHERE cluster_id = substr(s.subject, 9)::bigint AND state = 'confirmed' AND retired_at IS NULL
    OFFSET 0
) m
WHERE s.joint_id = ANY(%s) AND starts_with(s.subject, 'cluster/')
GROUP BY 1, 2, 3, 4
"""
_ASSESS = """
UPDATE indicators_jointcluster j SET
    confidence = n.confidence, origins = n.origins::jsonb, terms = n.terms::jsonb,
    assessed_at = %(now)s
FROM unnest(%(ids)s::uuid[], %(confidence)s::float8[], %(origins)s::text[], %(terms)s::text[])
    AS n(id, confidence, origins, terms)
WHERE j.id = n.id
"""
# joint_clusters_by_age, twice: what was never assessed has no age. Who changes a cluster assesses
# it, too: there is no need to wait for them.
_OLD = """
SELECT id FROM (
    SELECT id FROM indicators_jointcluster WHERE ended_at IS NULL AND assessed_at IS NULL
    LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
) never
UNION ALL
SELECT id FROM (
    SELECT id FROM indicators_jointcluster WHERE ended_at IS NULL AND assessed_at < %(before)s
    ORDER BY assessed_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
) old
LIMIT %(limit)s
"""
_OF_TARGETS = """
SELECT joint_id FROM indicators_jointsubject WHERE subject = ANY(%(targets)s)
UNION
SELECT s.joint_id FROM indicators_knownindicator k CROSS JOIN LATERAL (
    SELECT joint_id FROM indicators_jointsubject WHERE subject = k.subject OFFSET 0
) s WHERE k.stix_id = ANY(%(targets)s)
"""


class _Indicator(NamedTuple):
    joint: UUID
    subject: str
    stix_id: str
    origin: str
    reliability: str
    is_first_party: bool
    is_echo: bool
    confidence: int | None
    modified: datetime
    lifetime_days: float | None
    decay_speed: float


class _Answer(NamedTuple):
    joint: UUID
    stix_id: str
    target: str
    kind: str
    origin: str
    reliability: str
    confidence: int | None
    said_at: datetime
    stance: int
    is_non_malicious: bool
    false_positives: int | None
    matched: int | None


@dataclass(slots=True)
class _Held:
    """What was read of one joint cluster."""

    indicators: list[_Indicator] = field(default_factory=list)
    answers: defaultdict[str, list[_Answer]] = field(default_factory=lambda: defaultdict(list))
    clusters: list[Evidence] = field(default_factory=list)


def reassess(
    cursor: Cursor, joint_ids: Collection[UUID], targets: Collection[str], now: datetime
) -> int:
    """Assess these joint clusters, and those that the targets of answers are in; how many.

    `joint.connect` does so in the transaction that changed them.
    """
    asked = {"targets": sorted(targets)}
    rows = cursor.execute(_OF_TARGETS, asked).fetchall() if targets else []
    ids = sorted({*joint_ids, *(joint for (joint,) in rows)})
    for start in range(0, len(ids), _AT_ONCE):
        _assess(cursor, ids[start : start + _AT_ONCE], now)
    return len(ids)


def reassess_old(now: datetime, limit: int = _AT_ONCE) -> int:
    """Assess those whose assessment is older than an hour, or missing; how many there were."""
    with transaction.atomic(), open_cursor() as cursor:
        cursor.execute(_OLD, {"before": now - FRESH, "limit": limit})
        ids = sorted(joint for (joint,) in cursor.fetchall())
        _assess(cursor, ids, now)
    return len(ids)


def explained(joint: JointCluster) -> list[str]:
    """Why its confidence is what it is, in sentences that name organizations by their names."""
    terms = msgspec.convert(joint.terms, tuple[Term, ...])
    identities = {each for term in terms for each in (term.origin, *term.disputed_by)}
    named = Member.objects.filter(identity_id__in=identities)
    names = dict(named.values_list("identity_id", "name"))
    return explain(Assessment(joint.confidence, terms, tuple(joint.origins)), names)


def _assess(cursor: Cursor, ids: Sequence[UUID], now: datetime) -> None:
    held = _read(cursor, ids)
    assessed = [(joint, assess(list(_evidence(held[joint])), now)) for joint in ids]
    asked: dict[str, Any] = {
        "ids": list(ids),
        "confidence": [each.probability for _, each in assessed],
        "origins": [_json(each.origins) for _, each in assessed],
        "terms": [_json(each.terms) for _, each in assessed],
        "now": now,
    }
    cursor.execute(_ASSESS, asked)


def _read(cursor: Cursor, ids: Sequence[UUID]) -> Mapping[UUID, _Held]:
    held: defaultdict[UUID, _Held] = defaultdict(_Held)
    targets: list[tuple[UUID, str]] = []
    for row in cursor.execute(_INDICATORS, (list(ids),)).fetchall():
        indicator = _Indicator(*row)
        held[indicator.joint].indicators.append(indicator)
        targets.append((indicator.joint, indicator.stix_id))
    asked = {
        "joints": list(ids),
        "of": [joint for joint, _ in targets],
        "targets": [target for _, target in targets],
    }
    for row in cursor.execute(_ANSWERS, asked).fetchall():
        answer = _Answer(*row)
        held[answer.joint].answers[answer.target].append(answer)
    for joint, subject, origin, reliability, since in cursor.execute(_CLUSTERS, (list(ids),)):
        found = Evidence("cluster", subject, origin, reliability, Standing.FIRST_PARTY, None, since)
        held[joint].clusters.append(found)
    return held


def _evidence(held: _Held) -> Iterator[Evidence]:
    yield from held.clusters
    ages = {each.stix_id: (each.lifetime_days, each.decay_speed) for each in held.indicators}
    for each in held.indicators:
        answers = [*held.answers.get(each.stix_id, ()), *held.answers.get(each.subject, ())]
        seen = (answer.said_at for answer in answers if answer.kind == "sighting")
        yield Evidence(
            kind="indicator",
            ref=each.stix_id,
            origin=each.origin,
            reliability=each.reliability,
            standing=standing_of(is_first_party=each.is_first_party, is_echo=each.is_echo),
            confidence=each.confidence,
            since=max([each.modified, *seen]),
            lifetime_days=each.lifetime_days,
            decay_speed=each.decay_speed,
            disputes=tuple(_disputes(answers)),
        )
    for target, answers in held.answers.items():
        for answer in answers:
            if answer.kind == "sighting":
                yield _sighting(answer, *ages.get(target, (None, 1)))


def _sighting(answer: _Answer, lifetime_days: float | None, decay_speed: float) -> Evidence:
    """It ages as what it is a sighting of does."""
    return Evidence(
        kind="sighting",
        ref=answer.stix_id,
        origin=answer.origin,
        reliability=answer.reliability,
        standing=Standing.FIRST_PARTY,
        confidence=answer.confidence,
        since=answer.said_at,
        lifetime_days=lifetime_days,
        decay_speed=decay_speed,
    )


def _disputes(answers: Iterable[_Answer]) -> Iterator[Dispute]:
    for each in answers:
        if each.kind == "opinion":
            yield Dispute(
                each.origin,
                each.reliability,
                each.stance,
                each.is_non_malicious,
                each.false_positives,
                each.matched,
            )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
