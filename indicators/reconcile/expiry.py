"""The end of indicators by time: not valid any more, or decayed. Their matches are no leads then.

Decay runs from the newest version or, if somebody else saw the same later, from that sighting. What
a person decided of a match stays; a new version that is valid for longer brings it back.
"""

from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from indicators.reconcile import joint, overlap
from indicators.reconcile.reading import take_turn
from indicators.stix.decay import end_of
from indicators.store.sql import open_cursor

EXPIRED = "The indicator is past its valid_until, or was withdrawn."
DECAYED = "The indicator's confidence has decayed."

# indicators_by_end, then answers_to_object: sightings of its own origin restart nothing.
_OVER = """
SELECT k.stix_id, k.confidence, k.lifetime_days, k.decay_speed, k.revoke_score, k.modified,
       k.valid_until, k.ends_at, seen.at
FROM (
    SELECT * FROM indicators_knownindicator
    WHERE is_live AND ends_at IS NOT NULL AND ends_at <= %s
    ORDER BY ends_at LIMIT %s FOR NO KEY UPDATE
) k
LEFT JOIN LATERAL (
    SELECT max(said_at) AS at FROM indicators_answer
    WHERE target = k.stix_id AND kind = 'sighting' AND NOT is_revoked AND origin_id <> k.origin_id
) seen ON true
"""
_END = """
UPDATE indicators_knownindicator k SET ends_at = n.ends_at, is_live = NOT n.is_over
FROM unnest(%b::text[], %b::timestamptz[], %b::bool[]) AS n(stix_id, ends_at, is_over)
WHERE k.stix_id = n.stix_id
"""


def retire_over(now: datetime | None = None, limit: int = 1_000) -> bool:
    """End up to `limit` indicators whose time is over, and retire their matches; whether there may
    be more.
    """
    now = now or datetime.now(UTC)
    with transaction.atomic(), open_cursor() as cursor:
        take_turn(cursor)
        rows = cursor.execute(_OVER, (now, limit)).fetchall()
        if not rows:
            return False
        ends = {row[0]: _end_of(row, now) for row in rows}
        over = {stix_id for stix_id, end in ends.items() if end <= now}
        cursor.execute(_END, (list(ends), list(ends.values()), [each in over for each in ends]))
        expired = {row[0] for row in rows if row[6] is not None and row[6] <= now} & over
        found = overlap.retire(cursor, sorted(expired), EXPIRED, now)
        found += overlap.retire(cursor, sorted(over - expired), DECAYED, now)
        joint.connect(cursor, [], found.all, sorted(over), now)
    return True


def _end_of(row: tuple[Any, ...], now: datetime) -> datetime:
    """When an indicator ends, by what was seen since; a sighting in the future is one of now."""
    _, confidence, *decay, modified, valid_until, ends_at, seen = row
    since = modified if seen is None else max(modified, min(seen, now))
    lifetime, speed, revoke_score = decay
    return end_of(confidence, (lifetime, speed, revoke_score), since, valid_until) or ends_at
