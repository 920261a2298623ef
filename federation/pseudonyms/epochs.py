"""Token keys of this node: one for each kind, made from a random seed, in use for an epoch.

A new key begins when `rotate_epochs` makes it; the old one stays beside it for the overlap, then
its seed is destroyed and nobody can make its tokens again. Every public key is an entry of the
key-holder's log before it is used, so members can see that all of them got the same ones.
"""

import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Least

from federation.canonical import canonical
from federation.errors import (
    KeyHolderUnavailable,
    KeyNotOpened,
    LogExists,
    UnknownLog,
    UnknownTokenKey,
)
from federation.models import TokenKey
from federation.pseudonyms.normalize import KINDS
from federation.pseudonyms.voprf import SEED_BYTES, Evaluator, key_id
from federation.transparency import log

_LOGS = UUID("b7e3f1c2-5a0d-4f0e-9d55-3c1f8a6e2b94")
"""Namespace of the ids of key-holders' logs (RFC 9562 §5.5)."""

CLOCK_SKEW = timedelta(minutes=5)
"""A key that exists has begun where it was made; other machines' clocks may be behind."""

_NONCE_BYTES = 12


class EpochKey(msgspec.Struct, frozen=True):
    """The public half of a token key: made at `not_before`, succeeded at `not_after`, and no
    longer good for anything at `dropped_at`."""

    kind: str
    epoch: int
    public_key: bytes
    not_before: datetime
    not_after: datetime
    dropped_at: datetime

    @property
    def key_id(self) -> bytes:
        """The first 5 bytes of each of its tokens."""
        return key_id(self.public_key)


def log_id() -> UUID:
    """The id of this group's key log."""
    return uuid5(_LOGS, settings.TOKEN_GROUP)


def record(group: str, kind: str, epoch: int, public_key: bytes, not_before: datetime) -> bytes:
    """What the log commits to: canonical JSON; the entry is its SHA-256."""
    return canonical(
        {
            "epoch": epoch,
            "group": group,
            "kind": kind,
            "not_before": timestamp(not_before),
            "public_key": public_key.hex(),
        }
    )


def timestamp(time: datetime) -> str:
    """RFC 3339 in UTC with microseconds."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def valid_keys(kind: str, now: datetime) -> list[EpochKey]:
    """The keys of a kind that tokens are made with now, oldest first: one, or two in an overlap.

    Makes the first keys if there are none yet. Raises UnknownTokenKey for an unknown kind, and
    KeyHolderUnavailable while the clock stands before all keys: no key must not mean no tokens.
    """
    if kind not in KINDS:
        raise UnknownTokenKey(f"Tokens are of one of the kinds {', '.join(KINDS)}.")
    _forget(now)
    found = _valid(kind, now)
    if not found:
        rotate_epochs(now)
        found = _valid(kind, now)
    if not found:
        raise KeyHolderUnavailable(
            f"The token key of kind {kind} begins after this machine's time; set its clock.", 60
        )
    return [_public(row) for row in found]


def all_keys(limit: int | None = None) -> list[EpochKey]:
    """Every key of this group in the order of its log, whether or not it can still be used."""
    rows = TokenKey.objects.filter(group=settings.TOKEN_GROUP).order_by("pk")
    return [_public(row) for row in rows.defer("sealed_seed")[:limit]]


def rotate_epochs(now: datetime) -> list[EpochKey]:
    """What is due: keys for kinds whose newest epoch is over or that have none, in the log at
    once; and the seeds of dropped epochs destroyed. Run it every hour; doing it twice is nothing.

    A node that has its tokens from another makes no keys, but still destroys those it had.
    """
    destroy_seeds(now)
    if settings.KEYHOLDER_URL:
        return []
    _ensure_log()
    with transaction.atomic():
        head = log.lock(log_id())  # whoever makes keys queues here
        newest = {row.kind: row for row in _of_group().order_by("epoch")}
        due = [kind for kind in KINDS if kind not in newest or newest[kind].not_after <= now]
        return _begin(head, due, newest, now)


def begin_epoch(kinds: list[str], now: datetime) -> list[EpochKey]:
    """New keys at once, for a key that may be known to others; the old ones end with an overlap."""
    _ensure_log()
    overlap = timedelta(days=settings.TOKEN_OVERLAP_DAYS)
    with transaction.atomic():
        head = log.lock(log_id())
        newest = {row.kind: row for row in _of_group().order_by("epoch")}
        _of_group().filter(kind__in=kinds, dropped_at__gt=now).update(
            not_after=Least("not_after", now), dropped_at=Least("dropped_at", now + overlap)
        )
        return _begin(head, kinds, newest, now)


def destroy_seeds(now: datetime) -> int:
    """Forget the seeds of dropped epochs, for good; returns how many."""
    _forget(now)
    due = _of_group().filter(dropped_at__lte=now, sealed_seed__isnull=False)
    return due.update(sealed_seed=None)


def open_evaluator(kind: str, epoch: int, now: datetime) -> tuple[EpochKey, Evaluator]:
    """The key itself, while it is valid; raises UnknownTokenKey otherwise, KeyNotOpened."""
    _forget(now)
    row = _of_group().filter(kind=kind, epoch=epoch).first()
    if row is None or row.sealed_seed is None or not _is_valid(row, now):
        raise UnknownTokenKey(
            "There is no token key of this kind and epoch, or its time is over; ask for the keys "
            "again."
        )
    held = _EVALUATORS.get(bytes(row.public_key))
    if held is None:
        held = (row.dropped_at, _open(row))
        _EVALUATORS[bytes(row.public_key)] = held
    return _public(row), held[1]


_EVALUATORS: dict[bytes, tuple[datetime, Evaluator]] = {}
"""Opened keys of this process by public key, and when they are dropped: two a kind."""


def _forget(now: datetime) -> None:
    for public_key, (dropped_at, _) in list(_EVALUATORS.items()):
        if dropped_at <= now:
            del _EVALUATORS[public_key]


def _of_group() -> QuerySet[TokenKey]:
    return TokenKey.objects.filter(group=settings.TOKEN_GROUP)


def _valid(kind: str, now: datetime) -> list[TokenKey]:
    # On one_key_a_group_kind_and_epoch.
    begun = now + CLOCK_SKEW
    valid = _of_group().filter(kind=kind, not_before__lte=begun, dropped_at__gt=now)
    return list(valid.defer("sealed_seed").order_by("epoch"))


def _is_valid(row: TokenKey, now: datetime) -> bool:
    return row.not_before - CLOCK_SKEW <= now < row.dropped_at


def _public(row: TokenKey) -> EpochKey:
    return EpochKey(
        row.kind, row.epoch, bytes(row.public_key), row.not_before, row.not_after, row.dropped_at
    )


def _ensure_log() -> None:
    try:
        log.checkpoint(log_id())
    except UnknownLog:
        with suppress(LogExists):  # another process was first
            log.open_log(log_id(), f"{settings.NODE_HOST}/{log_id()}")


def _begin(
    head: log.Head, kinds: list[str], newest: dict[str, TokenKey], now: datetime
) -> list[EpochKey]:
    """Store new keys and append their records, in the transaction that holds the log."""
    if not kinds:
        return []
    made = [_make(kind, newest[kind].epoch + 1 if kind in newest else 1, now) for kind in kinds]
    # In the order of the log, since ids are given under its lock.
    TokenKey.objects.bulk_create(made)
    entries = [
        hashlib.sha256(
            record(row.group, row.kind, row.epoch, bytes(row.public_key), row.not_before)
        ).digest()
        for row in made
    ]
    last = head.first_date_added(now) + timedelta(microseconds=len(entries) - 1)
    log.append(head, entries, last)
    return [_public(row) for row in made]


def _make(kind: str, epoch: int, now: datetime) -> TokenKey:
    seed = os.urandom(SEED_BYTES)
    group = settings.TOKEN_GROUP
    public_key = Evaluator.from_seed(seed, _derived_for(group, kind, epoch)).public_key
    nonce = os.urandom(_NONCE_BYTES)
    sealed = _cipher().encrypt(nonce, seed, _bound_to(group, kind, epoch, public_key))
    ends = now + timedelta(days=settings.TOKEN_EPOCH_DAYS)
    return TokenKey(
        group=group,
        kind=kind,
        epoch=epoch,
        public_key=public_key,
        sealed_seed=nonce + sealed,
        not_before=now,
        not_after=ends,
        dropped_at=ends + timedelta(days=settings.TOKEN_OVERLAP_DAYS),
    )


def _open(row: TokenKey) -> Evaluator:
    assert row.sealed_seed is not None  # noqa: S101 - the caller looked
    sealed = bytes(row.sealed_seed)
    bound = _bound_to(row.group, row.kind, row.epoch, bytes(row.public_key))
    try:
        seed = _cipher().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
    except InvalidTag as error:
        raise KeyNotOpened(
            f"The token key of {row.kind}, epoch {row.epoch}, cannot be opened: the "
            "key-encryption key is not the one it was sealed with. Restore that key file."
        ) from error
    return Evaluator.from_seed(seed, _derived_for(row.group, row.kind, row.epoch))


def _cipher() -> AESGCM:
    return AESGCM(settings.KEY_ENCRYPTION_KEY)


def _derived_for(group: str, kind: str, epoch: int) -> bytes:
    return b"\0".join([b"retort/token-key/1", group.encode(), kind.encode(), b"%d" % epoch])


def _bound_to(group: str, kind: str, epoch: int, public_key: bytes) -> bytes:
    """A sealed seed can't be moved to another row."""
    return _derived_for(group, kind, epoch) + b"\0" + public_key
