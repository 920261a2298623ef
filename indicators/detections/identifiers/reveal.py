"""Raw identifiers for a person's eyes: nowhere else are they read for one, and never unrecorded."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from django.db import transaction

from indicators.detections import audit
from indicators.detections.errors import NotHeld
from indicators.detections.finding import Identifier
from indicators.detections.identifiers.sealed_rows import open_account
from indicators.detections.identifiers.sealing import open_sealer, place
from indicators.store.sql import open_cursor

# The account that stands for prompt fingerprints holds no identifiers.
_READ = """
SELECT a.id, d.uuid, d.id, a.number, a.data_key_id, a.sealed
FROM indicators_account a JOIN indicators_detection d ON d.id = a.detection_id
WHERE a.id = ANY(%b::int8[]) AND a.number >= 0 ORDER BY a.id
"""


class Revealed(msgspec.Struct, frozen=True):
    """An account as the detector sent it."""

    account: int
    detection: UUID
    ref: str
    identifiers: tuple[Identifier, ...]
    person_names: tuple[str, ...]


def reveal(account_ids: Sequence[int], actor: str, reason: str = "") -> list[Revealed]:
    """Identifiers and references of accounts, once the audit log says who has read them.

    In a transaction of its own, which must not be part of another: a rollback would undo the record
    of what was seen. Raises NotHeld if an account, or what was sealed of it, is gone.
    """
    with transaction.atomic(durable=True):
        revealed = _open(account_ids)
        for detection in sorted({each.detection for each in revealed}):
            count = sum(each.detection == detection for each in revealed)
            audit.record(actor, "reveal", f"detection/{detection}", accounts=count, reason=reason)
    return revealed


def _open(account_ids: Sequence[int]) -> list[Revealed]:
    sealer = open_sealer()
    with open_cursor(binary=True) as cursor:
        rows = cursor.execute(_READ, (list(account_ids),)).fetchall()
    if len(rows) < len(set(account_ids)):
        raise NotHeld("Some of these accounts are not held, or not any more; list them again.")
    revealed = []
    for row, uuid, detection, number, data_key, sealed in rows:
        bound = place("account", detection, number)
        seen = open_account(sealer.unseal(data_key, sealed, bound))
        revealed.append(Revealed(row, uuid, seen.ref, seen.identifiers, seen.person_names))
    return revealed
