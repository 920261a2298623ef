"""This node's own Ed25519 keys, by purpose: made and sealed on first use, rotated, listed.

A retired key signs nothing more; its public half stays, so that what it signed can be verified. Its
last signature is over its successor, so that whoever pinned the one can follow to the other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from uuid import UUID

from django.conf import settings
from django.db import transaction

from federation import endorsement
from federation.errors import RotationRefused
from federation.keys import SigningKey, thumbprint
from federation.models import Log, NodeKey, PeerLog

# one_current_key_for_each_purpose
_HELD = "SELECT * FROM federation_nodekey WHERE purpose = %s AND retired_at IS NULL FOR SHARE"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a key of this node; `retired_at` is None while it is the current one.

    `since`: {log origin: entries}, where it begins. The key before it endorsed it (64 bytes).
    """

    kid: str
    public_key: bytes
    created_at: datetime
    retired_at: datetime | None
    since: Mapping[str, int] = field(default_factory=dict)
    endorsed_by: str = ""
    endorsement: bytes = b""


def ensure_key(purpose: NodeKey.Purpose) -> NodeKey:
    """The row of the current key of a purpose; made and sealed on first use."""
    current = NodeKey.objects.filter(purpose=purpose, retired_at=None)
    if found := current.first():
        return found
    # Of two processes that start together one key wins; both then read that one.
    NodeKey.objects.bulk_create([_new(purpose)], ignore_conflicts=True)
    return current.get()


def current_key(purpose: NodeKey.Purpose) -> SigningKey:
    """The key that signs for a purpose now; raises KeyNotOpened."""
    return _open(ensure_key(purpose))


def hold_current_key(purpose: NodeKey.Purpose) -> SigningKey:
    """The current key, which stays the current one until this transaction ends.

    Who signs what a log takes holds it: a key's end is a place in the log, and nothing that it
    signed may come behind. Raises KeyNotOpened.
    """
    ensure_key(purpose)
    # Shared by all who sign; a rotation, which locks the row, waits for them and they for it. Those
    # who waited find the key retired, and look again.
    held = NodeKey.objects.raw(_HELD, [purpose])
    return _open(held[0]) if len(held) else hold_current_key(purpose)


def public_keys(purpose: NodeKey.Purpose) -> list[PublicKey]:
    """Every key there ever was for a purpose, the oldest first."""
    rows = NodeKey.objects.filter(purpose=purpose).select_related("predecessor")
    return [_public(row) for row in rows.order_by("created_at", "pk")]


def endorsed_keys(purpose: NodeKey.Purpose) -> list[PublicKey]:
    """The current key and those before it that lead to it by endorsements, the oldest first."""
    keys = {key.kid: key for key in public_keys(purpose)}
    current = [key for key in keys.values() if key.retired_at is None]
    if not current:
        ensure_key(purpose)
        return endorsed_keys(purpose)
    [key] = current
    line = [key]
    while key.endorsed_by:
        key = keys[key.endorsed_by]
        line.append(key)
    return line[::-1]


def rotate(
    purpose: NodeKey.Purpose,
    identity_id: str,
    logs: Callable[[], Iterable[UUID]] = tuple,
    relays: Callable[[], Iterable[int]] = tuple,
) -> PublicKey:
    """Retire the current key and have it endorse its successor, in one transaction.

    `logs`: those to which the key's signatures went; asked once nobody signs with it any more, so
    that the new key begins where they then end. `relays`: peers' logs (PeerLog) in which they stand
    too; there it begins behind the largest checkpoint seen. Raises RotationRefused for the log and
    witness keys, which readers pinned for ever, and KeyNotOpened.
    """
    if purpose in (NodeKey.Purpose.LOG, NodeKey.Purpose.WITNESS):
        raise RotationRefused(
            f"The {purpose} key stays the one that readers pinned; only object and request keys"
            " are rotated."
        )
    with transaction.atomic():
        ensure_key(purpose)
        current = NodeKey.objects.select_for_update().filter(purpose=purpose, retired_at=None)
        # Of two who rotate at once one makes the successor, and both get it.
        if (row := current.first()) is None:
            return _public(ensure_key(purpose))
        own = Log.objects.filter(pk__in=list(logs()), size__gt=0)
        others = PeerLog.objects.filter(pk__in=list(relays()), size__gt=0)
        sizes = [each.values_list("origin", "size") for each in (others, own)]
        return _public(_succeed(row, identity_id, dict(chain(*sizes))))


def _succeed(row: NodeKey, identity_id: str, sizes: dict[str, int]) -> NodeKey:
    successor = _new(NodeKey.Purpose(row.purpose))
    successor.log_sizes = sizes
    successor.predecessor = row
    successor.endorsement = endorsement.endorse(
        _open(row),
        bytes(successor.public_key),
        identity_id=identity_id,
        use=row.purpose,
        since=successor.log_sizes,
    )
    row.retired_at = datetime.now(UTC)
    row.save(update_fields=["retired_at"])
    successor.save(force_insert=True)
    successor.refresh_from_db(fields=["created_at"])
    return successor


def _open(row: NodeKey) -> SigningKey:
    return SigningKey.open(
        bytes(row.sealed_private),
        settings.KEY_ENCRYPTION_KEY,
        purpose=row.purpose,
        public_key=bytes(row.public_key),
    )


def _new(purpose: NodeKey.Purpose) -> NodeKey:
    key = SigningKey.generate()
    sealed = key.seal(settings.KEY_ENCRYPTION_KEY, purpose=purpose)
    return NodeKey(purpose=purpose, public_key=key.public_key, sealed_private=sealed)


def _public(row: NodeKey) -> PublicKey:
    public_key = bytes(row.public_key)
    before = row.predecessor
    return PublicKey(
        kid=thumbprint(public_key),
        public_key=public_key,
        created_at=row.created_at,
        retired_at=row.retired_at,
        since=row.log_sizes,
        endorsed_by=thumbprint(bytes(before.public_key)) if before else "",
        endorsement=bytes(row.endorsement or b""),
    )
