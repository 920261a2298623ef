"""A reader of a feed knows each object's place in the log, what is missing, and who lied."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import (
    BadSignature,
    BeyondTree,
    Forked,
    MalformedCheckpoint,
    MalformedNote,
    NotInLog,
    NotSigned,
    PeerMisbehaved,
    RolledBack,
    WrongOrigin,
)
from federation.keys import SigningKey, Verifier
from federation.peers.replaying import Pinned, Placed, Replayed, check_head, place_page
from federation.transparency import checkpoint, merkle
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.merkle import EMPTY_ROOT, CompactRange

ORIGIN = "alder.example/log"
KEY = SigningKey.from_seed(hashlib.sha256(b"alder").digest())
BODIES = [b'{"id":"indicator--%d"}' % i for i in range(60)]
ENTRIES = [hashlib.sha256(body).digest() for body in BODIES]


@dataclass
class Log:
    """A log of these entries, with all that its operator serves."""

    entries: Sequence[bytes]
    origin: str = ORIGIN
    key: SigningKey = KEY

    def head(self, size: int) -> Checkpoint:
        tree = CompactRange()
        tree.extend(merkle.leaf_hashes(self.entries[:size]))
        return Checkpoint(self.origin, size, tree.root())

    def note(self, size: int) -> bytes:
        return checkpoint.sign(self.head(size), self.key)

    def pinned(self, size: int) -> Pinned:
        verifier = Verifier(self.origin, self.key.public_key)
        if not size:
            return Pinned(self.origin, verifier)
        return Pinned(self.origin, verifier, size, self.head(size).root, self.note(size))

    def prove(self, old: int, new: int) -> list[bytes]:
        leaves = merkle.leaf_hashes(self.entries[:new])

        def read(nodes: Sequence[merkle.Node]) -> list[bytes]:
            return [
                merkle.subtree_hash(leaves[n.position << n.level : (n.position + 1) << n.level])
                for n in nodes
            ]

        return merkle.consistency_proof(old, new, read)

    def replayed(self, size: int) -> Replayed:
        tree = CompactRange()
        tree.extend(merkle.leaf_hashes(self.entries[:size]))
        return Replayed(size, tree.to_bytes())


HONEST = Log(ENTRIES)
REWRITTEN = Log([*ENTRIES[:9], hashlib.sha256(b"another").digest(), *ENTRIES[10:]])


def never(old: int, new: int) -> list[bytes]:
    raise AssertionError("there is nothing to prove")


# --- The head ------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_log_that_grew_is_followed(old: int, more: int) -> None:
    new = min(60, old + more)
    assert check_head(HONEST.pinned(old), HONEST.note(new), HONEST.prove) == HONEST.head(new)


@pytest.mark.parametrize(("old", "new"), [(0, 40), (40, 40), (0, 0)])
def test_a_proof_is_asked_for_only_if_there_is_something_to_prove(old: int, new: int) -> None:
    check_head(HONEST.pinned(old), HONEST.note(new), never)


def test_a_smaller_log_went_back() -> None:
    with pytest.raises(RolledBack, match="shows 30 entries where it had signed 40") as refusal:
        check_head(HONEST.pinned(40), HONEST.note(30), never)
    assert (refusal.value.first, refusal.value.second) == (HONEST.note(40), HONEST.note(30))


def test_two_roots_for_one_size_are_a_fork() -> None:
    with pytest.raises(Forked, match="two different roots for 40") as refusal:
        check_head(HONEST.pinned(40), REWRITTEN.note(40), never)
    assert (refusal.value.first, refusal.value.second) == (HONEST.note(40), REWRITTEN.note(40))


@given(st.integers(10, 49), st.integers(1, 10))
def test_a_rewritten_log_is_a_fork_whatever_it_proves(old: int, more: int) -> None:
    for liar in (HONEST, REWRITTEN):
        with pytest.raises(Forked, match="no proof that its"):
            check_head(HONEST.pinned(old), REWRITTEN.note(old + more), liar.prove)


@pytest.mark.parametrize("proof", [[], [b"short"], [bytes(32)], [bytes(32)] * 100])
def test_a_proof_that_is_none_is_a_fork(proof: list[bytes]) -> None:
    with pytest.raises(Forked):
        check_head(HONEST.pinned(33), HONEST.note(60), lambda old, new: proof)


def test_a_checkpoint_by_another_key_is_refused() -> None:
    mallory = Log(ENTRIES, key=SigningKey.from_seed(bytes(32)))
    with pytest.raises(NotSigned):
        check_head(HONEST.pinned(40), mallory.note(40), never)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    other = checkpoint.sign(HONEST.head(40), KEY).replace(b"alder.example/log\n40", b"x\n40")
    with pytest.raises(BadSignature):
        check_head(HONEST.pinned(40), other, never)


def test_a_checkpoint_of_another_log_with_the_same_key_is_refused() -> None:
    from federation.transparency import note

    text = Checkpoint("alder.example/other", 40, HONEST.head(40).root).text()
    with pytest.raises(WrongOrigin):
        check_head(HONEST.pinned(40), note.sign(text, ORIGIN, KEY), never)


def test_an_empty_log_has_one_root() -> None:
    signed = checkpoint.sign(Checkpoint(ORIGIN, 0, bytes(32)), KEY)
    with pytest.raises(MalformedCheckpoint):
        check_head(HONEST.pinned(0), signed, never)


@given(st.binary(max_size=300))
def test_any_bytes_are_no_checkpoint(note: bytes) -> None:
    with pytest.raises(MalformedNote):
        check_head(HONEST.pinned(40), note, never)


# --- The page ------------------------------------------------------------------------------------


def place(
    served: Sequence[int],
    *,
    start: int = 0,
    stop: int = 60,
    size: int = 60,
    settled: int = 0,
    log: Log = HONEST,
    before: Replayed | None = None,
) -> Placed:
    """Place the objects that stand at `served`, with the log's entries start to stop."""
    return place_page(
        before or HONEST.replayed(start),
        HONEST.head(size),
        HONEST.note(size),
        log.entries[start:stop],
        log.prove(stop, size) if stop else [],
        [ENTRIES[each] for each in served],
        [BODIES[each] for each in served],
        settled=settled,
    )


@given(st.sets(st.integers(0, 59)), st.integers(0, 60))
def test_objects_are_placed_and_what_lies_between_is_missing(seen: set[int], more: int) -> None:
    served = sorted(seen)
    last = served[-1] + 1 if served else 0
    stop = min(60, last + more)
    placed = place(served, stop=stop)
    assert placed.places == served
    assert placed.gaps == [(i, ENTRIES[i]) for i in range(last) if i not in seen]
    assert placed.after == HONEST.replayed(last)


@given(st.lists(st.integers(1, 20), max_size=12), st.sets(st.integers(0, 59)))
def test_a_feed_in_any_pages_ends_at_the_logs_own_edge(lengths: list[int], gone: set[int]) -> None:
    left = [index for index in range(60) if index not in gone]
    before, gaps = Replayed(), []
    for length in [*lengths, 60]:
        page, left = left[:length], left[length:]
        settled = 0 if left else 60
        placed = place(page, start=before.size, before=before, settled=settled)
        before, gaps = placed.after, gaps + placed.gaps
        if settled:
            break
    assert before == HONEST.replayed(60)
    assert [index for index, _ in gaps] == sorted(gone)


@given(st.integers(0, 60), st.integers(0, 60))
def test_what_is_behind_the_last_page_is_missing_only_if_it_was_there_before(
    settled: int, stop: int
) -> None:
    placed = place([], stop=stop, settled=settled)
    assert placed.after.size == len(placed.gaps) == min(settled, stop)


@given(st.integers(1, 59), st.sets(st.integers(0, 59), min_size=1))
def test_entries_that_end_early_place_what_they_can(stop: int, seen: set[int]) -> None:
    served = sorted(seen)
    first = place(served, stop=stop)
    assert first.places == [each for each in served if each < stop]
    rest = served[len(first.places) :]
    second = place(rest, start=first.after.size, before=first.after)
    assert [*first.places, *second.places] == served


def test_what_no_entry_is_left_for_was_not_logged() -> None:
    page = [b"not logged"]
    digests = [hashlib.sha256(each).digest() for each in page]
    head, note = HONEST.head(60), HONEST.note(60)
    placed = place_page(Replayed(), head, note, ENTRIES, [], digests, page)
    assert placed.places == []
    with pytest.raises(NotInLog, match="never logged") as refusal:
        place_page(placed.after, head, note, [], [], digests, page)
    assert (refusal.value.body, refusal.value.note) == (b"not logged", note)


@given(st.lists(st.integers(0, 59), min_size=2, max_size=8))
def test_objects_out_of_order_are_not_placed(served: list[int]) -> None:
    placed = place(served)
    if served == sorted(set(served)):
        assert placed.places == served
        return
    left = served[len(placed.places) :]
    assert left
    with pytest.raises(NotInLog):
        place(left, start=60, before=placed.after)


@given(st.integers(0, 59), st.integers(0, 59))
def test_an_altered_entry_is_misconduct(start: int, altered: int) -> None:
    entries = list(ENTRIES)
    entries[altered] = bytes(32)
    if start <= altered:
        with pytest.raises(PeerMisbehaved, match="are not the ones of its checkpoint"):
            place([], start=start, log=Log(entries))


def test_entries_left_out_are_misconduct() -> None:
    with pytest.raises(PeerMisbehaved):
        place([], stop=59, size=60, log=Log([*ENTRIES[:20], *ENTRIES[21:], ENTRIES[0]]))


def test_entries_of_another_length_are_misconduct() -> None:
    with pytest.raises(PeerMisbehaved, match="32 bytes"):
        place([], log=Log([*ENTRIES[:-1], b"short"]))


def test_entries_that_do_not_continue_what_was_replayed_are_misconduct() -> None:
    with pytest.raises(PeerMisbehaved):
        place([], start=30, before=REWRITTEN.replayed(30))


def test_more_entries_than_the_log_has_are_not_asked_about() -> None:
    with pytest.raises(BeyondTree):
        place_page(Replayed(), HONEST.head(10), b"", ENTRIES[:11], [], [], [])


def test_nothing_was_replayed_of_an_empty_log() -> None:
    placed = place([], stop=0, size=0)
    assert placed == Placed([], [], Replayed(0, b""))
    assert HONEST.pinned(0).root == EMPTY_ROOT
