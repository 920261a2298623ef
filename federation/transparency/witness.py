"""What this node has seen of its peers' logs, and its word on it (C2SP tlog-witness).

For each log one row has the largest checkpoint that was ever verified, whichever way it came. Each
comparison with it, and each step forward, is made under the row's lock and committed before
anything is said about it: two checkpoints that contradict each other are never both cosigned.
"""

from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction

from federation import node_keys
from federation.errors import (
    BadSignature,
    Forked,
    MalformedRequest,
    NotSigned,
    OtherSize,
    RolledBack,
    StaleHead,
    UnknownLog,
    WitnessRefused,
)
from federation.keys import Verifier
from federation.models import EvidenceKind, NodeKey, Peer, PeerLog, PeerState, Subscription
from federation.transparency import checkpoint as checkpoints
from federation.transparency import cosignature, evidence, merkle, note, submission
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.cosignature import Witness
from federation.transparency.submission import Submission


def this_witness() -> Witness:
    """This node as a witness; its `vkey` stands in the descriptor."""
    key = node_keys.ensure_key(NodeKey.Purpose.WITNESS)
    return Witness(settings.NODE_HOST, bytes(key.public_key))


def add_checkpoint(body: bytes) -> bytes:
    """Witness a checkpoint of a peer's log: its cosignature lines.

    1. The body is of the one form (MalformedRequest, MalformedNote, MalformedCheckpoint).
    2. The checkpoint is of a log of an active peer (UnknownLog).
    3. The log's pinned key signed it (else WitnessRefused).
    Then, under the log's lock:
    4. Nothing was found against the log before (WitnessRefused).
    5. If it has the size that was seen, it has the root that was seen (Forked: both notes are kept
       as evidence, and the log is frozen).
    6. It was offered as the next after the size that was seen (OtherSize).
    7. The proof holds (ProofRefused).

    The cosignature is given out once the new state is committed: a crash in between loses an
    answer, and the same request is answered when it comes again.
    """
    offered = submission.parse(body)
    known, checkpoint, own_note = _verify_offer(offered)
    key = node_keys.current_key(NodeKey.Purpose.WITNESS)
    try:
        with transaction.atomic():
            _advance(known.pk, offered, checkpoint, own_note)
            # Under the lock, so that cosignatures of a log are dated in the order of its sizes.
            line = cosignature.sign(checkpoint.text(), settings.NODE_HOST, key, datetime.now(UTC))
    except Forked as contradiction:
        freeze(known.pk, contradiction)
        raise
    return line.encode()


def remember_head(
    peer_log_id: int, checkpoint: Checkpoint, source: bytes, *, proven_from: int | None = None
) -> None:
    """Record a verified checkpoint of a peer's log, if it is the largest so far.

    `proven_from` is the recorded size from which it was proven to extend the log. Raises StaleHead
    if another checkpoint was recorded meanwhile (prove it from there), Forked if that one
    contradicts it (for `freeze`), WitnessRefused if the log is frozen.
    """
    with transaction.atomic():
        row = _lock(peer_log_id)
        _compare(row, checkpoint, source)
        if checkpoint.size <= row.size and row.note is not None:
            return
        if proven_from is not None and proven_from != row.size:
            raise StaleHead(
                f"{row.origin} was seen at {row.size} entries meanwhile; prove the checkpoint of "
                f"{checkpoint.size} from there."
            )
        _record(row, checkpoint, _own(source, row.vkey))


def freeze(peer_log_id: int, contradiction: Forked | RolledBack) -> None:
    """Keep both notes as evidence; nothing more is taken from the peer until a person decides.

    To be called outside a transaction that may be rolled back.
    """
    kind = EvidenceKind.FORK if isinstance(contradiction, Forked) else EvidenceKind.ROLLBACK
    now, reason = datetime.now(UTC), str(contradiction)
    with transaction.atomic():
        # The peer before its logs, as everybody locks them.
        Peer.objects.select_for_update(of=("self",)).get(logs__pk=peer_log_id)
        row = PeerLog.objects.select_for_update().get(pk=peer_log_id)
        evidence.keep(row.peer_id, kind, reason, contradiction.first, contradiction.second)
        if row.frozen_at is None:
            row.frozen_at, row.frozen_because = now, reason
            row.save(update_fields=["frozen_at", "frozen_because"])
        Subscription.objects.filter(peer_id=row.peer_id).update(
            state=Subscription.State.FROZEN, failure=reason
        )
        Peer.objects.filter(pk=row.peer_id, state=PeerState.ACTIVE).update(
            state=PeerState.SUSPENDED, state_since=now, reason=reason
        )


def _verify_offer(offered: Submission) -> tuple[PeerLog, Checkpoint, bytes]:
    """Steps 2 and 3: the log, the checkpoint, and its note with the log's own signature alone."""
    unverified = checkpoints.parse(note.parse(offered.note).text)
    known = PeerLog.objects.filter(origin=unverified.origin, peer__state=PeerState.ACTIVE).first()
    if known is None:
        raise UnknownLog(f"No active peer of this node has a log {unverified.origin[:200]!r}.")
    try:
        checkpoint = checkpoints.verify(offered.note, known.origin, Verifier.parse(known.vkey))
    except (NotSigned, BadSignature) as error:
        raise WitnessRefused(f"The log's pinned key did not sign it: {error}") from error
    if offered.old > checkpoint.size:
        raise MalformedRequest(
            f"The old size {offered.old} is larger than the checkpoint's, {checkpoint.size}."
        )
    return known, checkpoint, _own(offered.note, known.vkey)


def _advance(
    peer_log_id: int, offered: Submission, checkpoint: Checkpoint, own_note: bytes
) -> None:
    """Steps 4 to 7, and the new state, in the caller's transaction."""
    row = _lock(peer_log_id)
    _compare(row, checkpoint, own_note)
    if offered.old != row.size:
        raise OtherSize(f"{row.origin} was last seen at {row.size} entries.", row.size)
    merkle.verify_consistency(row.size, _root(row), checkpoint.size, checkpoint.root, offered.proof)
    row.cosigned_size = checkpoint.size
    _record(row, checkpoint, own_note)


def _lock(peer_log_id: int) -> PeerLog:
    row = PeerLog.objects.select_for_update().get(pk=peer_log_id)
    if row.frozen_at is not None:
        raise WitnessRefused(
            f"{row.origin} is frozen since {row.frozen_at:%Y-%m-%d %H:%M}: {row.frozen_because}"
        )
    return row


def _compare(row: PeerLog, checkpoint: Checkpoint, source: bytes) -> None:
    if checkpoint.size == row.size and checkpoint.root != _root(row):
        raise Forked(
            f"{row.origin} signed two roots for {row.size} entries: {_root(row).hex()} and "
            f"{checkpoint.root.hex()}.",
            bytes(row.note or b""),
            source,
        )


def _root(row: PeerLog) -> bytes:
    return merkle.EMPTY_ROOT if row.root is None else bytes(row.root)


def _record(row: PeerLog, checkpoint: Checkpoint, own_note: bytes) -> None:
    row.size, row.root, row.note = checkpoint.size, checkpoint.root, own_note
    row.seen_at = datetime.now(UTC)
    row.save(update_fields=["size", "root", "note", "seen_at", "cosigned_size"])


def _own(source: bytes, vkey: str) -> bytes:
    """A verified note with its log's signature alone: what others added isn't ours to keep."""
    verifier = Verifier.parse(vkey)
    verified = note.verify(source, verifier)
    known = (verifier.name, verifier.key_id)
    own = next(each for each in verified.signatures if (each.name, each.key_id) == known)
    return note.Note(verified.text, (own,)).encode()
