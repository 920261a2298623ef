"""The Merkle tree of RFC 6962 §2.1: hashes, compact ranges, proofs. Pure; hashes are 32 bytes."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Self

from federation.errors import BeyondTree, ProofRefused

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of a tree without entries (RFC 6962 §2.1)."""

_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00, entry)."""
    return _sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """`leaf_hash` of each entry."""
    sha256 = _sha256
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01, left, right)."""
    return _sha256(b"\x01" + left + right).digest()


def subtree_hash(hashes: Sequence[bytes]) -> bytes:
    """Root of a perfect subtree over `hashes`, whose number is a power of two."""
    sha256 = _sha256
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return hashes[0]


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Root over adjacent perfect subtrees, largest first."""
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


class CompactRange:
    """The perfect subtrees of a growing tree, largest first: all that is needed to extend it.

    A tree of `size` entries has as many as `size` has one-bits, so at most 63.
    """

    __slots__ = ("_hashes", "size")

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[bytes] = []

    @classmethod
    def from_bytes(cls, size: int, joined: bytes) -> Self:
        """The range that `to_bytes` of a tree of `size` entries returned."""
        if len(joined) != size.bit_count() * HASH_BYTES:
            raise ProofRefused(
                f"A compact range of {size} entries has {size.bit_count() * HASH_BYTES} bytes, "
                f"not {len(joined)}."
            )
        new = cls()
        new.size = size
        new._hashes = split(joined)
        return new

    def to_bytes(self) -> bytes:
        """The subtree hashes, joined, largest subtree first."""
        return b"".join(self._hashes)

    def root(self) -> bytes:
        """Root of the tree so far."""
        return _fold(self._hashes) if self._hashes else EMPTY_ROOT

    def extend(self, leaves: Sequence[bytes]) -> list[tuple[int, bytes]]:
        """Add leaf hashes; return the tile hashes this completed, as (tile level, hash) in order.

        A hash of tile level *l* covers 256**l entries; only levels >= 1 are returned, as the
        caller already has the leaves.
        """
        completed: list[tuple[int, bytes]] = []
        start, count = 0, len(leaves)
        while start < count:
            height = min(8, _alignment(self.size), (count - start).bit_length() - 1)
            stop = start + (1 << height)
            self._push(subtree_hash(leaves[start:stop]), height, completed)
            start = stop
        return completed

    def _push(self, node: bytes, height: int, completed: list[tuple[int, bytes]]) -> None:
        position = self.size >> height
        self.size += 1 << height
        while True:
            if height and height % 8 == 0:
                completed.append((height // 8, node))
            if not position & 1:
                break
            node = node_hash(self._hashes.pop(), node)
            position >>= 1
            height += 1
        self._hashes.append(node)


def _alignment(size: int) -> int:
    """How high a perfect subtree may start at this index (63 for index 0)."""
    return (size & -size).bit_length() - 1 if size else 63


def split(joined: bytes) -> list[bytes]:
    """Cut joined 32-byte hashes (or entries) apart."""
    return [joined[i : i + HASH_BYTES] for i in range(0, len(joined), HASH_BYTES)]


class Node(NamedTuple):
    """The perfect subtree over entries [position * 2**level, (position + 1) * 2**level)."""

    level: int
    position: int


Reader = Callable[[Sequence[Node]], Sequence[bytes]]
"""Returns the hashes of the given nodes, in order; asked once per proof."""

_Range = tuple[int, int]


def inclusion_proof(index: int, size: int, read: Reader) -> list[bytes]:
    """Audit path of entry `index` in the tree of `size` entries (RFC 6962 §2.1.1)."""
    if not 0 <= index < size:
        raise BeyondTree(f"There is no entry {index} in a tree of {size} entries.")
    return _hash_ranges(_path(index, 0, size), read)


def consistency_proof(old: int, new: int, read: Reader) -> list[bytes]:
    """Proof that the tree of `old` entries is a prefix of that of `new` (RFC 6962 §2.1.2)."""
    if not 0 <= old <= new:
        raise BeyondTree(f"A tree of {old} entries is no prefix of one of {new}.")
    if old in (0, new):
        return []
    return _hash_ranges(_subproof(old, 0, new, whole=True), read)


def tree_root(size: int, read: Reader) -> bytes:
    """Root of the tree of `size` entries."""
    return _hash_ranges([(0, size)], read)[0] if size else EMPTY_ROOT


def _path(index: int, start: int, stop: int) -> list[_Range]:
    """PATH(m, D[n]) of RFC 6962 §2.1.1, as ranges of entries whose hashes make the proof."""
    if stop - start == 1:
        return []
    middle = start + _split_point(stop - start)
    if index < middle:
        return [*_path(index, start, middle), (middle, stop)]
    return [*_path(index, middle, stop), (start, middle)]


def _subproof(old: int, start: int, stop: int, *, whole: bool) -> list[_Range]:
    """SUBPROOF(m, D[n], b) of RFC 6962 §2.1.2; `whole` is its b."""
    if old == stop:
        return [] if whole else [(start, stop)]
    middle = start + _split_point(stop - start)
    if old <= middle:
        return [*_subproof(old, start, middle, whole=whole), (middle, stop)]
    return [*_subproof(old, middle, stop, whole=False), (start, middle)]


def _split_point(width: int) -> int:
    """The largest power of two smaller than `width`."""
    return 1 << ((width - 1).bit_length() - 1)


def _hash_ranges(ranges: Sequence[_Range], read: Reader) -> list[bytes]:
    """Hash of each range; each is made of perfect subtrees, and all are read at once."""
    groups = [_perfect_nodes(start, stop) for start, stop in ranges]
    hashes = iter(read([node for group in groups for node in group]))
    return [_fold([next(hashes) for _ in group]) for group in groups]


def _perfect_nodes(start: int, stop: int) -> list[Node]:
    nodes = []
    while start < stop:
        level = min(_alignment(start), (stop - start).bit_length() - 1)
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise ProofRefused unless leaf hash `leaf` is at `index` under `root` (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        raise ProofRefused(f"There is no entry {index} in a tree of {size} entries.")
    _check_hashes([leaf, root, *proof])
    first, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofRefused(f"The inclusion proof of entry {index} is longer than its path.")
        if first & 1 or first == last:
            computed = node_hash(sibling, computed)
            first, last = _climb(first, last)
        else:
            computed = node_hash(computed, sibling)
        first, last = first >> 1, last >> 1
    if last != 0:
        raise ProofRefused(f"The inclusion proof of entry {index} is shorter than its path.")
    if computed != root:
        raise ProofRefused(f"Entry {index} is not in the tree of {size} entries with this root.")


def verify_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ProofRefused unless the old tree is a prefix of the new one (RFC 9162 §2.1.4.2)."""
    if not 0 <= old <= new:
        raise ProofRefused(f"The log shrank from {old} to {new} entries.")
    _check_hashes([old_root, new_root, *proof])
    if old in (0, new):
        _verify_trivial(old, old_root, new, new_root, proof)
        return
    if not proof:
        raise ProofRefused(f"A proof from {old} to {new} entries is needed, and it is empty.")
    if old & (old - 1) == 0:
        proof = [old_root, *proof]  # a perfect old tree is itself the first node
    if _roots_from_consistency(old, new, proof) != (old_root, new_root):
        raise ProofRefused(
            f"The tree of {new} entries does not extend the tree of {old}: the log was rewritten."
        )


def _verify_trivial(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    if proof:
        raise ProofRefused(f"A proof from {old} to {new} entries must be empty.")
    if old == new and old_root != new_root:
        raise ProofRefused(f"Two different roots were given for {new} entries: the log forked.")
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofRefused("The root of an empty tree is the SHA-256 of nothing.")


def _roots_from_consistency(old: int, new: int, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old_root = new_root = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            raise ProofRefused(f"The proof from {old} to {new} entries is longer than its path.")
        if first & 1 or first == last:
            old_root = node_hash(sibling, old_root)
            new_root = node_hash(sibling, new_root)
            first, last = _climb(first, last)
        else:
            new_root = node_hash(new_root, sibling)
        first, last = first >> 1, last >> 1
    if last != 0:
        raise ProofRefused(f"The proof from {old} to {new} entries is shorter than its path.")
    return old_root, new_root


def _climb(first: int, last: int) -> tuple[int, int]:
    """Skip the levels at which a right-edge node has no sibling."""
    while first and not first & 1:
        first, last = first >> 1, last >> 1
    return first, last


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofRefused("Every hash of a proof has 32 bytes.")
