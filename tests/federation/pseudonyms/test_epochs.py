"""Token keys: when they begin, end and are destroyed, and that the log holds every one of them."""

import hashlib
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.db import connection

from federation.errors import KeyHolderUnavailable, KeyNotOpened, UnknownTokenKey
from federation.models import TokenKey
from federation.pseudonyms import epochs
from federation.pseudonyms.normalize import KINDS
from federation.transparency import log
from federation.transparency.audit import verify_log

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EPOCH, OVERLAP = timedelta(days=90), timedelta(days=14)


def logged() -> list[bytes]:
    head = verify_log(epochs.log_id())
    return list(log.entries(epochs.log_id(), 0, head.size))


@pytest.mark.django_db
def test_every_kind_gets_a_key_of_its_own() -> None:
    made = epochs.rotate_epochs(NOW)
    assert [key.kind for key in made] == list(KINDS)
    assert len({key.public_key for key in made}) == len(KINDS)


@pytest.mark.django_db
def test_rotating_twice_makes_nothing_new() -> None:
    epochs.rotate_epochs(NOW)
    assert epochs.rotate_epochs(NOW + timedelta(days=89)) == []


@pytest.mark.django_db
def test_the_next_epoch_begins_when_the_last_is_over() -> None:
    epochs.rotate_epochs(NOW)
    made = epochs.rotate_epochs(NOW + EPOCH)
    assert {key.epoch for key in made} == {2}
    assert {key.not_before for key in made} == {NOW + EPOCH}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "valid"),
    [(0, [1]), (89, [1]), (90, [1, 2]), (103, [1, 2]), (104, [2])],
)
def test_two_keys_are_valid_in_the_overlap_and_one_else(days: int, valid: list[int]) -> None:
    epochs.rotate_epochs(NOW)
    epochs.rotate_epochs(NOW + EPOCH)
    found = epochs.valid_keys("phone", NOW + timedelta(days=days))
    assert [key.epoch for key in found] == valid


@pytest.mark.django_db
def test_an_epoch_that_nobody_ended_for_months_is_followed_at_once() -> None:
    epochs.rotate_epochs(NOW)
    found = epochs.valid_keys("phone", NOW + timedelta(days=365))
    assert [key.epoch for key in found] == [2]


@pytest.mark.django_db
def test_there_is_no_key_of_an_unknown_kind() -> None:
    with pytest.raises(UnknownTokenKey, match="one of the kinds email, "):
        epochs.valid_keys("shoe-size", NOW)


@pytest.mark.django_db
def test_a_clock_that_stepped_back_stops_tokens_instead_of_leaving_them_out() -> None:
    epochs.rotate_epochs(NOW)
    with pytest.raises(KeyHolderUnavailable, match="set its clock"):
        epochs.valid_keys("email", NOW - timedelta(hours=1))


@pytest.mark.django_db
def test_a_clock_that_is_a_little_behind_finds_the_new_key() -> None:
    epochs.rotate_epochs(NOW)
    assert len(epochs.valid_keys("email", NOW - timedelta(minutes=4))) == 1


@pytest.mark.django_db
def test_the_log_holds_every_public_key_in_order() -> None:
    epochs.rotate_epochs(NOW)
    epochs.begin_epoch(["email"], NOW + timedelta(days=1))
    records = [
        epochs.record("default", key.kind, key.epoch, key.public_key, key.not_before)
        for key in epochs.all_keys()
    ]
    assert [hashlib.sha256(each).digest() for each in records] == logged()


@pytest.mark.django_db
def test_a_group_has_a_log_of_its_own(settings: LazySettings) -> None:
    first = epochs.log_id()
    settings.TOKEN_GROUP = "birch"
    assert epochs.log_id() != first
    epochs.rotate_epochs(NOW)
    assert len(logged()) == len(KINDS)


@pytest.mark.django_db
def test_a_key_that_leaked_is_followed_at_once_and_kept_for_the_overlap() -> None:
    epochs.rotate_epochs(NOW)
    at = NOW + timedelta(days=10)
    epochs.begin_epoch(["email"], at)
    assert [key.epoch for key in epochs.valid_keys("email", at + OVERLAP / 2)] == [1, 2]
    assert [key.epoch for key in epochs.valid_keys("email", at + OVERLAP)] == [2]
    assert [key.epoch for key in epochs.valid_keys("phone", at + OVERLAP)] == [1]


@pytest.mark.django_db
def test_seeds_are_destroyed_after_the_overlap_and_not_before() -> None:
    epochs.rotate_epochs(NOW)
    epochs.rotate_epochs(NOW + EPOCH)
    assert epochs.destroy_seeds(NOW + EPOCH + OVERLAP - timedelta(seconds=1)) == 0
    assert epochs.destroy_seeds(NOW + EPOCH + OVERLAP) == len(KINDS)
    assert set(TokenKey.objects.filter(sealed_seed=None).values_list("epoch", flat=True)) == {1}


@pytest.mark.django_db
def test_a_node_that_has_another_key_holder_makes_no_keys_and_destroys_its_own(
    settings: LazySettings,
) -> None:
    epochs.rotate_epochs(NOW)
    settings.KEYHOLDER_URL = "https://cedar.example"
    assert epochs.rotate_epochs(NOW + EPOCH + OVERLAP) == []
    assert not TokenKey.objects.exclude(sealed_seed=None).exists()


@pytest.mark.django_db
def test_a_destroyed_key_stays_in_the_log() -> None:
    [first, *_] = epochs.rotate_epochs(NOW)
    epochs.rotate_epochs(NOW + EPOCH + OVERLAP)
    assert epochs.all_keys()[0].public_key == first.public_key
    assert len(logged()) == 2 * len(KINDS)


@pytest.mark.django_db
def test_an_opened_key_is_forgotten_by_the_process_when_it_is_dropped() -> None:
    epochs.rotate_epochs(NOW)
    [key] = epochs.valid_keys("email", NOW)
    epochs.open_evaluator("email", 1, NOW)
    with pytest.raises(UnknownTokenKey):
        epochs.open_evaluator("email", 1, key.dropped_at)
    assert key.public_key not in epochs._EVALUATORS


@pytest.mark.django_db
def test_a_key_is_not_opened_by_another_key_encryption_key(settings: LazySettings) -> None:
    epochs.rotate_epochs(NOW)
    settings.KEY_ENCRYPTION_KEY = bytes(32)
    with pytest.raises(KeyNotOpened, match="email, epoch 1"):
        epochs.open_evaluator("email", 1, NOW)


@pytest.mark.django_db
def test_a_sealed_seed_is_not_opened_in_another_row() -> None:
    epochs.rotate_epochs(NOW)
    phone = TokenKey.objects.get(kind="phone")
    TokenKey.objects.filter(kind="email").update(sealed_seed=phone.sealed_seed)
    with pytest.raises(KeyNotOpened):
        epochs.open_evaluator("email", 1, NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("at", [NOW - timedelta(minutes=6), NOW + EPOCH + OVERLAP])
def test_a_key_opens_only_in_its_time(at: datetime) -> None:
    epochs.rotate_epochs(NOW)
    with pytest.raises(UnknownTokenKey, match="its time is over"):
        epochs.open_evaluator("email", 1, at)


@pytest.mark.django_db(transaction=True)
def test_processes_that_begin_an_epoch_together_make_one_set_of_keys() -> None:
    def rotate() -> None:
        epochs.rotate_epochs(NOW)
        connection.close()

    threads = [threading.Thread(target=rotate) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert TokenKey.objects.count() == len(KINDS)
    assert len(logged()) == len(KINDS)
