"""The pins as tables: what is held of a peer, and what it is replaced by once that is accepted."""

from collections.abc import Sequence
from datetime import UTC, datetime

from federation.errors import NotPinned
from federation.models import Log, NodeKey, Peer, PeerKey, PeerLog
from federation.peers.described import DescribedLog, Descriptor, Key
from federation.peers.pinning import Accepted, Pinned, PinnedKey, PinnedLog


def pinned(peer: Peer) -> Pinned:
    """What is held of a peer: nothing before it was confirmed."""
    keys = [PinnedKey(row.purpose, row.kid, row.since, row.until) for row in peer.keys.all()]
    logs = [
        PinnedLog(row.collection, row.origin, row.vkey, row.signatures_required, row.audience)
        for row in peer.logs.all()
    ]
    return Pinned(
        peer.identity_id, peer.issued_at, bytes(peer.descriptor or b""), tuple(keys), tuple(logs)
    )


def remember(peer: Peer, described: Descriptor) -> None:
    """The description itself, in the row that the caller saves."""
    peer.descriptor, peer.issued_at = described.body, described.issued
    peer.checked_at, peer.alarm = datetime.now(UTC), ""


def store(peer: Peer, accepted: Accepted) -> None:
    """Pin what was accepted, under the peer's row lock; the caller saves the row.

    Raises NotPinned if a key or log is somebody else's here.
    """
    _check_keys(peer, accepted.new_keys)
    _check_logs(peer, accepted.new_logs)
    PeerKey.objects.bulk_create(_key_row(peer, key) for key in accepted.new_keys)
    PeerLog.objects.bulk_create(_log_row(peer, each) for each in accepted.new_logs)
    for key in accepted.ended_keys:
        PeerKey.objects.filter(peer=peer, kid=key.kid).update(until=dict(key.until or {}))
    for each in accepted.changed_logs:
        PeerLog.objects.filter(peer=peer, origin=each.origin).update(
            signatures_required=each.signatures_required, audience=each.audience
        )
    remember(peer, accepted.descriptor)


def end_lost_keys(peer: Peer, described: Descriptor) -> None:
    """End the keys that a peer no longer has where its logs were last seen: they sign no more."""
    sizes = dict(peer.logs.values_list("origin", "size"))
    kept = [key.kid for key in described.keys]
    peer.keys.filter(until__isnull=True).exclude(kid__in=kept).update(until=sizes)


def _key_row(peer: Peer, key: Key) -> PeerKey:
    return PeerKey(
        peer=peer,
        purpose=key.use,
        kid=key.kid,
        public_key=key.public_key,
        endorsed_by=key.endorsed_by,
        since=dict(key.since),
        until=None if key.until is None else dict(key.until),
    )


def _log_row(peer: Peer, each: DescribedLog) -> PeerLog:
    return PeerLog(
        peer=peer,
        collection=each.collection,
        origin=each.origin,
        vkey=each.vkey,
        signatures_required=each.signatures_required,
        audience=each.audience,
    )


def _check_keys(peer: Peer, keys: Sequence[Key]) -> None:
    """Nobody proves to hold a request key by listing it: a key is whose it was first."""
    kids = [key.kid for key in keys]
    taken = PeerKey.objects.filter(kid__in=kids).exclude(peer=peer).select_related("peer").first()
    if taken is not None:
        raise NotPinned(
            f"{peer.name} shows the key {taken.kid}, which is pinned for {taken.peer.name}; ask"
            " both which of them holds it."
        )
    if NodeKey.objects.filter(public_key__in=[key.public_key for key in keys]).exists():
        raise NotPinned(f"{peer.name} shows a key of this node as its own.")


def _check_logs(peer: Peer, logs: Sequence[DescribedLog]) -> None:
    origins = [each.origin for each in logs]
    taken = PeerLog.objects.filter(origin__in=origins).exclude(peer=peer).select_related("peer")
    if (row := taken.first()) is not None:
        raise NotPinned(
            f"{peer.name} shows the log {row.origin}, which is pinned for {row.peer.name}; ask"
            " both whose it is."
        )
    if Log.objects.filter(origin__in=origins).exists():
        raise NotPinned(f"{peer.name} shows a log of this node as its own.")
