"""Search over every object: full text and filters in any combination, newest first, by keyset.

A question is one query over words, answered by one index (catalog_words). Up to MOST matches are
all looked at, and put in order here. Of more (which a few buckets often show already), the page is
looked for bucket by bucket, from where the reader is: neither how many rows match nor where they
lie decides what a page costs. The beginning of a word costs each statement as much as everything
that begins so: it is asked for only where the other questions have rows, and within a time; beyond
that only whole words are looked for.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic

from django.db import OperationalError, transaction
from psycopg.errors import QueryCanceled

from indicators.catalog.question import NONE, Query, asked_of, words_of
from indicators.catalog.words import any_of, bucket_of
from indicators.models import CatalogRow, IndexedToken
from indicators.stix.tokens import tokens_in
from indicators.store.sql import Cursor, open_cursor

#: Matches that are counted; beyond, there are "more than" so many.
MOST = 10_000
#: Rows on a page.
LIMIT = 50
#: Milliseconds that a search may take with the beginning of a word, and without.
_HURRIED, _LONGEST = 150, 2_000
# Buckets from all over the catalog, to see whether very many match.
_SAMPLED = 4
# Buckets that one statement looks at, once the first ones had too little.
_MOST_BUCKETS = 4
_END = 2**62
# How a query says that a word begins so.
_BEGINS = "':*"

_LIMIT_MEMORY = "SET LOCAL work_mem TO '16MB'"
_LIMIT_TIME = "SELECT set_config('statement_timeout', %s, true)"
_SETTINGS = ("enable_seqscan", "enable_indexscan", "enable_indexonlyscan")
# Whatever the planner knows of the words: nothing but the index over them.
_BY_WORDS = "; ".join(f"SET LOCAL {setting} TO off" for setting in _SETTINGS)
# Where the search is a part of a larger transaction, that goes on as it was.
_AS_EVER = "; ".join(f"SET LOCAL {setting} TO DEFAULT" for setting in _SETTINGS)
_UNLIMITED = "SET LOCAL statement_timeout TO DEFAULT; SET LOCAL work_mem TO DEFAULT"
_ALL = "SELECT number FROM indicators_catalogrow WHERE {where} LIMIT %(most)s"
# OFFSET 0 keeps the planner from walking the rows in their order instead.
_SOME = """
SELECT number FROM (
    SELECT number FROM indicators_catalogrow WHERE {where} OFFSET 0
) found WHERE number > %(after)s AND number < %(before)s ORDER BY number {order} LIMIT %(fetch)s
"""
# These on indicators_catalogrow_number_key; without a question the order is the answer.
_ANY = """
SELECT number FROM indicators_catalogrow WHERE number > %(after)s AND number < %(before)s
ORDER BY number {order} LIMIT %(fetch)s
"""
_ENDS = "SELECT coalesce(min(number), 0), coalesce(max(number), 0) FROM indicators_catalogrow"
_COUNT = """
SELECT count(*) FROM (SELECT number FROM indicators_catalogrow ORDER BY number LIMIT %s) found
"""


_TOO_BROAD = "This search takes too long. Add a filter, or a word that fewer objects have."


class SearchTooBroad(Exception):
    """The search took too long; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is: right below a row's number, or right above it; neither: at the newest."""

    before: int | None = None
    after: int | None = None


START = Place()


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rows, newest first, and the places of the pages beside it, None for no page.

    total: how many rows match, at most MOST; `more`: there are more than that. `whole_words`: too
    much begins like the last word, so it was looked for as it is.
    """

    rows: Sequence[CatalogRow]
    newer: Place | None
    older: Place | None
    total: int
    more: bool
    whole_words: bool = False


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The rows of a page by number, newest first; whether there are others on either side."""

    page: Sequence[int]
    newer: bool
    older: bool
    total: int


def search(query: Query, place: Place = START, limit: int = LIMIT) -> Found:
    """A page of what matches. Raises SearchTooBroad."""
    if query.token or query.ids:
        with _bounded(_LONGEST) as reader:
            return _found(_named(reader, query, place, limit))
    typed = words_of(query.text)
    if typed.begins:
        try:
            with _bounded(_HURRIED) as reader:
                asked = asked_of(reader.cursor, query, typed)
                return _found(_numbers(reader, asked, place, limit))
        except SearchTooBroad:
            """Too much begins like that."""
    with _bounded(_LONGEST) as reader:
        found = _numbers(reader, asked_of(reader.cursor, query, typed.whole), place, limit)
        return replace(_found(found), whole_words=bool(typed.begins))


def numbers_after(query: Query, after: int, limit: int, *, whole_words: bool) -> list[int]:
    """The next rows that match in the order in which they became known, for whoever reads all.

    `whole_words`: as the search that was shown said of itself.
    """
    place = Place(after=after)
    if query.token or query.ids:
        with _bounded(None) as reader:
            return sorted(_named(reader, query, place, limit).page)
    with _bounded(None) as reader:
        typed = words_of(query.text)
        asked = asked_of(reader.cursor, query, typed.whole if whole_words else typed)
        return list(_beside(reader, asked, place, limit))[:limit]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads numbers of rows until a time, or for as long as it takes."""

    cursor: Cursor
    until: float | None

    def hurry(self) -> None:
        """Let the next statement take what is left of the time. Raises SearchTooBroad."""
        if self.until is None:
            return
        left = int(1e3 * (self.until - monotonic()))
        if left < 1:
            raise SearchTooBroad(_TOO_BROAD)
        self.cursor.execute(_LIMIT_TIME, (str(left),))

    def numbers(self, statement: str, parameters: Mapping[str, int | str]) -> list[int]:
        self.hurry()
        return [number for (number,) in self.cursor.execute(statement, parameters).fetchall()]


@contextmanager
def _bounded(milliseconds: int | None) -> Iterator[_Reader]:
    """A transaction that may take so long, None for as long as it needs."""
    try:
        with transaction.atomic(), open_cursor() as cursor:
            cursor.execute(_LIMIT_MEMORY)
            until = None if milliseconds is None else monotonic() + 1e-3 * milliseconds
            reader = _Reader(cursor, until)
            reader.hurry()
            yield reader
            cursor.execute(_UNLIMITED)
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise SearchTooBroad(_TOO_BROAD) from None
        raise


def _numbers(reader: _Reader, asked: Sequence[str], place: Place, limit: int) -> _Numbers:
    cursor = reader.cursor
    if not asked:
        [(total,)] = cursor.execute(_COUNT, (MOST + 1,)).fetchall()
        return _page(_beside(reader, asked, place, limit), place, limit, total)
    newest = bucket_of(cursor.execute(_ENDS).fetchall()[0][1])
    cursor.execute(_BY_WORDS)
    matching = _matching(reader, asked, newest)
    cursor.execute(_AS_EVER)
    if len(matching) <= MOST:
        return _cut(sorted(matching), place, limit)
    return _page(_beside(reader, asked, place, limit), place, limit, MOST + 1)


def _matching(reader: _Reader, asked: Sequence[str], newest: int) -> list[int]:
    """All that match, or more than MOST of them: of a few buckets, if these have so many."""
    step = max(newest // _SAMPLED, 1)
    among = any_of(f"B/{max(newest - 1 - n * step, 0)}" for n in range(_SAMPLED))
    matching: list[int] = []
    for queries in ((among, *asked), asked):
        where, parameters = _where(queries)
        matching = reader.numbers(_ALL.format(where=where), {"most": MOST + 1, **parameters})
        if len(matching) > MOST:
            break
    return matching


def _where(queries: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The condition that a row meets each of the queries, and its parameters."""
    parameters = {f"asked{n}": each for n, each in enumerate(queries)}
    return " AND ".join(f"words @@ %({name})s::tsquery" for name in parameters), parameters


def _named(reader: _Reader, query: Query, place: Place, limit: int) -> _Numbers:
    """Rows that the text names by id or token, and that meet the filters."""
    asked = asked_of(reader.cursor, query, NONE)
    ids = query.ids or _holders(query.token)
    rows = CatalogRow.objects.filter(stix_id__in=ids[:MOST])
    for query_of_words in asked:
        rows = rows.extra(where=["words @@ %s::tsquery"], params=[query_of_words])
    return _cut(sorted(rows.values_list("number", flat=True)), place, limit)


def _holders(token: str) -> list[str]:
    """The indicators that hold a token (indicators_indexedtoken_pkey)."""
    value = tokens_in(f"[identifier-token:value IN ('{token}')]")
    found = IndexedToken.objects.filter(token__in=value).values_list("stix_id", flat=True)
    return list(found[:MOST])


def _cut(ascending: Sequence[int], place: Place, limit: int) -> _Numbers:
    """A page of numbers that are all known."""
    if place.after is not None:
        start = bisect_right(ascending, place.after)
        end = min(start + limit, len(ascending))
    else:
        end = len(ascending) if place.before is None else bisect_left(ascending, place.before)
        start = max(end - limit, 0)
    page = ascending[start:end][::-1]
    return _Numbers(page, end < len(ascending), start > 0, len(ascending))


def _page(found: Sequence[int], place: Place, limit: int, total: int) -> _Numbers:
    """A page of what was found on one side of a place, one more than fits if there is more.

    On the other side is the page that the reader comes from.
    """
    more = len(found) > limit
    if place.after is not None:
        return _Numbers(found[:limit][::-1], more, older=True, total=total)
    return _Numbers(found[:limit], place.before is not None, more, total)


def _beside(reader: _Reader, asked: Sequence[str], place: Place, limit: int) -> list[int]:
    """The numbers next to a place, the nearest first: one more than `limit` if there is more."""
    upward = place.after is not None
    bounds = {
        "after": -1 if place.after is None else place.after,
        "before": _END if place.before is None else place.before,
        "fetch": limit + 1,
    }
    order = "ASC" if upward else "DESC"
    if not asked:
        return reader.numbers(_ANY.format(order=order), bounds)
    numbers: list[int] = []
    cursor = reader.cursor
    ends = cursor.execute(_ENDS).fetchall()[0]
    cursor.execute(_BY_WORDS)
    for buckets in _groups(ends, bounds["after"], bounds["before"], upward=upward):
        among = any_of(f"B/{each}" for each in buckets)
        if not _may_hold(reader, among, asked):
            continue
        where, parameters = _where([among, *asked])
        bounds["fetch"] = limit + 1 - len(numbers)
        numbers += reader.numbers(_SOME.format(where=where, order=order), {**bounds, **parameters})
        if len(numbers) > limit:
            break
    cursor.execute(_AS_EVER)
    return numbers


def _may_hold(reader: _Reader, among: str, asked: Sequence[str]) -> bool:
    """Whether these buckets have rows, but for the beginning of a word; True if none is asked."""
    others = [each for each in asked if _BEGINS not in each]
    if not others or len(others) == len(asked):
        return True
    where, parameters = _where([among, *others])
    return bool(reader.numbers(_ALL.format(where=where), {"most": 1, **parameters}))


def _groups(
    ends: tuple[int, int], after: int, before: int, *, upward: bool
) -> Iterator[Sequence[int]]:
    """The buckets between two numbers, one first, then some at a time."""
    least, most = ends
    first, last = bucket_of(max(after + 1, least)), bucket_of(min(before - 1, most))
    buckets = range(first, last + 1) if upward else range(last, first - 1, -1)
    at, size = 0, 1
    while at < len(buckets):
        yield buckets[at : at + size]
        at, size = at + size, min(2 * size, _MOST_BUCKETS) if at else 1


def _found(numbers: _Numbers) -> Found:
    rows = CatalogRow.objects.select_related("origin").defer("words")
    page = list(rows.filter(number__in=numbers.page).order_by("-number"))
    return Found(
        page,
        Place(after=numbers.page[0]) if numbers.newer and numbers.page else None,
        Place(before=numbers.page[-1]) if numbers.older and numbers.page else None,
        min(numbers.total, MOST),
        numbers.total > MOST,
    )
