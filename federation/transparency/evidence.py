"""Evidence of what peers did: kept once, with the bytes as they came, for good; people are told."""

import hashlib
from uuid import UUID

import structlog
from django.db import connection

from federation.models import EvidenceKind

log = structlog.get_logger("retort.peers")

_KEEP = """
INSERT INTO federation_evidence (peer_id, kind, summary, first, second, sha256)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (sha256) DO NOTHING
"""


def keep(
    peer_id: UUID, kind: EvidenceKind, summary: str, first: bytes = b"", second: bytes = b""
) -> bool:
    """Keep a finding about a peer and tell people; False if it was kept before.

    The same bytes are the same finding; where there are none, the same sentence is.
    """
    said = b"" if first or second else summary.encode()
    parts = (peer_id.bytes, kind.value.encode(), first, second, said)
    digests = b"".join(hashlib.sha256(part).digest() for part in parts)
    digest = hashlib.sha256(digests).digest()
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [peer_id, kind.value, summary, first, second, digest])
        is_new = bool(cursor.rowcount == 1)
    if is_new:
        log.error("evidence against a peer", peer=str(peer_id), kind=kind.value, what=summary)
    return is_new
