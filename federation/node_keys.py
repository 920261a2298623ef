"""This node's own Ed25519 keys, by purpose: made and sealed on first use, rotated, listed.

A retired key signs nothing more; its public half stays, so that what it signed can be verified.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction

from federation.errors import RotationRefused
from federation.keys import SigningKey, thumbprint
from federation.models import NodeKey


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a key of this node; `retired_at` is None while it is the current one."""

    kid: str
    public_key: bytes
    created_at: datetime
    retired_at: datetime | None


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
    row = ensure_key(purpose)
    return SigningKey.open(
        bytes(row.sealed_private),
        settings.KEY_ENCRYPTION_KEY,
        purpose=purpose,
        public_key=bytes(row.public_key),
    )


def public_keys(purpose: NodeKey.Purpose) -> list[PublicKey]:
    """Every key there ever was for a purpose, the oldest first."""
    rows = NodeKey.objects.filter(purpose=purpose).order_by("created_at", "pk")
    return [_public(row) for row in rows]


def rotate(purpose: NodeKey.Purpose) -> PublicKey:
    """Retire the current key and make its successor, in one transaction.

    Raises RotationRefused for the log key: a log has one key for ever, and readers pinned it.
    """
    if purpose == NodeKey.Purpose.LOG:
        raise RotationRefused(
            "A log keeps the key that its readers pinned; only object and request keys are rotated."
        )
    with transaction.atomic():
        ensure_key(purpose)
        current = NodeKey.objects.select_for_update().filter(purpose=purpose, retired_at=None)
        for row in current:  # at most one: a constraint holds it
            row.retired_at = datetime.now(UTC)
            row.save(update_fields=["retired_at"])
        # Of two who rotate at once one makes the successor, and both get it.
        return _public(ensure_key(purpose))


def _new(purpose: NodeKey.Purpose) -> NodeKey:
    key = SigningKey.generate()
    sealed = key.seal(settings.KEY_ENCRYPTION_KEY, purpose=purpose)
    return NodeKey(purpose=purpose, public_key=key.public_key, sealed_private=sealed)


def _public(row: NodeKey) -> PublicKey:
    public_key = bytes(row.public_key)
    return PublicKey(thumbprint(public_key), public_key, row.created_at, row.retired_at)
