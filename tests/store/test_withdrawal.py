"""What leaves a feed, what leaves the store, and what the log keeps."""

import threading
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction

from federation.transparency import log
from indicators.models import Collection, Contradiction, Member, ObjectVersion, Withdrawal
from indicators.store import feed, withdrawal
from indicators.store.custody import ensure_own_member
from indicators.store.errors import NotTheOwner, StoreError, UnknownObject
from indicators.store.withdrawal import erase, withdraw, withdrawn_from
from tests.objects import domain_name, id_of, indicator, moment, stix_object
from tests.store.witness import (
    EVERY,
    FIRST,
    LATEST,
    post,
    rows,
    served,
    sound,
    together,
    until_one_waits,
)

pytestmark = pytest.mark.django_db

A = id_of("indicator", "a")


def of_a(**versions: Any) -> feed.Selection:
    return feed.Selection(ids=(A,), versions=feed.Versions(**{"latest": False, **versions}))


ALL_OF_A = of_a(every=True)


@pytest.fixture
def three(forum: Collection, alder: Member) -> Collection:
    """Three versions of one object, and another object."""
    post(forum, alder, *(indicator("a", version=n) for n in range(3)), indicator("b"))
    return forum


def test_a_withdrawn_object_is_gone_from_every_read(three: Collection, alder: Member) -> None:
    assert withdraw(three, alder, A, ALL_OF_A, "mistake") == 3
    for selection in (EVERY, LATEST, FIRST, ALL_OF_A):
        assert A not in [row.stix_id for row in rows(three, selection)]
    assert not feed.knows(three.pk, A)


def test_the_log_keeps_what_was_withdrawn(three: Collection, alder: Member) -> None:
    before = list(log.entries(three.pk, 0, 4))
    withdraw(three, alder, A, ALL_OF_A, "mistake")
    assert list(log.entries(three.pk, 0, 4)) == before
    custody = sound(three)
    assert (custody.size, custody.served, custody.withdrawn) == (4, 1, 3)


def test_what_was_withdrawn_is_listed_by_its_place(three: Collection, alder: Member) -> None:
    withdraw(three, alder, A, ALL_OF_A, "mistake")
    assert withdrawn_from(three.pk, 0) == ([0, 1, 2], False)
    assert withdrawn_from(three.pk, 2) == ([2], False)


def test_a_long_list_of_withdrawals_says_that_there_is_more(
    three: Collection, alder: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(withdrawal, "MOST_LISTED", 2)
    withdraw(three, alder, A, ALL_OF_A, "mistake")
    assert withdrawn_from(three.pk, 0) == ([0, 1], True)


def test_a_withdrawal_says_why_and_when(three: Collection, alder: Member) -> None:
    withdraw(three, alder, A, of_a(first=True), "mistake")
    kept = Withdrawal.objects.get()
    assert (kept.seq, kept.reason) == (0, "mistake")


@pytest.mark.parametrize(
    ("gone", "first", "latest"),
    [
        (of_a(latest=True), 0, 1),
        (of_a(first=True), 1, 2),
        (of_a(exact=(moment(1),)), 0, 2),
        (of_a(first=True, latest=True), 1, 1),
    ],
    ids=["latest", "first", "one between", "both ends"],
)
def test_what_remains_takes_the_seats(
    three: Collection, alder: Member, gone: feed.Selection, first: int, latest: int
) -> None:
    withdraw(three, alder, A, gone, "mistake")
    assert (A, first) in served(three, FIRST)
    assert (A, latest) in served(three, LATEST)
    assert sound(three).size == 4


def test_a_withdrawal_concerns_one_collection(
    three: Collection, annex: Collection, alder: Member
) -> None:
    post(annex, alder, indicator("a"))
    withdraw(three, alder, A, ALL_OF_A, "mistake")
    assert served(annex) == [(A, 0)]


def test_only_the_owner_withdraws(three: Collection, mallory: Member) -> None:
    with pytest.raises(NotTheOwner, match="belongs to Alder"):
        withdraw(three, mallory, A, ALL_OF_A, "sabotage")
    assert len(served(three)) == 4


def test_who_passed_an_object_on_does_not_own_it(
    three: Collection, annex: Collection, birch: Member
) -> None:
    post(annex, birch, indicator("a"))
    with pytest.raises(NotTheOwner):
        withdraw(annex, birch, A, ALL_OF_A, "sabotage")


def test_this_node_withdraws_what_it_must(three: Collection) -> None:
    assert withdraw(three, ensure_own_member(), A, ALL_OF_A, "court order") == 3


def test_an_observable_is_withdrawn_by_who_contributed_it(
    forum: Collection, alder: Member, mallory: Member
) -> None:
    value = domain_name("a.example")
    post(forum, alder, value)
    post(forum, mallory, value)
    selection = feed.Selection(ids=(value["id"],))
    with pytest.raises(NotTheOwner):
        withdraw(forum, mallory, value["id"], selection, "sabotage")
    assert withdraw(forum, alder, value["id"], selection, "mistake") == 1


def test_what_is_not_there_can_not_be_withdrawn(three: Collection, alder: Member) -> None:
    with pytest.raises(UnknownObject):
        withdraw(three, alder, id_of("indicator", "none"), ALL_OF_A, "")


def test_versions_that_are_not_there_withdraw_nothing(three: Collection, alder: Member) -> None:
    assert withdraw(three, alder, A, of_a(exact=(moment(9),)), "") == 0
    assert len(served(three)) == 4


def test_erasure_destroys_the_bytes_everywhere(
    three: Collection, annex: Collection, alder: Member
) -> None:
    post(annex, alder, indicator("a", version=1))
    post(annex, alder, indicator("a", version=1, name="other"))
    assert erase(A, "court order") == 3
    assert served(annex) == []
    assert served(three) == [(id_of("indicator", "b"), 0)]
    assert not ObjectVersion.objects.filter(stix_id=A, body__isnull=False).exists()
    assert not Contradiction.objects.exists()


def test_an_erased_object_leaves_its_hashes(three: Collection) -> None:
    erase(A, "court order")
    custody = sound(three)
    assert (custody.size, custody.served, custody.withdrawn) == (4, 1, 3)
    [first] = log.entries(three.pk, 0, 1)
    assert first == stix_object(indicator("a")).sha256


def test_what_was_withdrawn_before_is_erased_too(three: Collection, alder: Member) -> None:
    withdraw(three, alder, A, ALL_OF_A, "mistake")
    assert erase(A, "court order") == 3
    assert sound(three).withdrawn == 3


def test_an_object_is_erased_once(three: Collection) -> None:
    erase(A, "court order")
    with pytest.raises(UnknownObject):
        erase(A, "court order")


def test_a_failed_erasure_changes_nothing(three: Collection) -> None:
    with pytest.raises(UnknownObject):
        erase(id_of("indicator", "none"), "court order")
    assert sound(three).served == 4


@pytest.mark.django_db(transaction=True)
def test_an_erasure_that_misses_a_publication_says_so(
    three: Collection, annex: Collection, alder: Member
) -> None:
    """It is published in another collection, and committed, while the erasure waits for its id."""
    published = threading.Event()

    def publish() -> None:
        with transaction.atomic():
            post(annex, alder, indicator("a"))
            published.set()
            until_one_waits()

    def erase_it() -> None:
        published.wait(10)
        erase(A, "court order")

    with pytest.raises(StoreError, match="while it was being erased"):
        together(publish, erase_it)
    assert erase(A, "court order") == 3
    assert served(annex) == []


@pytest.mark.django_db(transaction=True)
def test_writers_withdrawals_and_erasures_do_not_lock_each_other(
    forum: Collection, annex: Collection, alder: Member
) -> None:
    keys = range(12)
    ids = [id_of("indicator", key) for key in keys]

    def write(collection: Collection, *, backwards: bool) -> None:
        for version in range(6):
            batch = [indicator(key, version=version) for key in keys]
            post(collection, alder, *(reversed(batch) if backwards else batch))

    def remove(collection: Collection) -> None:
        for stix_id in ids:
            with suppress(UnknownObject):
                withdraw(collection, alder, stix_id, feed.Selection(ids=(stix_id,)), "")

    def erase_some() -> None:
        for stix_id in ids[::3]:
            with suppress(StoreError):
                erase(stix_id, "law")

    together(
        lambda: write(forum, backwards=False),
        lambda: write(annex, backwards=True),
        lambda: remove(forum),
        lambda: remove(annex),
        erase_some,
    )
    # Neither stuck, nor an entry left without its bytes.
    assert sound(forum).size >= sound(forum).served > 0
    assert sound(annex).size >= sound(annex).served > 0
