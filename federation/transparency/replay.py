"""Completeness by replay: what a reader saw in a feed, checked against the log's checkpoint.

Equal roots mean: everything, unaltered, in order, the same as every other reader saw.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from federation.errors import ReplayRefused
from federation.keys import Verifier
from federation.transparency import checkpoint
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.merkle import HASH_BYTES, CompactRange, leaf_hash, leaf_hashes


@dataclass(frozen=True, slots=True)
class Match:
    """How a feed fits its log: entries in all, and those no object was seen for.

    `missing` lie before the last object of the feed (erased, or withheld from this reader);
    `trailing` come after it (erased, withheld, or logged since the feed was read).
    """

    entries: int
    present: int
    missing: int
    trailing: int


class Replay:
    """Rebuild one log's root from what its feed delivered, in feed order."""

    def __init__(self, origin: str, verifier: Verifier) -> None:
        self._origin = origin
        self._verifier = verifier
        self._range = CompactRange()

    @property
    def size(self) -> int:
        """Entries replayed so far."""
        return self._range.size

    def extend(self, bodies: Iterable[bytes]) -> None:
        """Add objects by their canonical bytes."""
        digests = (hashlib.sha256(body).digest() for body in bodies)
        self._range.extend(leaf_hashes(digests))

    def skip(self, entry: bytes) -> None:
        """Add an erased object by its 32-byte entry, as `tile/entries` serves it."""
        if len(entry) != HASH_BYTES:
            raise ReplayRefused(f"Entry {self.size} has {len(entry)} bytes; an entry has 32.")
        self._range.extend([leaf_hash(entry)])

    def match(self, entries: Iterable[bytes], feed: Iterable[bytes]) -> Match:
        """Add all `entries` of the log, and check that the feed's digests lie in them in order.

        For a reader who does not see every object. Both hold 32-byte SHA-256 digests. Raises
        ReplayRefused for the first digest of the feed that the log does not have after the one
        before it. Nothing is proven until `conclude` has bound the entries to a checkpoint.
        """
        digests = iter(feed)
        expected = next(digests, None)
        total = present = missing = run = 0
        for entry in self._admit(entries):
            total += 1
            run += 1
            if entry == expected:
                present, missing, run = present + 1, missing + run - 1, 0
                expected = next(digests, None)
        if expected is not None:
            raise ReplayRefused(
                f"Object {present} of the feed (sha256 {expected.hex()}) is not in the log after "
                "the object before it: it was never logged, or the feed is out of order."
            )
        return Match(total, present, missing, run)

    def _admit(self, entries: Iterable[bytes]) -> Iterator[bytes]:
        for entry in entries:
            self.skip(entry)
            yield entry

    def conclude(self, signed: bytes) -> Checkpoint:
        """Return the verified checkpoint if it commits to exactly what was replayed.

        Raises what `checkpoint.verify` raises, and ReplayRefused for another size or root.
        """
        head = checkpoint.verify(signed, self._origin, self._verifier)
        if head.size != self.size:
            raise ReplayRefused(
                f"The checkpoint of {self._origin} covers {head.size} entries and {self.size} were "
                "replayed: pull the rest, or something was withheld."
            )
        if head.root != self._range.root():
            raise ReplayRefused(
                f"Replaying {self.size} entries of {self._origin} gives another root than its "
                "checkpoint: an object was altered, left out, added or moved."
            )
        return head
