"""Nonces of signed requests: each opens a door once, whichever process is at the door."""

from datetime import datetime

from django.db import connection

from federation.errors import Replayed

# One statement decides, by the primary key. It also forgets a few that are past their time
# (nonces_by_expiry), so that the table is as long as the traffic of some minutes.
_REMEMBER = """
WITH forgotten AS (
    DELETE FROM federation_seennonce WHERE (key_id, nonce) IN (
        SELECT key_id, nonce FROM federation_seennonce WHERE expires_at < now()
        ORDER BY expires_at LIMIT 8 FOR UPDATE SKIP LOCKED
    )
)
INSERT INTO federation_seennonce (key_id, nonce, expires_at) VALUES (%s, %s, %s)
ON CONFLICT DO NOTHING
"""


def remember(key_id: str, nonce: str, expires_at: datetime) -> None:
    """Take a nonce, for good once this is committed; raises Replayed if it was taken before.

    To be called outside a transaction that may be rolled back, and before anything is done.
    """
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER, [key_id, nonce, expires_at])
        if cursor.rowcount != 1:
            raise Replayed("This request was received before; sign each request anew.")
