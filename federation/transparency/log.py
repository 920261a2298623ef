"""The logs of this node: append-only, in the caller's transaction, read back as proofs and tiles.

Invariant, also after kill -9 at any point: head, tiles and the newest checkpoint describe one
tree, because one transaction writes them; and a signed note is only ever read from its committed
row, so a root whose transaction was rolled back has been shown to nobody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from federation.errors import (
    AppendRefused,
    BeyondTree,
    LogDamaged,
    LogExists,
    ProofRefused,
    StaleHead,
    UnknownLog,
)
from federation.keys import SigningKey, Verifier
from federation.models import Log, NodeKey
from federation.node_keys import ensure_key
from federation.transparency import checkpoint as checkpoints
from federation.transparency import merkle, tile_rows, tiles
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.merkle import HASH_BYTES, CompactRange
from federation.transparency.note import MAX_SIGNATURES
from federation.transparency.tiles import WIDTH, TilePath, width_at

_BUNDLES_AT_ONCE = 64
"""Tiles fetched together when entries are streamed: half a megabyte."""

# Backwards along the primary key, one row whatever the history; then the witnesses' lines of that
# size, on one_cosignature_a_witness.
_CHECKPOINT = """
SELECT note || COALESCE((
    SELECT string_agg(line, '' ORDER BY witness) FROM (
        SELECT line, witness FROM federation_cosignature cosigned
        WHERE cosigned.log_id = newest.log_id AND cosigned.size = newest.size LIMIT %s
    ) lines), '')
FROM federation_signedcheckpoint newest WHERE log_id = %s ORDER BY size DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class SealedKey:
    """The key that signs a log, as stored."""

    public_key: bytes
    sealed_private: bytes = field(repr=False)

    def open(self) -> SigningKey:
        """Unseal with the node's key-encryption key; raises KeyNotOpened."""
        return SigningKey.open(
            self.sealed_private,
            settings.KEY_ENCRYPTION_KEY,
            purpose=NodeKey.Purpose.LOG,
            public_key=self.public_key,
        )


@dataclass(frozen=True, slots=True)
class Head:
    """A log as its lock holder sees it; good for one append."""

    log_id: UUID
    origin: str
    size: int
    last_added: datetime | None
    root: bytes = field(repr=False)
    edge: bytes = field(repr=False)
    key: SealedKey = field(repr=False)

    def first_date_added(self, now: datetime) -> datetime:
        """`date_added` of the next entry; entry *i* of a batch gets this + *i* microseconds.

        Strictly after the last entry, also when the clock stood still or stepped back.
        """
        if self.last_added is None:
            return now
        return max(now, self.last_added + timedelta(microseconds=1))


def ensure_log_key() -> NodeKey:
    """The node's current log key; made and sealed on first use."""
    return ensure_key(NodeKey.Purpose.LOG)


def open_log(log_id: UUID, origin: str) -> Checkpoint:
    """Begin the log of a collection: an empty head and its signed checkpoint of size 0.

    `origin` (`<node host>/<collection UUID>`) names the log for ever and must be a note key name.
    Raises LogExists if the id or origin is taken, MalformedKey for an unusable origin.
    """
    empty = Checkpoint(origin, 0, merkle.EMPTY_ROOT)
    with transaction.atomic(), connection.cursor() as cursor:
        key = ensure_log_key()
        sealed = SealedKey(bytes(key.public_key), bytes(key.sealed_private))
        cursor.execute(
            "INSERT INTO federation_log (id, origin, key_id, size, root, edge)"
            " VALUES (%s, %s, %s, 0, %s, '') ON CONFLICT DO NOTHING",
            [log_id, origin, key.pk, empty.root],
        )
        if cursor.rowcount != 1:
            raise LogExists(f"There already is a log {log_id}, or one of origin {origin!r}.")
        _store_checkpoint(log_id, empty, sealed)
    return empty


def lock(log_id: UUID) -> Head:
    """Lock the log's head row until the transaction ends, so that writers queue here.

    Log order is then commit order and `date_added` order: a poller can't miss a late commit.
    Raises StaleHead outside a transaction, UnknownLog if there is no such log.
    """
    if not connection.in_atomic_block:
        raise StaleHead("A log is locked inside transaction.atomic(), or the lock means nothing.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT log.origin, log.size, log.last_added, log.root, log.edge,"
            " key.public_key, key.sealed_private"
            " FROM federation_log log JOIN federation_nodekey key ON key.id = log.key_id"
            " WHERE log.id = %s FOR UPDATE OF log",
            [log_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise _unknown(log_id)
    origin, size, last_added, root, edge, public_key, sealed = row
    key = SealedKey(bytes(public_key), bytes(sealed))
    return Head(log_id, origin, size, last_added, bytes(root), bytes(edge), key)


def append(head: Head, entries: Sequence[bytes], last_added: datetime) -> Checkpoint:
    """Add entries (32 bytes each) behind `head` and sign the new checkpoint; three statements.

    `last_added` is the `date_added` of the last entry. The returned checkpoint is unsigned on
    purpose: until the caller's transaction commits, it isn't the log's word.
    Raises AppendRefused for entries or times that don't fit, StaleHead if the log has moved on.
    """
    if not connection.in_atomic_block:
        raise StaleHead("An append belongs in the transaction that locked the log.")
    _check_batch(head, entries, last_added)
    edge = _open_edge(head)
    completed = edge.extend(merkle.leaf_hashes(entries))
    new = Checkpoint(head.origin, edge.size, edge.root())
    # The head goes first: whatever lock was or wasn't taken, it now is, and on this very size.
    _move_head(head, new, edge.to_bytes(), last_added)
    tile_rows.grow(head.log_id, head.size, new.size, {0: list(entries), **_by_level(completed)})
    _store_checkpoint(head.log_id, new, head.key)
    return new


def _open_edge(head: Head) -> CompactRange:
    """The compact range to extend; a head that contradicts itself is never signed over."""
    try:
        edge = CompactRange.from_bytes(head.size, head.edge)
    except ProofRefused as error:
        raise LogDamaged(f"The head of {head.origin} is damaged: {error}") from error
    if edge.root() != head.root:
        raise LogDamaged(f"The head of {head.origin} does not have the root of its compact range.")
    return edge


def _check_batch(head: Head, entries: Sequence[bytes], last_added: datetime) -> None:
    if not entries:
        raise AppendRefused("An append has at least one entry; a size has one checkpoint.")
    if any(len(entry) != HASH_BYTES for entry in entries):
        raise AppendRefused("An entry is a SHA-256 digest: 32 bytes.")
    if head.last_added is not None and last_added <= head.last_added:
        raise AppendRefused(
            f"date_added {last_added.isoformat()} is not after the last entry of {head.origin} "
            f"({head.last_added.isoformat()}); take it from Head.first_date_added."
        )


def _by_level(completed: list[tuple[int, bytes]]) -> dict[int, list[bytes]]:
    levels: dict[int, list[bytes]] = {}
    for level, node in completed:
        levels.setdefault(level, []).append(node)
    return levels


def _move_head(head: Head, new: Checkpoint, edge: bytes, last_added: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE federation_log SET size = %s, root = %s, edge = %s, last_added = %s"
            " WHERE id = %s AND size = %s",
            [new.size, new.root, edge, last_added, head.log_id, head.size],
        )
        if cursor.rowcount != 1:
            raise StaleHead(f"{head.origin} is no longer at {head.size} entries; lock it again.")


def _store_checkpoint(log_id: UUID, new: Checkpoint, key: SealedKey) -> None:
    """Sign and store; the primary key (log, size) refuses a second root for one size."""
    note = checkpoints.sign(new, key.open())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO federation_signedcheckpoint (log_id, size, note) VALUES (%s, %s, %s)",
            [log_id, new.size, note.decode()],
        )


def checkpoint(log_id: UUID) -> bytes:
    """The newest signed checkpoint, a C2SP note, with its cosignatures. Raises UnknownLog."""
    with connection.cursor() as cursor:
        cursor.execute(_CHECKPOINT, [MAX_SIGNATURES - 1, log_id])
        row = cursor.fetchone()
    if row is None:
        raise _unknown(log_id)
    return str(row[0]).encode()


def root(log_id: UUID, size: int) -> bytes:
    """Root of the tree of the first `size` entries. Raises BeyondTree, UnknownLog."""
    _check_size(log_id, size)
    return merkle.tree_root(size, lambda nodes: tile_rows.read_nodes(log_id, nodes))


def verifier(log_id: UUID) -> Verifier:
    """Who signs this log: its origin is the key name. Raises UnknownLog."""
    log = Log.objects.select_related("key").filter(pk=log_id).first()
    if log is None:
        raise _unknown(log_id)
    return Verifier(log.origin, bytes(log.key.public_key))


def inclusion(log_id: UUID, index: int, size: int) -> list[bytes]:
    """Proof that entry `index` is in the tree of `size` entries (RFC 6962 §2.1.1).

    Raises BeyondTree if the log has no such size or entry yet.
    """
    _check_size(log_id, size)
    return merkle.inclusion_proof(index, size, lambda nodes: tile_rows.read_nodes(log_id, nodes))


def consistency(log_id: UUID, old: int, new: int) -> list[bytes]:
    """Proof that the tree of `new` entries extends that of `old` (RFC 6962 §2.1.2)."""
    _check_size(log_id, new)
    return merkle.consistency_proof(old, new, lambda nodes: tile_rows.read_nodes(log_id, nodes))


def entries(log_id: UUID, start: int, stop: int) -> Iterator[bytes]:
    """Stream entries start..stop-1 (32 bytes each), half a megabyte at a time."""
    if start < 0 or start > stop:
        raise BeyondTree(f"There are no entries {start} to {stop}.")
    _check_size(log_id, stop)
    return _stream(log_id, start, stop)


def _stream(log_id: UUID, start: int, stop: int) -> Iterator[bytes]:
    position = start
    while position < stop:
        first = position // WIDTH
        wanted = [(0, index) for index in range(first, first + _BUNDLES_AT_ONCE)]
        contents = tile_rows.read(log_id, [tile for tile in wanted if tile[1] * WIDTH < stop])
        for (_, index), content in sorted(contents.items()):
            base = index * WIDTH
            found = merkle.split(content)[position - base : stop - base]
            if not found:
                raise LogDamaged(f"Entry {position} of log {log_id} is missing from its tile.")
            yield from found
            position += len(found)


def tile(log_id: UUID, path: TilePath) -> bytes:
    """The bytes of a tile or entry bundle, of any width the log has reached.

    Raises BeyondTree for a tile, or a width of it, that the tree doesn't have, UnknownLog.
    """
    size = _size(log_id)
    if width_at(path.level, path.index, size) < path.width:
        raise BeyondTree(f"Tile {path.path()} is not in a tree of {size} entries.")
    key = (path.level, path.index)
    content = tile_rows.read(log_id, [key])[key][: path.width * HASH_BYTES]
    if path.entries:
        return tiles.encode_bundle(merkle.split(content))
    if path.level == 0:
        return b"".join(merkle.leaf_hashes(merkle.split(content)))
    return content


def _check_size(log_id: UUID, size: int) -> None:
    if size > (current := _size(log_id)):
        raise BeyondTree(f"The log has {current} entries, not {size} yet.")


def _size(log_id: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT size FROM federation_log WHERE id = %s", [log_id])
        row = cursor.fetchone()
    if row is None:
        raise _unknown(log_id)
    return int(row[0])


def _unknown(log_id: UUID) -> UnknownLog:
    return UnknownLog(f"There is no log {log_id} on this node.")
