"""A nonce opens a door once, whoever is at it and however many doors there are."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from federation.errors import Replayed
from federation.models import SeenNonce
from federation.nonces import remember

pytestmark = pytest.mark.django_db

LATER = datetime.now(UTC) + timedelta(days=1)
EARLIER = datetime.now(UTC) - timedelta(minutes=5)


def test_a_nonce_is_taken_once() -> None:
    remember("alder", "n-1", LATER)
    with pytest.raises(Replayed):
        remember("alder", "n-1", LATER)


def test_two_keys_may_choose_the_same_nonce() -> None:
    remember("alder", "n-1", LATER)
    remember("birch", "n-1", LATER)
    assert SeenNonce.objects.count() == 2


def test_what_is_past_its_time_is_forgotten_in_passing() -> None:
    SeenNonce.objects.bulk_create(SeenNonce("alder", f"old-{n}", EARLIER) for n in range(20))
    for n in range(3):
        remember("alder", f"new-{n}", LATER)
    assert set(SeenNonce.objects.values_list("nonce", flat=True)) == {"new-0", "new-1", "new-2"}


def test_what_can_still_be_replayed_is_not_forgotten() -> None:
    remember("alder", "n-1", LATER)
    for n in range(3):
        remember("alder", f"new-{n}", LATER)
    with pytest.raises(Replayed):
        remember("alder", "n-1", LATER)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_is_let_in() -> None:
    let_in: list[int] = []

    def enter(number: int) -> None:
        try:
            remember("alder", "n-1", LATER)
            let_in.append(number)
        except Replayed:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_in) == 1
