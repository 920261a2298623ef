"""Any sequence of appends, rollbacks and questions, against an independent Merkle tree."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pymerkle import InmemoryTree

from federation.errors import AppendRefused, BeyondTree, StaleHead
from federation.transparency import checkpoint, log, merkle
from federation.transparency.audit import verify_log
from federation.transparency.replay import Replay
from federation.transparency.tiles import WIDTH, TilePath, decode_bundle, width_at

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
batches = st.integers(1, 700)
clocks = st.timedeltas(timedelta(hours=-1), timedelta(hours=1))
fractions = st.floats(0, 1)


class Interrupted(Exception):
    """The web process died before its commit."""


class LogMachine(RuleBasedStateMachine):
    """One log of the node beside its model: a list of entries and pymerkle's tree of them."""

    def __init__(self) -> None:
        super().__init__()
        self.log_id = uuid4()
        self.origin = f"alder.example/{self.log_id}"
        self.entries: list[bytes] = []
        self.model = InmemoryTree(algorithm="sha256")
        self.last_added: datetime | None = None
        self.made = 0
        log.open_log(self.log_id, self.origin)

    def new_entries(self, count: int) -> list[bytes]:
        self.made += count
        return [
            hashlib.sha256(b"object %d" % i).digest() for i in range(self.made - count, self.made)
        ]

    def root(self, size: int) -> bytes:
        return self.model.get_root(size) if size else merkle.EMPTY_ROOT

    def at(self, fraction: float, most: int) -> int:
        return round(fraction * most)

    @rule(count=batches, clock=clocks)
    def append(self, count: int, clock: timedelta) -> None:
        entries = self.new_entries(count)
        with transaction.atomic():
            head = log.lock(self.log_id)
            first = head.first_date_added(NOON + clock)
            last = first + timedelta(microseconds=count - 1)
            log.append(head, entries, last)
        assert self.last_added is None or first > self.last_added
        self.last_added = last
        self.entries += entries
        for entry in entries:
            self.model.append_entry(entry)

    @rule(first=batches, second=batches)
    def append_twice_and_die_before_the_commit(self, first: int, second: int) -> None:
        with pytest.raises(Interrupted), transaction.atomic():
            for count in (first, second):
                head = log.lock(self.log_id)
                start = head.first_date_added(NOON)
                log.append(head, self.new_entries(count), start + timedelta(microseconds=count))
            raise Interrupted

    @rule(count=batches)
    def append_behind_a_head_that_was_used(self, count: int) -> None:
        head = log.lock(self.log_id)
        self.append(count, timedelta())
        with pytest.raises((StaleHead, AppendRefused)), transaction.atomic():
            log.append(head, self.new_entries(1), NOON + timedelta(days=1))

    @precondition(lambda self: self.entries)
    @rule(which=fractions, at=fractions)
    def prove_an_entry_in_any_tree_that_has_it(self, which: float, at: float) -> None:
        index = self.at(which, len(self.entries) - 1)
        size = index + 1 + self.at(at, len(self.entries) - index - 1)
        proof = log.inclusion(self.log_id, index, size)
        leaf = merkle.leaf_hash(self.entries[index])
        merkle.verify_inclusion(leaf, index, size, proof, self.root(size))

    @rule(first=fractions, second=fractions)
    def prove_that_any_tree_extends_any_earlier_one(self, first: float, second: float) -> None:
        new = self.at(first, len(self.entries))
        old = self.at(second, new)
        proof = log.consistency(self.log_id, old, new)
        merkle.verify_consistency(old, self.root(old), new, self.root(new), proof)

    @precondition(lambda self: self.entries)
    @rule(which=fractions, width=fractions)
    def read_any_width_of_any_bundle(self, which: float, width: float) -> None:
        index = self.at(which, (len(self.entries) - 1) // WIDTH)
        wide = 1 + self.at(width, width_at(0, index, len(self.entries)) - 1)
        expected = self.entries[index * WIDTH :][:wide]
        bundle = log.tile(self.log_id, TilePath(0, index, wide, entries=True))
        assert decode_bundle(bundle, wide) == expected
        hashes = log.tile(self.log_id, TilePath(0, index, wide))
        assert merkle.split(hashes) == merkle.leaf_hashes(expected)

    @rule(level=st.integers(0, 8))
    def read_beyond_the_tree(self, level: int) -> None:
        index, width = divmod(len(self.entries) >> (8 * level), WIDTH)
        with pytest.raises(BeyondTree):
            log.tile(self.log_id, TilePath(level, index, width + 1))

    @rule(start=fractions, stop=fractions)
    def stream_any_entries(self, start: float, stop: float) -> None:
        last = self.at(stop, len(self.entries))
        first = self.at(start, last)
        assert list(log.entries(self.log_id, first, last)) == self.entries[first:last]

    @invariant()
    def the_checkpoint_commits_to_exactly_these_entries(self) -> None:
        verifier = log.verifier(self.log_id)
        head = checkpoint.verify(log.checkpoint(self.log_id), self.origin, verifier)
        assert (head.size, head.root) == (len(self.entries), self.root(len(self.entries)))

    def teardown(self) -> None:
        report = verify_log(self.log_id)
        replay = Replay(self.origin, log.verifier(self.log_id))
        replay.match(log.entries(self.log_id, 0, report.size), self.entries[::3])
        replay.conclude(log.checkpoint(self.log_id))


@pytest.mark.django_db
def test_a_log_keeps_its_promises_through_any_sequence_of_steps() -> None:
    run_state_machine_as_test(
        LogMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
