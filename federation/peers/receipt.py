"""Receipts: how much of a log its reader holds, told to its publisher in one signed line.

So a publisher knows whom a retraction has reached, and each receipt with a root compares what the
two have seen: a reader who was shown another log is found out by the one who shows it.
"""

import base64
from datetime import UTC, datetime
from typing import Annotated, NoReturn
from uuid import UUID

import msgspec
from django.db import connection

from federation.canonical import canonical
from federation.errors import Forked, UnknownLog
from federation.models import EvidenceKind, Log, Peer, PeerState, Subscription
from federation.peers.door import read_notice
from federation.peers.knocking import doors_of, knock, refused, request_key
from federation.transparency import evidence
from federation.transparency import log as logs
from federation.transparency.merkle import HASH_BYTES, CompactRange

# What is held never becomes less. Whoever sends receipts is there: it may be woken at once again.
_HELD = """
INSERT INTO federation_delivery AS known
    (peer_id, log_id, woken_size, failures, held_size, held_root, held_at)
VALUES (%s, %s, 0, 0, %s, %s, %s)
ON CONFLICT (peer_id, log_id) DO UPDATE SET held_size = excluded.held_size,
    held_root = excluded.held_root, held_at = excluded.held_at,
    failures = 0, failure = '', next_wake_at = NULL
WHERE known.held_size <= excluded.held_size
"""


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one line: of this log I hold so many entries, under this root (32 bytes)."""

    log: str
    size: Annotated[int, msgspec.Meta(ge=0)]
    root: Annotated[bytes, msgspec.Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]

    def encode(self) -> bytes:
        """Its canonical form."""
        root = base64.b64encode(self.root).decode()
        return canonical({"log": self.log, "size": self.size, "root": root})


def send(subscription_id: UUID) -> bool:
    """Tell a publisher how far this node has pulled; False where there is nobody to tell.

    Raises PeerUnavailable, PeerMisbehaved: the next pull's receipt says the same or more.
    """
    held = Subscription.objects.select_related("peer", "log").get(pk=subscription_id)
    doors = doors_of(held.peer)
    if held.log is None or doors is None or held.peer.state != PeerState.ACTIVE:
        return False
    root = CompactRange.from_bytes(held.size, bytes(held.edge)).root()
    receipt = Receipt(held.log.origin, held.size, root)
    answer = knock(held.peer, doors.federation + "receipt", receipt.encode(), request_key())
    if not answer.is_good:
        raise refused(answer)
    return True


def take(peer: Peer, body: bytes) -> None:
    """Remember how much of one of this node's logs a peer says to hold.

    1. It is a receipt (MalformedRequest) for one of this node's logs (UnknownLog).
    2. The log has as many entries (BeyondTree).
    3. They have the root that the peer has seen; else both notes are kept as evidence (Forked).
    """
    receipt = read_notice(body, Receipt)
    log_id = Log.objects.filter(origin=receipt.log).values_list("pk", flat=True).first()
    if log_id is None:
        raise UnknownLog(f"This node has no log {receipt.log[:200]!r}.")
    root = logs.root(log_id, receipt.size)
    if root != receipt.root:
        _keep(peer, receipt, root, body, logs.checkpoint(log_id))
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [peer.pk, log_id, receipt.size, root, datetime.now(UTC)])


def _keep(peer: Peer, receipt: Receipt, root: bytes, body: bytes, note: bytes) -> NoReturn:
    """Either it was shown another log, or it says so: people find out which."""
    said = (
        f"{peer.name} says to hold {receipt.size} entries of {receipt.log} with root "
        f"{receipt.root.hex()}; this node's have {root.hex()}. Compare the two with its operator."
    )
    evidence.keep(peer.pk, EvidenceKind.FORK, said, note, body)
    raise Forked(said, note, body)
