"""What tests ask of the store after the fact, independent of the code under test."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson
from django.conf import settings
from django.db import connection

from federation.transparency.audit import verify_log
from indicators.models import Collection, Member
from indicators.store import feed, pages
from indicators.store.admission import admit
from indicators.store.custody import Custody, check_custody
from indicators.store.judgement import Outcome, Verdict
from indicators.taxii import full_pages
from indicators.taxii.query import Query
from tests.objects import START, stix_objects

EVERY = feed.Selection(versions=feed.Versions(every=True))
LATEST = feed.Selection()
FIRST = feed.Selection(versions=feed.Versions(latest=False, first=True))


def post(
    collection: Collection, member: Member, *values: dict[str, Any], **more: Any
) -> list[Outcome]:
    return admit(collection, member, stix_objects(values), **more)


def verdicts(outcomes: Iterable[Outcome]) -> list[Verdict]:
    return [outcome.verdict for outcome in outcomes]


def rows(
    collection: Collection, selection: feed.Selection = EVERY, *, page: int = 1000
) -> list[feed.Row]:
    """The whole feed, page after page."""
    found: list[feed.Row] = []
    more = True
    while more:
        one = feed.read_page(
            collection.pk, selection, after=found[-1].seq if found else -1, limit=page
        )
        assert len(one.rows) <= page
        found, more = found + one.rows, one.more
    return found


def served(collection: Collection, selection: feed.Selection = EVERY) -> list[tuple[str, int]]:
    """(id, version number) of every entry."""
    return [
        (row.stix_id, round((row.version - START).total_seconds()))
        for row in rows(collection, selection)
    ]


def sound(collection: Collection) -> Custody:
    """The log and what is stored agree; the counts."""
    return check_custody(collection, verify_log(collection.pk).size)


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run in threads of their own, started at once; their results, or the first exception."""
    results: list[Any] = [None] * len(works)
    failures: list[BaseException] = []
    ready = threading.Barrier(len(works))

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            ready.wait(10)
            results[place] = work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "stuck"
    if failures:
        raise failures[0]
    return results


def execute(statement: str, parameters: Sequence[Any] = ()) -> None:
    """Behind the store's back."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def page_of_everybody(
    collection: Collection, after: int = -1, *, selection: feed.Selection = LATEST
) -> pages.Kept | None:
    """The full page that every reader gets here, kept or made now; None if there is none."""
    query = Query(selection, None, settings.PAGE_SIZE, None, "")
    return full_pages.full_page(collection.pk, query, after, coding="zstd")


def ids_on(page: pages.Kept) -> list[str]:
    return [obj["id"] for obj in orjson.loads(pages.decompress(page.body))["objects"]]


def walk(collection: Collection, selection: feed.Selection = LATEST) -> list[str]:
    """The ids that a reader gets who follows `next` from the start, over kept and other pages."""
    found: list[str] = []
    after, more = -1, True
    while more:
        kept = page_of_everybody(collection, after, selection=selection)
        if kept is not None:
            found, after = found + ids_on(kept), kept.last_seq
            continue
        page = feed.read_contents(collection.pk, selection, after=after, limit=settings.PAGE_SIZE)
        found += [obj["id"] for obj in orjson.loads(b"[" + page.objects + b"]")]
        more = page.more
        after = page.seqs[-1] if page.seqs else after
    return found


def until_one_waits() -> None:
    """Until another connection waits for a lock, which is ours."""
    for _ in range(2000):
        with connection.cursor() as cursor:
            # (pg_stat_activity stands still within a transaction.)
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.005)
    raise AssertionError("nobody waits")
