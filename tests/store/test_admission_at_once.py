"""What is left of an admission that fails, and of several at the same moment."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError, connection

from federation.transparency import log
from indicators.models import (
    Collection,
    Entry,
    Member,
    ObjectId,
    ObjectVersion,
)
from indicators.store.judgement import Verdict
from tests.objects import domain_name, indicator
from tests.store.witness import (
    LATEST,
    post,
    served,
    sound,
    together,
    verdicts,
)

ADDED, REFUSED = Verdict.ADDED, Verdict.REFUSED

pytestmark = pytest.mark.django_db


def test_a_failure_at_the_log_leaves_nothing(forum: Collection, alder: Member) -> None:
    with mock.patch.object(log, "append", side_effect=OSError), pytest.raises(OSError):
        post(forum, alder, indicator("a"))
    assert not Entry.objects.exists()
    assert not ObjectVersion.objects.exists()
    assert not ObjectId.objects.exists()
    assert sound(forum).size == 0


@pytest.mark.django_db(transaction=True)
def test_a_killed_connection_leaves_nothing(forum: Collection, alder: Member) -> None:
    def kill(*_: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with mock.patch.object(log, "append", side_effect=kill), pytest.raises(OperationalError):
        post(forum, alder, indicator("a"))
    connection.close()
    assert not ObjectId.objects.exists()
    assert not ObjectVersion.objects.exists()
    assert verdicts(post(forum, alder, indicator("a"))) == [ADDED]
    assert sound(forum).size == 1


@pytest.mark.django_db(transaction=True)
def test_writers_of_overlapping_batches_neither_lock_each_other_nor_store_twice(
    open_one: Callable[..., Collection], alder: Member
) -> None:
    collections = [open_one(title=name) for name in ("One", "Two", "Three")]
    values = [
        *(indicator(key, version=version) for key in range(30) for version in range(2)),
        *(domain_name(f"{n}.example") for n in range(20)),
    ]

    def work(number: int) -> Callable[[], None]:
        batch = values[number * 5 :] + values[: number * 5]
        if number % 2:
            batch.reverse()

        def run() -> None:
            for turn in range(3):
                collection = collections[(number + turn) % 3]
                for half in (batch[:50], batch[50:]):
                    post(collection, alder, *half)

        return run

    together(*(work(number) for number in range(8)))
    assert ObjectVersion.objects.count() == len(values)
    for collection in collections:
        assert sound(collection).served == len(values)
        assert len(served(collection, LATEST)) == 50


@pytest.mark.django_db(transaction=True)
def test_of_two_members_who_publish_one_id_at_once_one_owns_it(
    forum: Collection, annex: Collection, alder: Member, mallory: Member
) -> None:
    mine, theirs = ([indicator(key, name=name) for key in range(20)] for name in ("mine", "theirs"))
    first, second = together(
        lambda: post(forum, alder, *mine), lambda: post(annex, mallory, *reversed(theirs))
    )
    assert sorted({*verdicts(first), *verdicts(second)}) == [ADDED, REFUSED]
    assert ObjectVersion.objects.count() == 20
