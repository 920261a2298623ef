"""What is to be matched anew with others' indicators: written where tokens or facts change."""

from collections.abc import Sequence
from datetime import datetime

from indicators.store.sql import Cursor

# In the order of the primary key, so that two batches never wait in a circle. A row that is being
# taken off the list right now is waited for, and written again.
_DETECTIONS = """
INSERT INTO indicators_duematch (cluster_id, detection_id, since)
SELECT cluster_id, id, %s FROM indicators_detection WHERE id = ANY(%b::int8[])
ORDER BY cluster_id, id ON CONFLICT DO NOTHING
"""
_CLUSTERS = """
INSERT INTO indicators_duematch (cluster_id, detection_id, since)
SELECT id, 0, %s FROM unnest(%b::int8[]) AS n(id) ORDER BY id ON CONFLICT DO NOTHING
"""


def has_new_tokens(cursor: Cursor, detections: Sequence[int], now: datetime) -> None:
    """These detections have tokens that were matched with nothing yet."""
    if detections:
        cursor.execute(_DETECTIONS, (now, list(detections)))


def has_changed(cursor: Cursor, clusters: Sequence[int], now: datetime) -> None:
    """These clusters lost tokens, or have other facts than before."""
    if clusters:
        cursor.execute(_CLUSTERS, (now, list(clusters)))
