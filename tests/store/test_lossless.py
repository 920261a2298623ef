"""Eight writers and readers of both ways of paging: nobody misses or repeats an entry."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest

from indicators.models import Collection, Member
from indicators.store import feed
from tests.objects import indicator
from tests.store.witness import EVERY, post, rows, sound, together

WRITERS, BATCHES, KEYS = 6, 6, range(7)


def by_date(collection: Collection, seen: list[feed.Row]) -> int:
    return feed.position_after(collection.pk, seen[-1].date_added) if seen else -1


@pytest.mark.django_db(transaction=True)
def test_no_reader_misses_or_repeats_an_entry_while_others_write(
    forum: Collection, alder: Member
) -> None:
    """Writers' clocks differ by minutes, and every object has a version of each writer."""
    done = threading.Event()
    writing = threading.Barrier(WRITERS + 1)

    def write(number: int) -> None:
        now = datetime(2026, 11, 22, 12, number, tzinfo=UTC)
        for turn in range(BATCHES):
            post(forum, alder, *(indicator((turn, n), version=number) for n in KEYS), now=now)
        writing.wait(50)

    def end() -> None:
        writing.wait(50)
        done.set()

    def read(step: Callable[[list[feed.Row]], int]) -> list[int]:
        seen: list[feed.Row] = []
        last = False
        while True:
            page = feed.read_page(forum.pk, EVERY, after=step(seen), limit=5, bodies=False)
            seen += page.rows
            if not page.rows and last:
                return [row.seq for row in seen]
            last = not page.rows and done.is_set()

    results = together(
        *(partial(write, number) for number in range(WRITERS)),
        end,
        lambda: read(lambda seen: seen[-1].seq if seen else -1),
        lambda: read(lambda seen: by_date(forum, seen)),
    )
    everything = list(range(WRITERS * BATCHES * len(KEYS)))
    assert results[-2] == everything
    assert results[-1] == everything
    assert sound(forum).served == len(everything)
    latest = rows(forum, feed.Selection())
    assert len(latest) == BATCHES * len(KEYS)
