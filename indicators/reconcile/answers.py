"""What organizations answer: sightings and opinions on objects, the newest word of each.

An answer on an object of this node counts for the detector that found its cluster: as confirmed by
one organization, or as disputed, once for each cluster however many answers it sends. Who disputes
does not confirm. What this node answers to itself counts for nothing there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from indicators.detections.drafts.objects import EXTENSIONS
from indicators.store.sql import Cursor

Object = tuple[str, datetime, bytes, UUID]

#: Objects that one opinion may be on; the rest is not looked at.
MOST_TARGETS = 1_000
_STANCES = {
    "strongly-disagree": -2, "disagree": -1, "neutral": 0, "agree": 1, "strongly-agree": 2,
}  # fmt: skip
_MOST_COUNTED = 999_999_999

# Before what is counted of them changes: whoever counts the same detectors waits.
_LOCK = """
SELECT d.id FROM indicators_detector d WHERE d.id IN (
    SELECT c.detector_id FROM indicators_cluster c WHERE c.id = ANY(%s)
) ORDER BY d.id FOR NO KEY UPDATE
"""
_ABOUT = "SELECT stix_id, cluster_id FROM indicators_authored WHERE stix_id = ANY(%s)"
# one_answer_an_object: an opinion may be on other objects than before, and on other clusters.
_BEFORE = """
SELECT target, cluster_id FROM indicators_answer a
JOIN unnest(%s::text[], %s::timestamptz[]) AS n(stix_id, version)
    ON n.stix_id = a.stix_id AND a.version < n.version
"""
_DROP = """
DELETE FROM indicators_answer a USING unnest(%s::text[], %s::timestamptz[]) AS n(stix_id, version)
WHERE n.stix_id = a.stix_id AND a.version < n.version
"""
_STORE = """
INSERT INTO indicators_answer (stix_id, target, version, kind, origin_id, cluster_id, is_own,
    is_revoked, count, stance, reaction, matched_account_count, false_positive_count, confidence,
    said_at)
SELECT n.stix_id, n.target, n.version, n.kind, n.origin, n.cluster, m.is_self, n.revoked, n.count,
    n.stance, n.reaction, n.matched, n.false_positives, n.confidence, n.said
FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::uuid[], %s::bigint[],
    %s::bool[], %s::int[], %s::smallint[], %s::text[], %s::int[], %s::int[], %s::smallint[],
    %s::timestamptz[])
    AS n(stix_id, target, version, kind, origin, cluster, revoked, count, stance, reaction,
        matched, false_positives, confidence, said)
JOIN indicators_member m ON m.id = n.origin
WHERE NOT EXISTS (
    SELECT FROM indicators_answer a WHERE a.stix_id = n.stix_id AND a.version >= n.version
)
ON CONFLICT DO NOTHING
"""
# answers_about_cluster
_TALLY = """
SELECT detector_id, count(*) FILTER (WHERE confirms AND NOT disputes),
    count(*) FILTER (WHERE disputes)
FROM (
    SELECT c.detector_id, a.cluster_id, a.origin_id, bool_or(a.kind = 'sighting') AS confirms,
        bool_or(a.kind = 'opinion' AND (
            a.stance < 0 OR a.reaction = 'non-malicious' OR a.false_positive_count > 0
        )) AS disputes
    FROM indicators_answer a JOIN indicators_cluster c ON c.id = a.cluster_id
    WHERE a.cluster_id = ANY(%s) AND NOT a.is_own AND NOT a.is_revoked
    GROUP BY 1, 2, 3
) heard GROUP BY detector_id
"""
_COUNT = """
UPDATE indicators_detector d SET
    peer_confirmed_count = peer_confirmed_count + n.confirmed,
    peer_disputed_count = peer_disputed_count + n.disputed
FROM unnest(%s::uuid[], %s::int[], %s::int[]) AS n(id, confirmed, disputed) WHERE d.id = n.id
"""


class _Answer(NamedTuple):
    """A row, in the order of `_STORE`."""

    stix_id: str
    target: str
    version: datetime
    kind: str
    origin: UUID
    cluster: int | None
    is_revoked: bool
    times: int
    stance: int
    reaction: str
    matched_account_count: int | None
    false_positive_count: int | None
    confidence: int | None
    said_at: datetime


def take(cursor: Cursor, objects: Sequence[Object], now: datetime) -> set[str]:
    """Take in the answers among these objects; the ids of what they are on, or were.

    objects: (id, version, canonical body, the member whose word it is). Of several versions the
    newest counts, in whatever order they come. Each has the opinion's or sighting's right types.
    `joint.connect` takes what is returned, and assesses the joint clusters of those.
    """
    newest = _newest(objects)
    if not newest:
        return set()
    answers = [answer for each in newest for answer in _read(each, now)]
    versions = [each[0] for each in newest], [each[1] for each in newest]
    before = cursor.execute(_BEFORE, versions).fetchall()
    targets = {answer.target for answer in answers}
    about: dict[str, int] = dict(cursor.execute(_ABOUT, (sorted(targets),)).fetchall())
    clusters = sorted({*about.values(), *(number for _, number in before if number)})
    cursor.execute(_LOCK, (clusters,))
    counted = _tally(cursor, clusters)
    cursor.execute(_DROP, versions)
    _store(cursor, [answer._replace(cluster=about.get(answer.target)) for answer in answers])
    _count(cursor, counted, _tally(cursor, clusters))
    targets.update(target for target, _ in before)
    return targets


def _newest(objects: Iterable[Object]) -> list[Object]:
    """The newest version of each sighting and opinion."""
    newest: dict[str, Object] = {}
    for each in objects:
        if each[0].startswith(("sighting--", "opinion--")):
            held = newest.get(each[0])
            if held is None or held[1] < each[1]:
                newest[each[0]] = each
    return list(newest.values())


def _store(cursor: Cursor, answers: Sequence[_Answer]) -> None:
    if answers:
        cursor.execute(_STORE, tuple(map(list, zip(*answers, strict=True))))


def _read(told: Object, now: datetime) -> Iterator[_Answer]:
    stix_id, version, body, origin = told
    content: dict[str, Any] = msgspec.json.decode(body)
    feedback: Mapping[str, Any] = content.get("extensions", {}).get(EXTENSIONS["feedback"], {})
    for target in _targets(content):
        yield _Answer(
            stix_id=stix_id,
            target=target,
            version=version,
            kind=content["type"],
            origin=origin,
            cluster=None,
            is_revoked=content.get("revoked", False),
            times=min(content.get("count", 1), _MOST_COUNTED),
            stance=_STANCES.get(content.get("opinion", ""), 0),
            reaction=feedback.get("reaction", ""),
            matched_account_count=_counted(feedback, "matched_account_count"),
            false_positive_count=_counted(feedback, "false_positive_count"),
            confidence=content.get("confidence"),
            said_at=min(_said(content, version), now),
        )


def _targets(content: Mapping[str, Any]) -> Iterable[str]:
    if content["type"] == "sighting":
        return [content["sighting_of_ref"]]
    return list(dict.fromkeys(content["object_refs"]))[:MOST_TARGETS]


def _counted(feedback: Mapping[str, Any], name: str) -> int | None:
    return min(feedback[name], _MOST_COUNTED) if name in feedback else None


def _said(content: Mapping[str, Any], version: datetime) -> datetime:
    """When it was last seen, if that is said; never later than it was said."""
    seen = content.get("last_seen")
    return version if seen is None else min(version, datetime.fromisoformat(seen))


_Tally = dict[UUID, tuple[int, int]]


def _tally(cursor: Cursor, clusters: Sequence[int]) -> _Tally:
    """By detector, how many (organization, cluster) confirm and dispute what it found in these."""
    rows = cursor.execute(_TALLY, (list(clusters),)).fetchall()
    return {detector: (confirmed, disputed) for detector, confirmed, disputed in rows}


def _count(cursor: Cursor, before: _Tally, after: _Tally) -> None:
    rows = []
    for detector in sorted(before | after):
        was, now_is = before.get(detector, (0, 0)), after.get(detector, (0, 0))
        if was != now_is:
            rows.append((detector, now_is[0] - was[0], now_is[1] - was[1]))
    if rows:
        cursor.execute(_COUNT, tuple(map(list, zip(*rows, strict=True))))
