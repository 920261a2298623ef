"""How much a credential may send: buckets that refill by the second, held by the database.

They hold over all web processes, because each is one row that is changed by one statement.
"""

import math
from uuid import UUID

from django.conf import settings

from indicators.ingest.errors import Refused
from indicators.store.sql import open_cursor

# A bucket holds at most a minute's worth; a clock that steps back refills nothing.
_NOW = """
least(%(most)s, held.remaining
      + greatest(0, extract(epoch FROM clock_timestamp() - held.as_of)) * %(most)s / 60.0)
"""
# If there is too little in it nothing is taken: no row comes back.
_TAKE = f"""
INSERT INTO indicators_allowance AS held (credential_id, what, remaining, as_of)
VALUES (%(credential)s, %(what)s, %(most)s - %(wanted)s, clock_timestamp())
ON CONFLICT (credential_id, what) DO UPDATE
SET remaining = {_NOW} - %(wanted)s, as_of = clock_timestamp() WHERE {_NOW} >= %(wanted)s
RETURNING remaining
"""
_LEFT = f"""
SELECT {_NOW} FROM indicators_allowance held
WHERE credential_id = %(credential)s AND what = %(what)s
"""


def take_request(credential: UUID) -> None:
    """Count one request; raises Refused 429 if the credential has sent too many."""
    _take(credential, "requests", 1, settings.INGEST_REQUESTS_PER_MINUTE)


def take_lines(credential: UUID, count: int) -> None:
    """Count the detections, or identifiers, of a request; raises Refused 429."""
    _take(credential, "lines", count, settings.INGEST_LINES_PER_MINUTE)


def _take(credential: UUID, what: str, wanted: int, most: int) -> None:
    wanted = min(wanted, most)
    asked = {"credential": credential, "what": what, "wanted": wanted, "most": most}
    with open_cursor() as cursor:
        if cursor.execute(_TAKE, asked).fetchone() is not None:
            return
        left = cursor.execute(_LEFT, asked).fetchone()
    missing = wanted - (0 if left is None else float(left[0]))
    seconds = max(1, math.ceil(missing * 60 / most))
    raise Refused(
        429,
        f"This credential may send {most:,} {what} a minute; wait {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )
