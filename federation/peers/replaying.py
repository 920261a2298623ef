"""What a peer's log says of a page of its feed: completeness by replay (federation.md §5). Pure.

Bytes come in, checked facts come out, and whoever calls it does the reading and the storing:

1. `check_head`: the checkpoint is signed by the pinned key, is of this log, and extends the
   largest one that was ever seen.
2. `place_page`: the entries that the peer gives continue what was replayed before, and together
   with it they are the beginning of the tree under that checkpoint.
3. Each object of the page is one of these entries, in the order of the log.

Entries between the objects are gaps: withdrawn if the peer says so, or else withheld. An entry
behind the last object is a gap only if it was in the log before the page was asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from federation.errors import (
    BeyondTree,
    Forked,
    MalformedCheckpoint,
    NotInLog,
    PeerMisbehaved,
    ProofRefused,
    RolledBack,
)
from federation.keys import Verifier
from federation.transparency import checkpoint as checkpoints
from federation.transparency import merkle
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.merkle import EMPTY_ROOT, HASH_BYTES, CompactRange, leaf_hashes

Prove = Callable[[int, int], Sequence[bytes]]
"""The log's consistency proof from one size to another (RFC 6962 §2.1.2), as the peer gives it."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A log as this node knows it: its key, and the largest checkpoint that ever came of it.

    size 0 and an empty note: none came yet.
    """

    origin: str
    verifier: Verifier
    size: int = 0
    root: bytes = EMPTY_ROOT
    note: bytes = b""

    @classmethod
    def of(cls, origin: str, vkey: str, size: int, root: bytes | None, note: bytes | None) -> Self:
        """From what is stored; raises MalformedKey for a vkey that is none."""
        return cls(origin, Verifier.parse(vkey), size, root or EMPTY_ROOT, note or b"")


@dataclass(frozen=True, slots=True)
class Replayed:
    """How far a log was replayed: entries, and the right edge of their tree (CompactRange)."""

    size: int = 0
    edge: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the page's first `len(places)` objects are in the log, and what lies between them.

    `after` is where the next page, or the rest of this one, goes on. Fewer places than objects:
    the entries that were given end before the next object; give the rest with those behind
    `after`, under a newer checkpoint if this one has no more of them.
    """

    places: list[int]
    gaps: list[tuple[int, bytes]]
    after: Replayed


def check_head(pinned: Pinned, note: bytes, prove: Prove) -> Checkpoint:
    """The checkpoint that `note` is, if the log's key signed it and it contradicts nothing seen.

    1. The pinned key signed it, for this log (else what `checkpoint.verify` raises).
    2. It is not smaller than the largest one seen (else RolledBack).
    3. Of the same size, it has the same root; larger, it extends the other, which `prove` proves:
       asked once, with both sizes, and only if there is something to prove (else Forked).
    """
    head = checkpoints.verify(note, pinned.origin, pinned.verifier)
    if head.size == 0 and head.root != EMPTY_ROOT:
        raise MalformedCheckpoint(
            f"The checkpoint of {pinned.origin} gives a root to a log without entries."
        )
    if head.size < pinned.size:
        raise RolledBack(
            f"{pinned.origin} shows {head.size} entries where it had signed {pinned.size}: its "
            "operator went back to an old backup, or hides what it published. Both checkpoints "
            "are kept; ask the operator.",
            pinned.note,
            note,
        )
    if head.size == pinned.size:
        _check_same(pinned, head, note)
    elif pinned.size:
        _check_extends(pinned, head, note, prove(pinned.size, head.size))
    return head


def _check_same(pinned: Pinned, head: Checkpoint, note: bytes) -> None:
    if head.root != pinned.root:
        raise Forked(
            f"{pinned.origin} signed two different roots for {head.size} entries. Both checkpoints "
            "are kept: they prove it to anybody.",
            pinned.note,
            note,
        )


def _check_extends(pinned: Pinned, head: Checkpoint, note: bytes, proof: Sequence[bytes]) -> None:
    try:
        merkle.verify_consistency(pinned.size, pinned.root, head.size, head.root, proof)
    except ProofRefused as error:
        raise Forked(
            f"{pinned.origin} has no proof that its {head.size} entries begin with the "
            f"{pinned.size} that it had signed: {error} Both checkpoints are kept; ask its "
            "operator and other readers.",
            pinned.note,
            note,
        ) from error


def place_page(
    before: Replayed,
    head: Checkpoint,
    note: bytes,
    entries: Sequence[bytes],
    proof: Sequence[bytes],
    digests: Sequence[bytes],
    bodies: Sequence[bytes],
    *,
    settled: int = 0,
) -> Placed:
    """Find the objects of a page (their digests and bodies) among the log's next entries.

    `entries` begin at `before.size`; `proof` leads from where they end to `head`, which is signed
    by `note`. `settled`: for the last page of a feed, the size that a checkpoint had which was
    read before the page was; 0 for other pages. Nothing that comes back is unproven.

    Raises PeerMisbehaved if the entries are not the log's; NotInLog if objects are left and no
    entries. The last checkpoint tried must have been read after the page.
    """
    stop = before.size + len(entries)
    if digests and before.size == head.size:
        raise _unlogged(head, digests[0], bodies[0], note)
    if stop > head.size:
        raise BeyondTree(f"Entries up to {stop} of {head.origin} were given; it has {head.size}.")
    places = _find(digests, entries, before.size)
    reached = _reached(places, len(digests), before.size, stop, settled)
    after = _replay(before, head, entries, proof, reached)
    held = set(places)
    gaps = [
        (index, entries[index - before.size])
        for index in range(before.size, reached)
        if index not in held
    ]
    return Placed(places, gaps, after)


def cut(before: Replayed, placed: Placed, digests: Sequence[bytes], size: int) -> Placed:
    """What `place_page` found, as far as entry `size`; `digests` are of the objects it placed."""
    known = dict(zip(placed.places, digests, strict=True)) | dict(placed.gaps)
    tree = CompactRange.from_bytes(before.size, before.edge)
    tree.extend(leaf_hashes(known[index] for index in range(before.size, size)))
    return Placed(
        [place for place in placed.places if place < size],
        [gap for gap in placed.gaps if gap[0] < size],
        Replayed(tree.size, tree.to_bytes()),
    )


def _find(digests: Sequence[bytes], entries: Sequence[bytes], start: int) -> list[int]:
    """The places of the first digests, as far as they lie in the entries in this order."""
    places: list[int] = []
    expected = iter(digests)
    digest = next(expected, None)
    for place, entry in enumerate(entries, start):
        if entry == digest:
            places.append(place)
            digest = next(expected, None)
    return places


def _reached(places: Sequence[int], wanted: int, start: int, stop: int, settled: int) -> int:
    """Up to where everything is accounted for."""
    if len(places) < wanted:
        return stop  # the next object lies behind all of these
    last = places[-1] + 1 if places else start
    return max(last, min(settled, stop))


def _replay(
    before: Replayed,
    head: Checkpoint,
    entries: Sequence[bytes],
    proof: Sequence[bytes],
    reached: int,
) -> Replayed:
    """The state at `reached`, once all entries are bound to the checkpoint."""
    if any(len(entry) != HASH_BYTES for entry in entries):
        raise PeerMisbehaved(f"{head.origin} gives an entry that does not have 32 bytes.")
    leaves = leaf_hashes(entries)
    tree = CompactRange.from_bytes(before.size, before.edge)
    tree.extend(leaves[: reached - before.size])
    after = Replayed(tree.size, tree.to_bytes())
    tree.extend(leaves[reached - before.size :])
    try:
        merkle.verify_consistency(tree.size, tree.root(), head.size, head.root, proof)
    except ProofRefused as error:
        # No fork: what isn't signed proves nothing, and the checkpoints do not contradict.
        raise PeerMisbehaved(
            f"The entries {before.size} to {tree.size} that {head.origin} gives, behind those it "
            f"gave before, are not the ones of its checkpoint at {head.size}: {error} Nothing of "
            "the page is taken."
        ) from error
    return after


def _unlogged(head: Checkpoint, digest: bytes, body: bytes, note: bytes) -> NotInLog:
    return NotInLog(
        f"An object of the page (sha256 {digest.hex()}) is not in {head.origin} behind the object "
        f"before it, up to entry {head.size}: never logged, altered, or out of order.",
        body,
        note,
    )
