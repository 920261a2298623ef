"""Detections with new tokens, and clusters that changed, held against what is known of others.

What is due is taken off the list in the transaction that stores what was found: after a crash it
is still on it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from django.conf import settings
from django.db import transaction

from indicators.reconcile import behaviour, joint, overlap, reading
from indicators.reconcile.overlap import SUPPORT
from indicators.store.sql import Cursor, open_cursor

log = structlog.get_logger("retort.reconcile")

# due_matches_by_age; rows that somebody adds meanwhile stay.
_TAKE = """
DELETE FROM indicators_duematch WHERE (cluster_id, detection_id) IN (
    SELECT cluster_id, detection_id FROM indicators_duematch ORDER BY since LIMIT %s
    FOR UPDATE SKIP LOCKED
) RETURNING cluster_id, detection_id
"""
# The clusters that indicators of others lead to by tokens of new detections: look-ups on
# indicators_detection_pkey, detected_tokens_of_detection, indicators_indexedtoken_pkey. Then what
# matches those clusters had that lost something: one_match_each.
_PAIRS = f"""
SELECT d.cluster_id, k.stix_id
FROM unnest(%(detections)b::int8[]) AS asked(id)
CROSS JOIN LATERAL (
    SELECT cluster_id FROM indicators_detection WHERE id = asked.id AND {SUPPORT} OFFSET 0
) d
CROSS JOIN LATERAL (
    SELECT DISTINCT token FROM indicators_detectedtoken WHERE detection_id = asked.id OFFSET 0
) t
CROSS JOIN LATERAL (
    SELECT stix_id FROM indicators_indexedtoken WHERE token = t.token LIMIT %(most_holders)s
) i
CROSS JOIN LATERAL (
    SELECT stix_id FROM indicators_knownindicator
    WHERE stix_id = i.stix_id AND is_live AND NOT is_own AND semantics <> 'behaviour' OFFSET 0
) k
UNION
SELECT m.cluster_id, m.stix_id FROM unnest(%(clusters)b::int8[]) AS asked(id)
CROSS JOIN LATERAL (
    SELECT cluster_id, stix_id FROM indicators_match
    WHERE cluster_id = asked.id AND retired_at IS NULL AND semantics <> 'behaviour' OFFSET 0
) m
"""


def match_due(limit: int = 200) -> bool:
    """Match up to `limit` detections or clusters that are due; whether there may be more."""
    now = datetime.now(UTC)
    with transaction.atomic(), open_cursor() as cursor:
        reading.take_turn(cursor)
        rows = cursor.execute(_TAKE, (limit,)).fetchall()
        if not rows:
            return False
        whole = sorted({cluster for cluster, detection in rows if detection == 0})
        found = overlap.match_pairs(cursor, _pairs(cursor, rows, whole), now)
        found += behaviour.match_behaviour(cursor, whole, now)
        if found.all:
            joint.connect(cursor, [], found.all, [], now)
    log.info("matched", due=len(rows), matches=len(found.changed), retired=len(found.retired))
    return True


def _pairs(
    cursor: Cursor, due: Sequence[tuple[int, int]], whole: Sequence[int]
) -> list[tuple[int, str]]:
    """What is to be matched: (cluster, indicator)."""
    asked = {
        "detections": sorted(detection for _, detection in due if detection),
        "clusters": whole,
        "most_holders": 100 * settings.TOKEN_FANOUT,
    }
    return cursor.execute(_PAIRS, asked).fetchall()
