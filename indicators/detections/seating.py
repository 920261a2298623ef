"""Dealing a cluster's tokens out to parts: which indicator holds which token, for good.

All in the caller's transaction, which has locked the clusters; each step is one statement for all
of them. A part is an indicator: a token keeps its seat while an open detection has it, so that a
new batch touches the parts that it changes and no others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from federation.pseudonyms.normalize import KINDS
from federation.pseudonyms.voprf import token_text
from indicators.detections.drafting import Part
from indicators.store.sql import Cursor

SEATS = 500

# Detections whose identifiers may be shared: open, tokenized, and not kept back by anybody. (The
# tokens of a superseded revision count until those of its successor are made.)
_SUPPORT = "d.is_open AND d.stage NOT IN ('received', 'failed', 'withheld')"

# Look-ups: detections_of_cluster, detected_tokens_of_detection, the seats' primary key, and one on
# one_part_a_number for each row of parts. The last part of a row takes what it has room for, unless
# it was emptied: then its indicator is revoked, and what is revoked stays revoked.
_SEAT = f"""
WITH unseated AS (
    SELECT DISTINCT d.cluster_id, t.kind, substr(t.token, 1, 5) AS key_id, t.token
    FROM indicators_detection d
    JOIN indicators_detectedtoken t ON t.detection_id = d.id
    LEFT JOIN indicators_seat s ON s.cluster_id = d.cluster_id AND s.token = t.token
    WHERE {_SUPPORT} AND s.token IS NULL
      AND ((d.cluster_id = ANY(%(clusters)s) AND d.stage = 'tokenized')
           OR d.cluster_id = ANY(%(afresh)s))
), rows_of_parts AS (
    SELECT r.*, c.incarnation,
           CASE WHEN last.number IS NULL THEN 1
                WHEN last.token_count = 0 THEN last.number + 1
                ELSE last.number END AS first_number,
           coalesce(last.token_count, 0) AS taken
    FROM (SELECT DISTINCT cluster_id, kind, key_id FROM unseated) r
    JOIN indicators_cluster c ON c.id = r.cluster_id
    LEFT JOIN LATERAL (
        SELECT number, token_count FROM indicators_part p
        WHERE p.cluster_id = r.cluster_id AND p.incarnation = c.incarnation
          AND p.kind = r.kind AND p.key_id = r.key_id
        ORDER BY number DESC LIMIT 1
    ) last ON true
), places AS MATERIALIZED (
    SELECT cluster_id, incarnation, kind, key_id, token, first_number + (taken + row_number() OVER (
               PARTITION BY cluster_id, kind, key_id ORDER BY token) - 1) / %(seats)s AS number
    FROM unseated JOIN rows_of_parts USING (cluster_id, kind, key_id)
), grown AS (
    INSERT INTO indicators_part AS p
        (cluster_id, incarnation, kind, key_id, number, token_count, version, published_version)
    SELECT cluster_id, incarnation, kind, key_id, number, count(*), 1, 0 FROM places
    GROUP BY cluster_id, incarnation, kind, key_id, number
    ON CONFLICT (cluster_id, incarnation, kind, key_id, number)
    DO UPDATE SET token_count = p.token_count + excluded.token_count, version = p.version + 1
    RETURNING id, cluster_id, incarnation, kind, key_id, number
)
INSERT INTO indicators_seat (cluster_id, token, part_id)
SELECT l.cluster_id, l.token, grown.id FROM places l
JOIN grown USING (cluster_id, incarnation, kind, key_id, number)
"""

_UNSEAT = f"""
WITH gone AS (
    DELETE FROM indicators_seat s WHERE s.cluster_id = ANY(%(clusters)s) AND NOT EXISTS (
        SELECT 1 FROM indicators_detectedtoken t JOIN indicators_detection d
            ON d.id = t.detection_id
        WHERE t.token = s.token AND d.cluster_id = s.cluster_id AND {_SUPPORT}
    ) RETURNING s.part_id
)
UPDATE indicators_part p
SET token_count = p.token_count - left_by.tokens, version = p.version + 1
FROM (SELECT part_id, count(*) AS tokens FROM gone GROUP BY part_id) left_by
WHERE p.id = left_by.part_id
"""

_CHANGED = """
SELECT p.cluster_id, p.id, p.version, p.kind, p.key_id, p.number, p.published_version = 0,
       coalesce((SELECT array_agg(s.token ORDER BY s.token)
                 FROM indicators_seat s WHERE s.part_id = p.id), '{}')
FROM indicators_part p JOIN indicators_cluster c ON c.id = p.cluster_id
WHERE p.cluster_id = ANY(%(clusters)s) AND p.incarnation = c.incarnation
  AND p.version > p.published_version
ORDER BY p.cluster_id, p.kind, p.key_id, p.number
"""

_COUNTS = """
SELECT p.cluster_id, count(*)
FROM indicators_part p JOIN indicators_cluster c ON c.id = p.cluster_id
WHERE p.cluster_id = ANY(%(clusters)s) AND p.incarnation = c.incarnation AND p.token_count > 0
GROUP BY p.cluster_id
"""


@dataclass(frozen=True, slots=True)
class ChangedPart:
    """A part that the feed does not show as it is now, and the version of it that this is."""

    row: int
    version: int
    part: Part


def vacate(cursor: Cursor, clusters: Sequence[int]) -> None:
    """Take all tokens of these clusters from their seats: a new incarnation deals afresh."""
    if clusters:
        cursor.execute("DELETE FROM indicators_seat WHERE cluster_id = ANY(%s)", (list(clusters),))


def unseat(cursor: Cursor, clusters: Sequence[int]) -> None:
    """Take away the seats of tokens that no detection has any more."""
    if clusters:
        cursor.execute(_UNSEAT, {"clusters": list(clusters)})


def seat(cursor: Cursor, clusters: Sequence[int], afresh: Sequence[int] = ()) -> None:
    """Seat the tokens of newly tokenized detections; of all open ones in the clusters `afresh`."""
    asked = {"clusters": list(clusters), "afresh": list(afresh), "seats": SEATS}
    cursor.execute(_SEAT, asked)


def changed_parts(cursor: Cursor, clusters: Sequence[int]) -> Mapping[int, list[ChangedPart]]:
    """The parts, by cluster, that differ from what was last published of them."""
    cursor.execute(_CHANGED, {"clusters": list(clusters)})
    changed: dict[int, list[ChangedPart]] = {}
    for cluster, row, version, kind, key_id, number, is_new, tokens in cursor.fetchall():
        key = bytes(key_id)
        texts = tuple(token_text(key, bytes(token)[5:]) for token in tokens)
        part = Part(KINDS[kind], texts[0][5:13] if texts else _name(key), number, texts, is_new)
        changed.setdefault(cluster, []).append(ChangedPart(row, version, part))
    return changed


def part_counts(cursor: Cursor, clusters: Sequence[int]) -> Mapping[int, int]:
    """How many parts with tokens each cluster has."""
    cursor.execute(_COUNTS, {"clusters": list(clusters)})
    return dict(cursor.fetchall())


def _name(key_id: bytes) -> str:
    """A key's name as tokens spell it."""
    return token_text(key_id, bytes(16))[5:13]
