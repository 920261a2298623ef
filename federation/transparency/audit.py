"""`verify` of a node's own logs, offline: everything that is stored is recomputed from the entries.

Memory is flat: entries pass once, 64 tiles at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from federation.errors import FederationError, LogDamaged, UnknownLog
from federation.keys import Verifier
from federation.models import SignedCheckpoint
from federation.transparency import checkpoint, merkle, note, tile_rows
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.merkle import HASH_BYTES, CompactRange
from federation.transparency.tiles import TILE_BYTES, WIDTH, width_at

SIGNATURES_CHECKED = 20_000
"""Newest signatures that are checked (2 s). The root of every older checkpoint is recomputed, and
the newest signature covers them all: damage to an old one would be lost evidence, never a fork."""

_BUNDLES_AT_ONCE = 64
_CHECKPOINTS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class LogReport:
    """What `verify_log` found to be sound; `signatures` of `checkpoints` were checked."""

    log_id: UUID
    origin: str
    size: int
    root: bytes
    tiles: int
    checkpoints: int
    signatures: int


@dataclass(frozen=True, slots=True)
class _Head:
    """The head row as one snapshot, with what the checkpoints say at the same moment."""

    log_id: UUID
    origin: str
    size: int
    root: bytes
    edge: bytes
    verifier: Verifier
    newest: int
    checkpoints: int


def verify_log(log_id: UUID, *, signatures: int = SIGNATURES_CHECKED) -> LogReport:
    """Recompute a log from its stored entries and compare everything else with that.

    1. The newest checkpoint is of the head's size.
    2. Entries are complete: every tile of level 0 has its width.
    3. Every checkpoint ever signed has the root that the entries give at its size.
    4. The newest `signatures` of them verify with the log's key.
    5. Every tile of level 1 and above holds the hashes that the entries give.
    6. The head's root and compact range are those of the entries.

    Appends may go on meanwhile; they aren't looked at. Raises UnknownLog, LogDamaged.
    """
    head = _read_head(log_id)
    _check_fresh(head)
    tree = CompactRange()
    tiles = _UpperTiles(head)
    signed = _Checkpoints(head, signatures)
    signed.check_until(tree, [], tiles)
    for leaves in _leaf_batches(head):
        signed.check_until(tree, leaves, tiles)
    tiles.finish()
    if (tree.root(), tree.to_bytes()) != (head.root, head.edge):
        raise LogDamaged(f"The head of {head.origin} does not have the root of its entries.")
    bundles = -(-head.size // WIDTH)
    return LogReport(
        log_id, head.origin, head.size, head.root, bundles + tiles.count, signed.count, signed.sound
    )


def verify_head(log_id: UUID) -> Checkpoint:
    """The newest checkpoint, if it is signed and says what the head says. Cheap: for every hour.

    Raises UnknownLog, LogDamaged; what else may be wrong `verify_log` finds.
    """
    head = _read_head(log_id)
    _check_fresh(head)
    newest = SignedCheckpoint.objects.get(log_id=log_id, size=head.size)
    try:
        signed = checkpoint.verify(newest.note.encode(), head.origin, head.verifier)
    except FederationError as error:
        raise LogDamaged(f"The newest checkpoint of {head.origin}: {error}") from error
    if signed.root != head.root:
        raise LogDamaged(f"The newest checkpoint of {head.origin} has another root than its head.")
    return signed


def _check_fresh(head: _Head) -> None:
    if head.newest != head.size:
        raise LogDamaged(
            f"{head.origin} has {head.size} entries, and its newest checkpoint was signed for "
            f"{head.newest}: entries were lost, or the head was changed by hand."
        )


class _UpperTiles:
    """Tiles of level 1 and above, collected as the tree grows and compared when they are full."""

    def __init__(self, head: _Head) -> None:
        self._head = head
        self._growing: dict[int, list[bytes]] = {}
        self._next: dict[int, int] = {}
        self.count = 0

    def add(self, completed: Sequence[tuple[int, bytes]]) -> None:
        for level, node in completed:
            tile = self._growing.setdefault(level, [])
            tile.append(node)
            if len(tile) == WIDTH:
                self._compare(level, b"".join(tile))
                tile.clear()

    def finish(self) -> None:
        """Compare the tiles that are still partial."""
        for level, tile in self._growing.items():
            if tile:
                self._compare(level, b"".join(tile))

    def _compare(self, level: int, expected: bytes) -> None:
        index = self._next.get(level, 0)
        stored = tile_rows.read(self._head.log_id, [(level, index)])[level, index]
        if stored[: len(expected)] != expected or len(stored) > TILE_BYTES:
            raise LogDamaged(
                f"Tile {level}/{index} of {self._head.origin} does not hold the hashes of its "
                "entries."
            )
        self._next[level] = index + 1
        self.count += 1


class _Checkpoints:
    """The stored checkpoints in order of size, each compared when the tree has reached it."""

    def __init__(self, head: _Head, signatures: int) -> None:
        self._head = head
        self._unchecked = max(0, head.checkpoints - signatures)
        self._stored = _stream_checkpoints(head)
        self._pending = next(self._stored, None)
        self.count = 0
        self.sound = 0

    def check_until(self, tree: CompactRange, leaves: Sequence[bytes], tiles: _UpperTiles) -> None:
        """Grow the tree by `leaves`, stopping at every size that was signed."""
        start = tree.size
        while self._pending is not None and self._pending[0] <= start + len(leaves):
            size, text = self._pending
            tiles.add(tree.extend(leaves[tree.size - start : size - start]))
            self._check(size, text, tree.root())
            self._pending = next(self._stored, None)
        tiles.add(tree.extend(leaves[tree.size - start :]))

    def _check(self, size: int, text: str, root: bytes) -> None:
        expected = Checkpoint(self._head.origin, size, root).text()
        if not text.startswith(expected + "\n"):
            raise LogDamaged(
                f"The checkpoint of {self._head.origin} for size {size} has another root than its "
                "entries give: the log was rewritten after it was signed."
            )
        if self.count >= self._unchecked:
            self._check_signature(size, text, expected)
        self.count += 1

    def _check_signature(self, size: int, text: str, expected: str) -> None:
        try:
            verified = note.verify(text.encode(), self._head.verifier)
        except FederationError as error:
            raise LogDamaged(
                f"The checkpoint of {self._head.origin} for size {size}: {error}"
            ) from error
        if verified.text != expected:
            raise LogDamaged(f"The checkpoint of {self._head.origin} for size {size} says more.")
        self.sound += 1


def _read_head(log_id: UUID) -> _Head:
    with connection.cursor() as cursor:
        # One statement, so one snapshot: an append is seen whole or not at all.
        cursor.execute(
            "SELECT log.origin, log.size, log.root, log.edge, key.public_key,"
            " (SELECT max(size) FROM federation_signedcheckpoint WHERE log_id = log.id),"
            " (SELECT count(*) FROM federation_signedcheckpoint WHERE log_id = log.id)"
            " FROM federation_log log JOIN federation_nodekey key ON key.id = log.key_id"
            " WHERE log.id = %s",
            [log_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise UnknownLog(f"There is no log {log_id} on this node.")
    origin, size, root, edge, public_key, newest, count = row
    return _Head(
        log_id=log_id,
        origin=origin,
        size=size,
        root=bytes(root),
        edge=bytes(edge),
        verifier=Verifier(origin, bytes(public_key)),
        newest=-1 if newest is None else newest,
        checkpoints=count,
    )


def _leaf_batches(head: _Head) -> Iterator[list[bytes]]:
    """Leaf hashes of one tile of level 0 after the other, cut to the head's size."""
    count = -(-head.size // WIDTH)
    for first in range(0, count, _BUNDLES_AT_ONCE):
        wanted = [(0, index) for index in range(first, min(first + _BUNDLES_AT_ONCE, count))]
        stored = tile_rows.read(head.log_id, wanted)
        for place in wanted:
            width = width_at(0, place[1], head.size)
            content = stored[place]
            if len(content) < width * HASH_BYTES or len(content) > TILE_BYTES:
                raise LogDamaged(
                    f"Tile 0/{place[1]} of {head.origin} has {len(content)} bytes of entries; at "
                    f"size {head.size} it has {width * HASH_BYTES}."
                )
            yield merkle.leaf_hashes(merkle.split(content[: width * HASH_BYTES]))


def _stream_checkpoints(head: _Head) -> Iterator[tuple[int, str]]:
    """(size, note) in order, by keyset on the primary key."""
    after = -1
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT size, note FROM federation_signedcheckpoint"
                " WHERE log_id = %s AND size > %s AND size <= %s ORDER BY size LIMIT %s",
                [head.log_id, after, head.size, _CHECKPOINTS_AT_ONCE],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        yield from rows
        after = rows[-1][0]
