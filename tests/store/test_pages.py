"""Kept pages: what everybody reads, compressed once, and never older than the feed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import orjson
import pytest
from django.db import connection, transaction

from indicators.models import Collection, KeptPage, Member
from indicators.store import feed, pages
from indicators.store.withdrawal import withdraw
from indicators.taxii import full_pages, resources
from tests.objects import id_of, indicator, stix_objects
from tests.store.witness import (
    EVERY,
    LATEST,
    ids_on,
    page_of_everybody,
    post,
    together,
    until_one_waits,
    walk,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def page_of_four(settings: Any) -> None:
    settings.PAGE_SIZE = 4


@pytest.fixture
def filled(forum: Collection, alder: Member) -> Collection:
    """Two full pages and two more objects."""
    post(forum, alder, *(indicator(n) for n in range(10)))
    return forum


def ids(*keys: object) -> list[str]:
    return [id_of("indicator", key) for key in keys]


def chain(collection: Collection, view: str = KeptPage.View.LATEST) -> list[tuple[int, int, bool]]:
    """(after, last, whether the content is kept) of the pages laid out."""
    found = KeptPage.objects.filter(collection=collection, view=view).order_by("after_seq")
    return [(page.after_seq, page.last_seq, page.zstd is not None) for page in found]


def take_back(collection: Collection, member: Member, *keys: object) -> None:
    for stix_id in ids(*keys):
        withdraw(collection, member, stix_id, feed.Selection(ids=(stix_id,)), "")


def test_a_kept_page_has_the_bytes_of_a_direct_read(filled: Collection) -> None:
    made, kept = page_of_everybody(filled), page_of_everybody(filled)
    direct = feed.read_contents(filled.pk, LATEST, after=-1, limit=4)
    assert made is not None
    assert made == kept
    envelope = orjson.loads(pages.decompress(made.body))
    assert pages.decompress(made.body) == resources.envelope(direct.bodies, envelope["next"])
    assert (made.last_seq, made.entries) == (3, 4)


def test_a_kept_page_is_not_read_from_the_feed_again(filled: Collection) -> None:
    page_of_everybody(filled)
    with mock.patch.object(feed, "read_contents", side_effect=AssertionError):
        assert page_of_everybody(filled) is not None


def test_pages_are_kept_in_one_chain_from_the_start(filled: Collection) -> None:
    assert page_of_everybody(filled, 1) is None
    assert walk(filled) == ids(*range(10))
    assert chain(filled) == [(-1, 3, True), (3, 7, True)]


def test_the_last_page_is_not_kept_while_it_can_grow(forum: Collection, alder: Member) -> None:
    post(forum, alder, *(indicator(n) for n in range(4)))
    assert page_of_everybody(forum) is None
    post(forum, alder, indicator(4))
    assert page_of_everybody(forum) is not None


def test_a_superseded_version_leaves_the_page_that_keeps_its_borders(
    filled: Collection, alder: Member
) -> None:
    walk(filled)
    post(filled, alder, indicator(1, version=1))
    assert chain(filled) == [(-1, 3, False), (3, 7, True)]
    page = page_of_everybody(filled)
    assert page is not None
    assert (ids_on(page), page.last_seq) == (ids(0, 2, 3), 3)
    # One more entry at the end: enough for another page.
    assert chain(filled) == [(-1, 3, True), (3, 7, True)]


def test_a_superseded_version_stays_on_the_page_of_all_versions(
    filled: Collection, alder: Member
) -> None:
    walk(filled, EVERY)
    post(filled, alder, indicator(1, version=1))
    assert chain(filled, KeptPage.View.ALL) == [(-1, 3, True), (3, 7, True)]


def test_an_older_version_changes_no_page(filled: Collection, alder: Member) -> None:
    post(filled, alder, indicator("old", version=1), *(indicator((n,)) for n in range(4)))
    walk(filled)
    before = chain(filled)
    post(filled, alder, indicator("old"))
    assert chain(filled) == before
    assert all(kept for _, _, kept in before)


def test_a_withdrawn_entry_leaves_both_kinds_of_pages(filled: Collection, alder: Member) -> None:
    for selection in (LATEST, EVERY):
        walk(filled, selection)
    take_back(filled, alder, 5)
    for selection, view in ((LATEST, KeptPage.View.LATEST), (EVERY, KeptPage.View.ALL)):
        assert chain(filled, view) == [(-1, 3, True), (3, 7, False)]
        assert walk(filled, selection) == ids(0, 1, 2, 3, 4, 6, 7, 8, 9)


def test_a_page_thinned_out_below_half_is_cut_with_what_follows(
    filled: Collection, alder: Member
) -> None:
    post(filled, alder, *(indicator(n) for n in range(10, 14)))
    walk(filled)
    take_back(filled, alder, 4, 5, 6)
    assert page_of_everybody(filled, 3) is None
    assert chain(filled) == [(-1, 3, True)]
    assert walk(filled) == ids(0, 1, 2, 3, *range(7, 14))
    assert chain(filled) == [(-1, 3, True), (3, 10, True)]


def test_a_page_that_an_older_version_came_back_to_is_laid_out_anew(
    filled: Collection, alder: Member
) -> None:
    """It has five entries between its borders then: none may be cut off."""
    post(filled, alder, indicator(1, version=1))
    assert walk(filled) == ids(0, 2, 3, 4, 5, 6, 7, 8, 9, 1)
    later = feed.Selection(ids=tuple(ids(1)))
    withdraw(filled, alder, ids(1)[0], later, "")
    assert walk(filled) == ids(*range(10))
    assert walk(filled) == ids(*range(10))


def test_pages_that_became_shorter_lose_nothing(
    filled: Collection, alder: Member, settings: Any
) -> None:
    walk(filled)
    settings.PAGE_SIZE = 2
    post(filled, alder, indicator(0, version=1))
    assert walk(filled) == ids(1, 2, 3, 4, 5, 6, 7, 8, 9, 0)


def test_a_page_ends_with_the_object_that_fills_it(filled: Collection, alder: Member) -> None:
    size = len(stix_objects([indicator(0)])[0].body)
    with mock.patch.object(feed, "MOST_BYTES", 2 * size):
        found = feed.read_contents(filled.pk, LATEST, after=-1, limit=4)
        assert (found.seqs, found.more) == ((0, 1), True)
        for _ in range(2):
            assert walk(filled) == ids(*range(10))
            assert walk(filled, EVERY) == ids(*range(10))
        post(filled, alder, indicator(1, version=1))
        assert walk(filled) == ids(0, *range(2, 10), 1)


def test_an_object_larger_than_a_page_is_a_page(filled: Collection) -> None:
    with mock.patch.object(feed, "MOST_BYTES", 1):
        assert feed.read_contents(filled.pk, LATEST, after=8, limit=4).seqs == (9,)
        assert walk(filled) == ids(*range(10))


def test_a_page_made_with_another_key_is_made_anew(filled: Collection, settings: Any) -> None:
    before = page_of_everybody(filled)
    settings.SECRET_KEY = "another"
    after = page_of_everybody(filled)
    assert before is not None
    assert after is not None
    assert (ids_on(after), after.last_seq) == (ids_on(before), before.last_seq)
    assert after.etag != before.etag
    assert page_of_everybody(filled) == after


def test_a_page_is_not_kept_for_a_reader_of_fewer(filled: Collection) -> None:
    from indicators.taxii.query import Query

    query = Query(LATEST, None, 3, None, "")
    assert full_pages.full_page(filled.pk, query, -1, coding="zstd") is None
    assert chain(filled) == []


def test_saving_a_collection_does_not_turn_its_count_back(
    filled: Collection, alder: Member
) -> None:
    stale = Collection.objects.get(pk=filled.pk)
    post(filled, alder, indicator(0, version=1))
    stale.description = "edited"
    stale.save()
    saved = Collection.objects.get(pk=filled.pk)
    assert (saved.rewrites, saved.description) == (stale.rewrites + 1, "edited")


def test_a_page_that_hangs_on_nothing_is_not_kept(filled: Collection) -> None:
    position = pages.Position(filled.pk, KeptPage.View.LATEST, 3, b"m")
    kept = pages.Kept(7, 4, alder_time(filled), alder_time(filled), "", b"")
    pages.keep(position, 0, kept, zstd=b"", gzip=b"")
    assert chain(filled) == []


def test_another_layout_of_a_position_does_not_replace_the_first(filled: Collection) -> None:
    page_of_everybody(filled)
    position = pages.Position(filled.pk, KeptPage.View.LATEST, -1, b"m")
    kept = pages.Kept(5, 4, alder_time(filled), alder_time(filled), "", b"")
    pages.keep(position, 0, kept, zstd=b"", gzip=b"")
    assert chain(filled) == [(-1, 3, True)]


def test_what_was_laid_out_anew_is_not_cut_by_a_reader_who_comes_late(
    filled: Collection, alder: Member
) -> None:
    """Both saw the thinned page; one has cut it, and others have made new pages since."""
    walk(filled)
    position = pages.Position(filled.pk, KeptPage.View.LATEST, -1, full_pages._made_with())
    pages.cut(position)
    assert chain(filled) == [(-1, 3, True), (3, 7, True)]


def alder_time(collection: Collection) -> Any:
    return feed.read_page(collection.pk, LATEST, after=-1, limit=1).rows[0].date_added


# --- Races: what another connection does between the steps of a reader ---


def elsewhere(work: Callable[[], Any]) -> None:
    """Done and committed by another connection."""
    together(work)


@contextmanager
def unfinished(work: Callable[[], Any]) -> Iterator[None]:
    """Done by another connection, which commits after the block."""
    done, finish = threading.Event(), threading.Event()

    def run() -> None:
        with transaction.atomic():
            work()
            done.set()
            assert finish.wait(20)

    def hold() -> None:
        try:
            run()
        finally:
            done.set()
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert done.wait(20)
    try:
        yield
    finally:
        finish.set()
        thread.join(20)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["read_contents", "keep"])
def test_a_page_read_before_a_change_is_not_kept_after_it(
    filled: Collection, alder: Member, step: str
) -> None:
    where: Any = {"read_contents": feed, "keep": pages}[step]
    original = getattr(where, step)
    changes = iter([lambda: elsewhere(lambda: post(filled, alder, indicator(1, version=1)))])

    def change_first(*args: Any, **more: Any) -> Any:
        found = original(*args, **more) if step == "read_contents" else None
        next(changes, lambda: None)()
        return found if step == "read_contents" else original(*args, **more)

    with mock.patch.object(where, step, change_first):
        page_of_everybody(filled)
    assert chain(filled) == []
    assert walk(filled) == ids(0, 2, 3, 4, 5, 6, 7, 8, 9, 1)


@pytest.mark.django_db(transaction=True)
def test_a_page_is_not_kept_while_a_change_is_under_way(filled: Collection, alder: Member) -> None:
    with unfinished(lambda: post(filled, alder, indicator(1, version=1))):
        page = page_of_everybody(filled)
        assert page is not None
        assert ids_on(page) == ids(0, 1, 2, 3)
    assert chain(filled) == []
    assert walk(filled) == ids(0, 2, 3, 4, 5, 6, 7, 8, 9, 1)


@pytest.mark.django_db(transaction=True)
def test_a_page_is_kept_while_something_is_only_added(filled: Collection, alder: Member) -> None:
    with unfinished(lambda: post(filled, alder, indicator("new"))):
        page_of_everybody(filled)
        assert chain(filled) == [(-1, 3, True)]


@pytest.mark.django_db(transaction=True)
def test_a_change_waits_for_a_page_that_is_being_kept_and_then_drops_it(
    filled: Collection, alder: Member
) -> None:
    changer = threading.Thread(
        target=lambda: (post(filled, alder, indicator(1, version=1)), connection.close())
    )
    with transaction.atomic():
        page_of_everybody(filled)
        changer.start()
        until_one_waits()
    changer.join(20)
    assert chain(filled) == [(-1, 3, False)]


@pytest.mark.django_db(transaction=True)
def test_no_page_hangs_on_a_chain_that_was_cut_meanwhile(filled: Collection, alder: Member) -> None:
    page_of_everybody(filled)
    position = pages.Position(filled.pk, KeptPage.View.LATEST, -1, b"another")
    keep = pages.keep

    def cut_first(*args: Any, **more: Any) -> None:
        elsewhere(lambda: pages.cut(position))
        keep(*args, **more)

    with mock.patch.object(pages, "keep", cut_first):
        page_of_everybody(filled, 3)
    assert chain(filled) == []


@pytest.mark.django_db(transaction=True)
def test_pages_stay_true_while_members_write_and_withdraw(
    forum: Collection, alder: Member, birch: Member
) -> None:
    """Readers lay out, remake and cut pages against supersessions and withdrawals."""
    writing = threading.Barrier(3)
    done = threading.Event()

    def write(member: Member) -> None:
        for turn in range(12):
            post(
                forum, member, *(indicator((member.name, n), version=turn) for n in range(turn, 18))
            )
            if turn % 3 == 2:
                take_back(forum, member, (member.name, turn))
        writing.wait(50)

    def end() -> None:
        writing.wait(50)
        done.set()

    def read() -> None:
        while not done.is_set():
            for selection in (LATEST, EVERY):
                walk(forum, selection)

    together(lambda: write(alder), lambda: write(birch), end, read, read)
    for view, selection in ((KeptPage.View.LATEST, LATEST), (KeptPage.View.ALL, EVERY)):
        assert_chain_is_true(forum, view, selection)


def assert_chain_is_true(
    collection: Collection, view: KeptPage.View, selection: feed.Selection
) -> None:
    """The kept pages follow each other, and each holds what the feed has between its borders."""
    end = -1
    for after, last, kept in chain(collection, view):
        assert after == end
        end = last
        page = feed.read_page(collection.pk, selection, after=after, until=last, limit=1000)
        if kept:
            found = pages.find(
                pages.Position(collection.pk, view, after, full_pages._made_with()), gzip=False
            )
            assert isinstance(found, pages.Kept)
            assert ids_on(found) == [row.stix_id for row in page.rows]
    direct = [
        row.stix_id for row in feed.read_page(collection.pk, selection, after=-1, limit=10_000).rows
    ]
    assert walk(collection, selection) == direct
