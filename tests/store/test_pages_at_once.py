"""Readers who make the same kept page at the same time."""

import pytest

from indicators.models import Collection, KeptPage, Member
from indicators.store import feed, pages
from tests.objects import indicator
from tests.store.witness import post, together

pytestmark = pytest.mark.django_db


def kept_page(collection: Collection, last_seq: int) -> pages.Kept:
    rows = feed.read_page(collection.pk, feed.Selection(), after=-1, limit=4, bodies=False).rows
    return pages.Kept(last_seq, 4, rows[0].date_added, rows[-1].date_added, "", b"")


def test_a_page_that_ends_where_another_does_is_not_kept(forum: Collection, alder: Member) -> None:
    """The second of two readers may meet this constraint first: it must not fail their request."""
    post(forum, alder, *(indicator(n) for n in range(4)))
    first = pages.Position(forum.pk, KeptPage.View.LATEST, -1, b"m")
    pages.keep(first, 0, kept_page(forum, 3), zstd=b"z", gzip=b"g")
    second = pages.Position(forum.pk, KeptPage.View.LATEST, 3, b"m")
    pages.keep(second, 0, kept_page(forum, 3), zstd=b"z", gzip=b"g")
    assert KeptPage.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_readers_at_once_keep_one_page(forum: Collection, alder: Member) -> None:
    post(forum, alder, *(indicator(n) for n in range(4)))
    position = pages.Position(forum.pk, KeptPage.View.LATEST, -1, b"m")
    page = kept_page(forum, 3)

    def keep() -> None:
        pages.keep(position, 0, page, zstd=b"z" * 100_000, gzip=b"g")

    for _ in range(10):
        KeptPage.objects.all().delete()
        together(keep, keep, keep, keep)
    assert KeptPage.objects.count() == 1
