"""What organizations answered: sightings and opinions on a campaign and on what belongs to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from indicators.store.sql import Cursor

SHOWN = 200

# answers_to_object
_HEARD = """
SELECT a.stix_id, a.kind, m.name, a.is_own, a.target, coalesce(c.name, ''), a.count, a.stance,
    a.reaction, a.matched_account_count, a.false_positive_count, a.confidence, a.said_at
FROM indicators_answer a
JOIN indicators_member m ON m.id = a.origin_id
LEFT JOIN indicators_catalogrow c ON c.stix_id = a.target
WHERE a.target = ANY(%s) AND NOT a.is_revoked
ORDER BY a.said_at DESC, a.id DESC LIMIT %s
"""


class Heard(NamedTuple):
    """A sighting (`times` seen, or accounts) or an opinion (`stance` -2 to 2, `reaction`)."""

    stix_id: str
    kind: str
    organization: str
    is_own: bool
    target: str
    target_name: str
    times: int
    stance: int
    reaction: str
    matched_account_count: int | None
    false_positive_count: int | None
    confidence: int | None
    said_at: datetime


def hear(cursor: Cursor, targets: Sequence[str]) -> list[Heard]:
    """The newest answers to these objects."""
    return [Heard(*row) for row in cursor.execute(_HEARD, (list(targets), SHOWN)).fetchall()]
