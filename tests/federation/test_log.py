"""A log of the node: what an append writes, refuses and never does."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from federation.errors import (
    AppendRefused,
    BeyondTree,
    KeyNotOpened,
    LogDamaged,
    LogExists,
    MalformedKey,
    StaleHead,
    UnknownLog,
)
from federation.models import NodeKey, SignedCheckpoint
from federation.transparency import checkpoint, log, merkle
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.merkle import CompactRange
from federation.transparency.tiles import TilePath, decode_bundle

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def entries_of(count: int, *, start: int = 0) -> list[bytes]:
    return [hashlib.sha256(b"object %d" % i).digest() for i in range(start, start + count)]


def root_of(entries: Sequence[bytes]) -> bytes:
    tree = CompactRange()
    tree.extend(merkle.leaf_hashes(entries))
    return tree.root()


def append(log_id: UUID, entries: Sequence[bytes], now: datetime = NOON) -> Checkpoint:
    with transaction.atomic():
        head = log.lock(log_id)
        first = head.first_date_added(now)
        return log.append(head, entries, first + timedelta(microseconds=len(entries) - 1))


@pytest.fixture
def alder() -> UUID:
    """A new, empty log of Alder's."""
    log_id = uuid4()
    log.open_log(log_id, f"alder.example/{log_id}")
    return log_id


# --- Opening -------------------------------------------------------------------------------------


def test_a_new_log_has_a_signed_checkpoint_of_nothing(alder: UUID) -> None:
    origin = f"alder.example/{alder}"
    verified = checkpoint.verify(log.checkpoint(alder), origin, log.verifier(alder))
    assert verified == Checkpoint(origin, 0, merkle.EMPTY_ROOT)


def test_a_log_is_opened_once(alder: UUID) -> None:
    with pytest.raises(LogExists):
        log.open_log(alder, "alder.example/another-origin")


def test_an_origin_names_one_log(alder: UUID) -> None:
    with pytest.raises(LogExists):
        log.open_log(uuid4(), f"alder.example/{alder}")


def test_an_origin_that_is_no_key_name_opens_nothing() -> None:
    log_id = uuid4()
    with pytest.raises(MalformedKey):
        log.open_log(log_id, "alder example")
    with pytest.raises(UnknownLog):
        log.checkpoint(log_id)


def test_all_logs_of_a_node_share_its_log_key(alder: UUID) -> None:
    other = uuid4()
    log.open_log(other, f"alder.example/{other}")
    assert log.verifier(alder).public_key == log.verifier(other).public_key


def test_the_node_has_one_current_log_key() -> None:
    first, again = log.ensure_log_key(), log.ensure_log_key()
    assert first.pk == again.pk
    assert NodeKey.objects.count() == 1


def test_another_key_encryption_key_stops_appends_with_its_cause(
    alder: UUID, settings: pytest.FixtureRequest
) -> None:
    settings.KEY_ENCRYPTION_KEY = bytes(32)
    with pytest.raises(KeyNotOpened, match="Restore that key file"):
        append(alder, entries_of(1))
    assert b"\n0\n" in log.checkpoint(alder)


# --- Appending -----------------------------------------------------------------------------------


def test_an_append_signs_the_root_of_all_entries(alder: UUID) -> None:
    append(alder, entries_of(300))
    append(alder, entries_of(500, start=300))
    head = checkpoint.verify(log.checkpoint(alder), f"alder.example/{alder}", log.verifier(alder))
    assert (head.size, head.root) == (800, root_of(entries_of(800)))


def test_a_locked_append_of_1000_entries_costs_four_statements(alder: UUID) -> None:
    append(alder, entries_of(1000))
    with CaptureQueriesContext(connection) as queries:
        head = log.lock(alder)
        log.append(head, entries_of(1000, start=1000), NOON + timedelta(seconds=1))
    assert len(queries) == 4


@pytest.mark.django_db(transaction=True, available_apps=["federation"])
def test_an_append_outside_a_transaction_is_refused(alder: UUID) -> None:
    with transaction.atomic():
        head = log.lock(alder)
    with pytest.raises(StaleHead, match="belongs in the transaction"):
        log.append(head, entries_of(1), NOON)


@pytest.mark.django_db(transaction=True, available_apps=["federation"])
def test_a_lock_outside_a_transaction_is_refused(alder: UUID) -> None:
    with pytest.raises(StaleHead, match=r"inside transaction\.atomic"):
        log.lock(alder)


def test_a_head_is_good_for_one_append(alder: UUID) -> None:
    head = log.lock(alder)
    log.append(head, entries_of(1), NOON)
    with pytest.raises(StaleHead, match="no longer at 0 entries"):
        log.append(head, entries_of(1, start=1), NOON + timedelta(seconds=1))


def test_an_append_that_is_rolled_back_was_never_made(alder: UUID) -> None:
    append(alder, entries_of(10))
    before = log.checkpoint(alder)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log.append(log.lock(alder), entries_of(400, start=10), NOON + timedelta(seconds=1))
        _ = 1 / 0
    assert log.checkpoint(alder) == before
    append(alder, entries_of(300, start=10))
    assert list(log.entries(alder, 0, 310)) == entries_of(310)


def test_an_append_of_nothing_is_refused(alder: UUID) -> None:
    with pytest.raises(AppendRefused, match="at least one entry"):
        append(alder, [])


def test_an_entry_that_is_no_digest_is_refused(alder: UUID) -> None:
    with pytest.raises(AppendRefused, match="32 bytes"):
        append(alder, [bytes(32), bytes(31)])


def test_an_unknown_log_can_not_be_locked() -> None:
    with pytest.raises(UnknownLog):
        log.lock(uuid4())


# --- Time ----------------------------------------------------------------------------------------


def test_date_added_starts_with_the_clock(alder: UUID) -> None:
    assert log.lock(alder).first_date_added(NOON) == NOON


def test_date_added_goes_on_when_the_clock_steps_back(alder: UUID) -> None:
    append(alder, entries_of(5), NOON)
    an_hour_ago = NOON - timedelta(hours=1)
    assert log.lock(alder).first_date_added(an_hour_ago) == NOON + timedelta(microseconds=5)


def test_a_date_added_that_does_not_move_forward_is_refused(alder: UUID) -> None:
    append(alder, entries_of(1), NOON)
    with pytest.raises(AppendRefused, match="not after the last entry"):
        log.append(log.lock(alder), entries_of(1, start=1), NOON)


# --- One root for one size -----------------------------------------------------------------------


def test_the_database_refuses_a_second_checkpoint_for_one_size(alder: UUID) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        SignedCheckpoint.objects.create(log_id=alder, size=0, note="another root")


def test_the_database_refuses_to_change_a_checkpoint(alder: UUID) -> None:
    with pytest.raises(DatabaseError, match="for ever"), transaction.atomic():
        SignedCheckpoint.objects.filter(log_id=alder).update(note="another root")


def test_the_database_refuses_to_delete_a_checkpoint(alder: UUID) -> None:
    with pytest.raises(DatabaseError, match="for ever"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM federation_signedcheckpoint")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE federation_log SET root = sha256('mallory')",
        "UPDATE federation_log SET edge = substr(edge, 33)",
        "UPDATE federation_tile SET content = substr(content, 33) WHERE level = 0",
        "DELETE FROM federation_tile WHERE level = 0",
    ],
)
def test_nothing_is_signed_over_a_damaged_log(alder: UUID, damage: str) -> None:
    append(alder, entries_of(7))
    with connection.cursor() as cursor:
        cursor.execute(damage)
    with pytest.raises(LogDamaged):
        append(alder, entries_of(1, start=7))


@pytest.mark.django_db(transaction=True, available_apps=["federation"])
def test_writers_of_one_log_queue_at_its_head() -> None:
    log_id = uuid4()
    log.open_log(log_id, f"alder.example/{log_id}")

    def write(writer: int) -> None:
        try:
            for batch in range(5):
                append(log_id, entries_of(9, start=writer * 100 + batch * 9), datetime.now(UTC))
        finally:
            connection.close()

    writers = [Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    entries = list(log.entries(log_id, 0, 4 * 45))
    head = checkpoint.verify(
        log.checkpoint(log_id), f"alder.example/{log_id}", log.verifier(log_id)
    )
    assert head.root == root_of(entries)
    assert sorted(entries) == sorted(
        entry for writer in range(4) for entry in entries_of(45, start=writer * 100)
    )


# --- Reading -------------------------------------------------------------------------------------


def test_entries_are_streamed_from_anywhere_to_anywhere(alder: UUID) -> None:
    append(alder, entries_of(20_000))
    for start, stop in [(0, 0), (0, 1), (255, 257), (300, 19_000), (19_999, 20_000)]:
        assert list(log.entries(alder, start, stop)) == entries_of(20_000)[start:stop]


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (3, 2), (0, 6)])
def test_entries_the_log_does_not_have_are_refused(alder: UUID, start: int, stop: int) -> None:
    append(alder, entries_of(5))
    with pytest.raises(BeyondTree):
        log.entries(alder, start, stop)


def test_a_bundle_hashes_to_the_tile_of_level_0(alder: UUID) -> None:
    append(alder, entries_of(300))
    bundle = log.tile(alder, TilePath(0, 1, 44, entries=True))
    tile = log.tile(alder, TilePath(0, 1, 44))
    assert b"".join(merkle.leaf_hashes(decode_bundle(bundle, 44))) == tile


def test_a_tile_of_level_1_holds_the_roots_of_full_tiles(alder: UUID) -> None:
    append(alder, entries_of(1000))
    roots = [root_of(entries_of(256, start=start)) for start in (0, 256, 512)]
    assert log.tile(alder, TilePath(1, 0, 3)) == b"".join(roots)


def test_a_partial_tile_stays_readable_after_it_has_filled(alder: UUID) -> None:
    append(alder, entries_of(10))
    partial = log.tile(alder, TilePath(0, 0, 10))
    append(alder, entries_of(600, start=10))
    assert log.tile(alder, TilePath(0, 0, 10)) == partial


@pytest.mark.parametrize(
    "path", [TilePath(0, 0, 11), TilePath(0, 0), TilePath(1, 0, 1), TilePath(63, 10**18, 1)]
)
def test_a_tile_beyond_the_tree_is_refused(alder: UUID, path: TilePath) -> None:
    append(alder, entries_of(10))
    with pytest.raises(BeyondTree):
        log.tile(alder, path)


def test_a_missing_tile_is_damage_not_absence(alder: UUID) -> None:
    append(alder, entries_of(10))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM federation_tile")
    with pytest.raises(LogDamaged, match=r"Tile 0/0 of log .* is missing"):
        log.tile(alder, TilePath(0, 0, 10))


def test_a_proof_is_not_made_from_a_tile_that_was_cut(alder: UUID) -> None:
    append(alder, entries_of(10))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE federation_tile SET content = substr(content, 1, 192)")
    with pytest.raises(LogDamaged, match="missing from its tile"):
        log.inclusion(alder, 0, 10)


def test_a_proof_reads_only_the_tiles_on_its_path(alder: UUID) -> None:
    append(alder, entries_of(70_000))
    with CaptureQueriesContext(connection) as queries:
        proof = log.inclusion(alder, 1234, 70_000)
    assert len(queries) == 2
    leaf = merkle.leaf_hash(entries_of(1, start=1234)[0])
    merkle.verify_inclusion(leaf, 1234, 70_000, proof, root_of(entries_of(70_000)))


def test_a_proof_about_a_size_the_log_has_not_reached_is_refused(alder: UUID) -> None:
    append(alder, entries_of(5))
    with pytest.raises(BeyondTree, match="has 5 entries, not 6 yet"):
        log.consistency(alder, 1, 6)


def test_hot_reads_use_the_primary_keys(alder: UUID) -> None:
    """Planned as for a log of millions: a sequential scan is never chosen if an index exists."""
    append(alder, entries_of(1000))
    with CaptureQueriesContext(connection) as queries:
        log.checkpoint(alder)
        log.tile(alder, TilePath(0, 0))
        log.lock(alder)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in queries.captured_queries:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan" not in plan, plan
