"""The end of indicators by time: not valid any more, or decayed. Their matches are no leads then.

Decay runs from the newest version or, if somebody else saw the same later, from that sighting. What
a person decided of a match stays; a new version that is valid for longer brings it back.
"""

from datetime import UTC, datetime

from django.db import transaction

from indicators.reconcile import joint, overlap
from indicators.reconcile.known import end_of
from indicators.reconcile.reading import take_turn
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
        ends: dict[str, datetime] = {}
        expired: list[str] = []
        decayed: list[str] = []
        for stix_id, confidence, *decay, modified, valid_until, ends_at, seen in rows:
            since = modified if seen is None else max(modified, min(seen, now))
            ends[stix_id] = end_of(confidence, tuple(decay), since, valid_until) or ends_at
            if ends[stix_id] <= now:
                is_expired = valid_until is not None and valid_until <= now
                (expired if is_expired else decayed).append(stix_id)
        over = {*expired, *decayed}
        cursor.execute(_END, (list(ends), list(ends.values()), [each in over for each in ends]))
        found = overlap.retire(cursor, expired, EXPIRED, now)
        found += overlap.retire(cursor, decayed, DECAYED, now)
        joint.connect(cursor, [], found.all, sorted(over), now)
    return True
