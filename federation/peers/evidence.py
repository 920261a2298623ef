"""Evidence: what a peer did, kept once, as the bytes came; and what follows from a fork."""

import hashlib
from datetime import UTC, datetime

import structlog
from django.db import connection, transaction

from federation.models import EvidenceKind, Peer, PeerLog, Subscription
from federation.models.peers import PeerState

log = structlog.get_logger("retort.peers")

_KEEP = """
INSERT INTO federation_evidence (peer_id, kind, summary, first, second, sha256)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (sha256) DO NOTHING
"""


def keep(
    peer: Peer, kind: EvidenceKind, summary: str, first: bytes = b"", second: bytes = b""
) -> bool:
    """Keep a finding about a peer and tell people; False if it was kept before."""
    parts = (str(peer.pk).encode(), kind.value.encode(), first, second)
    if not first and not second:
        parts = (*parts, summary.encode())
    digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [peer.pk, kind.value, summary, first, second, digest])
        is_new = cursor.rowcount == 1
    if is_new:
        log.error("evidence against a peer", peer=peer.name, kind=kind.value, what=summary)
    return is_new


def freeze(
    peer_log: PeerLog, kind: EvidenceKind, summary: str, first: bytes, second: bytes
) -> None:
    """A log that contradicts itself: both notes are kept, nothing more is taken from the peer.

    A person decides how it goes on.
    """
    with transaction.atomic():
        keep(peer_log.peer, kind, summary, first, second)
        PeerLog.objects.filter(pk=peer_log.pk, frozen_at=None).update(
            frozen_at=datetime.now(UTC), frozen_because=summary
        )
        Subscription.objects.filter(peer=peer_log.peer).update(
            state=Subscription.State.FROZEN, failure=summary
        )
        Peer.objects.filter(pk=peer_log.peer_id, state=PeerState.ACTIVE).update(
            state=PeerState.SUSPENDED, state_since=datetime.now(UTC), reason=summary
        )
