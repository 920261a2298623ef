"""A reader who replays a feed knows that nothing was withheld, altered, reordered or rewritten."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import ReplayRefused, WrongOrigin
from federation.keys import SigningKey, Verifier
from federation.transparency import checkpoint, merkle
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.merkle import CompactRange
from federation.transparency.replay import Match, Replay

ORIGIN = "alder.example/log"
KEY = SigningKey.from_seed(hashlib.sha256(b"alder").digest())
BODIES = [b'{"id":"indicator--%d"}' % i for i in range(40)]
ENTRIES = [hashlib.sha256(body).digest() for body in BODIES]


def signed(entries: list[bytes]) -> bytes:
    tree = CompactRange()
    tree.extend(merkle.leaf_hashes(entries))
    return checkpoint.sign(Checkpoint(ORIGIN, tree.size, tree.root()), KEY)


def new_replay() -> Replay:
    return Replay(ORIGIN, Verifier(ORIGIN, KEY.public_key))


def test_a_whole_feed_gives_the_root_of_the_checkpoint() -> None:
    replay = new_replay()
    replay.extend(BODIES[:7])
    replay.extend(BODIES[7:])
    assert replay.conclude(signed(ENTRIES)).size == 40


def test_an_empty_feed_of_an_empty_log_is_complete() -> None:
    assert new_replay().conclude(signed([])).root == merkle.EMPTY_ROOT


def test_an_erased_object_is_replayed_by_its_entry() -> None:
    replay = new_replay()
    replay.extend(BODIES[:7])
    replay.skip(ENTRIES[7])
    replay.extend(BODIES[8:])
    assert replay.conclude(signed(ENTRIES)).size == 40


def test_a_false_entry_for_an_erased_object_is_refused() -> None:
    replay = new_replay()
    replay.extend(BODIES[:39])
    replay.skip(ENTRIES[0])
    with pytest.raises(ReplayRefused, match="another root"):
        replay.conclude(signed(ENTRIES))


def test_a_withheld_object_is_noticed() -> None:
    replay = new_replay()
    replay.extend(BODIES[:-1])
    with pytest.raises(ReplayRefused, match="covers 40 entries and 39 were replayed"):
        replay.conclude(signed(ENTRIES))


def test_a_checkpoint_of_another_log_is_refused() -> None:
    replay = Replay("alder.example/other", Verifier(ORIGIN, KEY.public_key))
    with pytest.raises(WrongOrigin):
        replay.conclude(signed([]))


@given(st.sets(st.integers(0, 39)))
def test_a_feed_with_holes_is_counted_against_the_entries(seen: set[int]) -> None:
    replay = new_replay()
    match = replay.match(ENTRIES, [ENTRIES[i] for i in sorted(seen)])
    last = max(seen, default=-1)
    assert match == Match(40, len(seen), last + 1 - len(seen), 39 - last)
    replay.conclude(signed(ENTRIES))


@given(st.lists(st.integers(0, 39), min_size=2, max_size=12))
def test_a_feed_out_of_order_is_refused(order: list[int]) -> None:
    feed = [ENTRIES[i] for i in order]
    if order == sorted(set(order)):
        new_replay().match(ENTRIES, feed)
    else:
        with pytest.raises(ReplayRefused, match="not in the log after"):
            new_replay().match(ENTRIES, feed)


def test_one_replay_may_go_on_where_the_last_one_ended() -> None:
    replay = new_replay()
    replay.extend(BODIES[:20])
    replay.conclude(signed(ENTRIES[:20]))
    assert replay.match(ENTRIES[20:], ENTRIES[20:]).present == 20
    replay.conclude(signed(ENTRIES))
