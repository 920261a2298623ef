"""Encryption at rest: what detections say is sealed by data keys, those by a key outside.

AES-256-GCM with random nonces, so a data key should seal no more than 2^32 things; rotation is far
more frequent. Sealed bytes are bound to the row they belong to: moved to another, they don't open.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import IntegrityError, transaction

from indicators.detections.errors import NotOpened
from indicators.models import KeyPurpose
from indicators.store.sql import Cursor, open_cursor

_NONCE_BYTES = 12
_KEY_BYTES = 32
# The lock keeps a key from being deleted before what it seals is committed.
_KEYS = """
SELECT id, purpose, sealed, retired_at IS NULL FROM indicators_datakey FOR KEY SHARE
"""
_ADD = "INSERT INTO indicators_datakey (purpose, sealed) VALUES (%s, %b) ON CONFLICT DO NOTHING"
_RETIRE = """
UPDATE indicators_datakey SET retired_at = %s WHERE purpose = %s AND retired_at IS NULL
"""
# A key goes when nothing refers to it. Foreign keys have the last word, at once: whoever sealed
# with it in the meantime keeps it.
_DROP_UNUSED = """
DELETE FROM indicators_datakey WHERE id IN (
    SELECT k.id FROM indicators_datakey k
    WHERE k.retired_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM indicators_account WHERE data_key_id = k.id)
      AND NOT EXISTS (SELECT FROM indicators_detection WHERE data_key_id = k.id)
      AND NOT EXISTS (SELECT FROM indicators_cluster WHERE data_key_id = k.id)
      AND NOT EXISTS (SELECT FROM indicators_allowed WHERE data_key_id = k.id)
      AND NOT EXISTS (SELECT FROM indicators_piece WHERE data_key_id = k.id)
    FOR UPDATE SKIP LOCKED
)
"""


def place(kind: str, *keys: object) -> bytes:
    """What sealed bytes are bound to: `account`, detection id, number; `detection`, id; …"""
    return "/".join([kind, *map(str, keys)]).encode()


@dataclass(frozen=True, slots=True)
class Sealer:
    """The data keys, opened. Make one a batch with `open_sealer`; its secrets never leave it."""

    current: int
    keys: Mapping[int, AESGCM]
    digest_key: bytes

    def seal(self, plain: bytes, bound: bytes) -> tuple[int, bytes]:
        """(id of the data key, nonce and ciphertext); `bound` is a `place`."""
        nonce = os.urandom(_NONCE_BYTES)
        return self.current, nonce + self.keys[self.current].encrypt(nonce, plain, bound)

    def unseal(self, data_key: int, sealed: bytes, bound: bytes) -> bytes:
        """What was sealed for this place; raises NotOpened for another key, place or bytes."""
        key = self.keys.get(data_key)
        try:
            if key is not None:
                return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
        except (InvalidTag, ValueError):
            pass
        raise NotOpened(
            f"{bound.decode()} does not open with data key {data_key}: its row was altered, or the"
            " key is gone. Restore the tables from a backup."
        )

    def digest(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA256 (32 bytes): equal for equal data, telling nothing to who lacks the key."""
        return hmac.digest(self.digest_key, purpose.encode() + b"\0" + data, hashlib.sha256)

    @classmethod
    def of(cls, rows: Sequence[tuple[int, str, bytes, bool]]) -> Self | None:
        """Open the rows of the table; None if a purpose has no current key yet."""
        current = {purpose: number for number, purpose, _, is_current in rows if is_current}
        if len(current) < len(KeyPurpose):
            return None
        opened = {number: _open(purpose, sealed) for number, purpose, sealed, _ in rows}
        digest_key = opened.pop(current[KeyPurpose.DIGESTS])
        keys = {number: _cipher(key) for number, key in opened.items()}
        return cls(current[KeyPurpose.IDENTIFIERS], keys, digest_key)


def open_sealer() -> Sealer:
    """The data keys as they are now, made on first use. One statement.

    Raises NotOpened if the node's key-encryption key is not the one they were sealed with.
    """
    with open_cursor(binary=True) as cursor:
        found = Sealer.of(_read_keys(cursor))
        if found is None:
            with transaction.atomic():
                for purpose in KeyPurpose:
                    _add_key(cursor, purpose)
            found = Sealer.of(_read_keys(cursor))
    if found is None:
        raise NotOpened("The data keys were taken away while they were made; try again.")
    return found


def keyed_digest(purpose: str, data: bytes) -> bytes:
    """`Sealer.digest` for a single value; for many, open a sealer once."""
    return open_sealer().digest(purpose, data)


def rotate_data_key() -> None:
    """From now on identifiers are sealed by a new key; `reencrypt` moves what older ones sealed."""
    open_sealer()
    with transaction.atomic(), open_cursor() as cursor:
        cursor.execute(_RETIRE, (datetime.now(UTC), KeyPurpose.IDENTIFIERS))
        _add_key(cursor, KeyPurpose.IDENTIFIERS)


@dataclass(frozen=True, slots=True)
class _Column:
    """A table's sealed column, and the columns that its rows' place is made of."""

    table: str
    kind: str
    column: str
    id_type: str
    place: str


_COLUMNS = (
    # accounts_by_data_key, detections_by_data_key, pieces_by_data_key; the others are small.
    _Column("indicators_account", "account", "sealed", "bigint", "detection_id, number"),
    _Column("indicators_detection", "detection", "sealed", "bigint", "id"),
    _Column("indicators_cluster", "cluster", "sealed_facts", "bigint", "id"),
    _Column("indicators_allowed", "allowed", "sealed", "uuid", "id"),
    _Column("indicators_piece", "piece", "sealed", "bigint", "submission_id, role, number"),
)


def reencrypt(limit: int = 1000) -> int:
    """Seal up to `limit` things anew that a retired key sealed; how many. Call until it is 0.

    A key that seals nothing any more is then deleted. Safe to kill and to run twice at a time.
    """
    done = 0
    with transaction.atomic():
        sealer = open_sealer()
        retired = [number for number in sealer.keys if number != sealer.current]
        if not retired:
            return 0
        for column in _COLUMNS:
            if done < limit:
                done += _reencrypt_column(sealer, column, retired, limit - done)
    if not done:
        _drop_unused()
    return done


def _reencrypt_column(sealer: Sealer, column: _Column, retired: list[int], limit: int) -> int:
    select = (
        f"SELECT id, data_key_id, {column.column}, {column.place} FROM {column.table}"
        " WHERE data_key_id = ANY(%s) LIMIT %s FOR NO KEY UPDATE SKIP LOCKED"
    )
    update = (
        f"UPDATE {column.table} t SET data_key_id = %b, {column.column} = again.sealed"
        f" FROM unnest(%b::{column.id_type}[], %b::bytea[]) AS again(id, sealed)"
        " WHERE t.id = again.id"
    )
    with open_cursor(binary=True) as cursor:
        rows = cursor.execute(select.encode(), (retired, limit)).fetchall()
        sealed = []
        for _, data_key, old, *keys in rows:
            bound = place(column.kind, *keys)
            sealed.append(sealer.seal(sealer.unseal(data_key, old, bound), bound)[1])
        ids = [row[0] for row in rows]
        cursor.execute(update.encode(), (sealer.current, ids, sealed))
    return len(rows)


def _drop_unused() -> None:
    try:
        with transaction.atomic(), open_cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(_DROP_UNUSED)
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError:
        # Used after all by a transaction that began before the rotation: the next call moves it.
        return


def _read_keys(cursor: Cursor) -> list[tuple[int, str, bytes, bool]]:
    rows = cursor.execute(_KEYS).fetchall()
    return [(number, purpose, bytes(sealed), current) for number, purpose, sealed, current in rows]


def _add_key(cursor: Cursor, purpose: str) -> None:
    nonce = os.urandom(_NONCE_BYTES)
    kek = AESGCM(settings.KEY_ENCRYPTION_KEY)
    sealed = nonce + kek.encrypt(nonce, os.urandom(_KEY_BYTES), _bound_key(purpose))
    cursor.execute(_ADD, (purpose, sealed))


def _open(purpose: str, sealed: bytes) -> bytes:
    kek = AESGCM(settings.KEY_ENCRYPTION_KEY)
    try:
        return kek.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_key(purpose))
    except (InvalidTag, ValueError) as error:
        raise NotOpened(
            "A data key cannot be opened: the key-encryption key is not the one it was sealed"
            " with. Restore that key file."
        ) from error


@lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESGCM:
    """The expanded key; a process keeps the few that it uses."""
    return AESGCM(key)


def _bound_key(purpose: str) -> bytes:
    return b"retort/data-key/1\0" + purpose.encode()
