"""Evidence of what peers did: kept once, as it came, for good."""

import hashlib
from uuid import UUID

from django.db import connection

from federation.models import EvidenceKind


def keep(
    peer_id: UUID, kind: EvidenceKind, summary: str, first: bytes = b"", second: bytes = b""
) -> bool:
    """Keep a finding; False if it was kept before. The same bytes are the same finding.

    To be called outside a transaction that may be rolled back. Where there are no bytes the
    sentence is the finding.
    """
    parts = (peer_id.bytes, kind.encode(), first, second, b"" if first else summary.encode())
    digests = b"".join(hashlib.sha256(part).digest() for part in parts)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO federation_evidence (peer_id, kind, summary, first, second, sha256)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (sha256) DO NOTHING",
            [peer_id, kind, summary, first, second, hashlib.sha256(digests).digest()],
        )
        return bool(cursor.rowcount == 1)
