"""Pages of a collection's feed, in log order, by keyset.

Every selection is answered by branches, each an ordered scan of one index (named beside it) that
stops after a page: neither depth nor size of the store changes what a page costs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from indicators.models import Entry
from indicators.store.sql import open_cursor


@dataclass(frozen=True, slots=True)
class Versions:
    """Which versions of an object: TAXII's `match[version]`."""

    latest: bool = True
    first: bool = False
    every: bool = False
    exact: tuple[datetime, ...] = ()

    @property
    def none(self) -> bool:
        """Whether no version is asked for."""
        return not (self.latest or self.first or self.every or self.exact)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a reader asks for. Empty tuples select everything; `nothing` is a filter none meets."""

    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    versions: Versions = field(default_factory=Versions)
    nothing: bool = False


class Row(NamedTuple):
    """An entry; `body` is None unless bodies were asked for. (A tuple: a page makes a thousand.)"""

    seq: int
    date_added: datetime
    stix_id: str
    version: datetime
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    more: bool


@dataclass(frozen=True, slots=True)
class Contents:
    """A page of objects, column by column: what an envelope is made of, and nothing else."""

    seqs: tuple[int, ...]
    dates: tuple[datetime, ...]
    bodies: tuple[bytes, ...]
    more: bool

    @property
    def objects(self) -> bytes:
        """The canonical bytes of all, with commas between."""
        return b",".join(self.bodies)

    def first(self, count: int) -> "Contents":
        """The page cut short: more follow."""
        return Contents(self.seqs[:count], self.dates[:count], self.bodies[:count], more=True)


_EMPTY = Contents((), (), (), more=False)


_PAGE = """
SELECT page.seq, page.date_added, page.stix_id, page.version, {body}
FROM (
    SELECT DISTINCT ON (seq) * FROM ({branches}) found ORDER BY seq LIMIT %(fetch)s
) page {join}
ORDER BY page.seq
"""
# A thousand rows cost less than one row that the database joins: it would copy a megabyte thrice.
_CONTENTS = """
SELECT page.seq, page.date_added, CASE WHEN {fits} THEN v.body END
FROM (
    SELECT DISTINCT ON (seq) * FROM ({branches}) found ORDER BY seq LIMIT %(fetch)s
) page JOIN indicators_objectversion v ON v.id = page.object_version_id
ORDER BY page.seq
"""
# Ordinary objects are looked at one by one. If one is large, its page is read once more, and bodies
# are counted before they are read: what is beyond %(most)s bytes is left to the next page.
_IS_ORDINARY = "octet_length(v.body) <= %(most)s / 512"
_IS_WITHIN = """
sum(octet_length(v.body)) OVER (ORDER BY page.seq ROWS UNBOUNDED PRECEDING)
    - octet_length(v.body) < %(most)s
"""
_BRANCH = """
(SELECT seq, date_added, stix_id, version, object_version_id FROM indicators_entry
 WHERE collection_id = %(collection)s AND seq > %(after)s AND seq <= %(until)s AND {condition}
 ORDER BY seq LIMIT %(fetch)s)
"""
# Every version of few objects, on entry_by_object; OFFSET 0 keeps the planner on it.
_ALL_BY_ID = """
(SELECT seq, date_added, stix_id, version, object_version_id FROM (
    SELECT seq, date_added, stix_id, version, object_version_id, type
    FROM indicators_entry
    WHERE collection_id = %(collection)s AND stix_id = ANY(%(ids)s) OFFSET 0) object
 WHERE seq > %(after)s AND seq <= %(until)s AND {condition})
"""
# One version of few objects: the first and the latest are the ends of entry_by_object, however many
# lie between.
_ONE_BY_ID = """
(SELECT seq, date_added, stix_id, version, object_version_id
 FROM unnest(%(ids)s::text[]) AS asked(id)
 CROSS JOIN LATERAL (
    SELECT seq, date_added, stix_id, version, object_version_id, type FROM indicators_entry
    WHERE collection_id = %(collection)s AND stix_id = asked.id {place} LIMIT 1) object
 WHERE seq > %(after)s AND seq <= %(until)s AND {condition})
"""
_POSITION = """
SELECT seq FROM indicators_entry WHERE collection_id = %s AND date_added <= %s
ORDER BY date_added DESC LIMIT 1
"""
_JOIN = "JOIN indicators_objectversion v ON v.id = page.object_version_id"

#: Beyond every sequence number.
END = 2**63 - 1
#: A page of objects ends with the object that reaches this many bytes, however few there are.
MOST_BYTES = 8 << 20


def read_page(
    collection: UUID,
    selection: Selection,
    *,
    after: int,
    limit: int,
    until: int = END,
    bodies: bool = True,
) -> Page:
    """At most `limit` entries with after < seq <= until, and whether more follow."""
    if selection.nothing or selection.versions.none:
        return Page([], more=False)
    statement = _PAGE.format(
        branches=_branches(selection),
        body="v.body" if bodies else "NULL::bytea",
        join=_JOIN if bodies else "",
    )
    parameters = _parameters(collection, selection, after, until, limit)
    with open_cursor(binary=True) as cursor:
        rows = [*map(Row._make, cursor.execute(statement, parameters).fetchall())]
    return Page(rows[:limit], more=len(rows) > limit)


def read_contents(
    collection: UUID, selection: Selection, *, after: int, limit: int, until: int = END
) -> Contents:
    """Like `read_page`, but the objects only; fewer than `limit` if they are large."""
    if selection.nothing or selection.versions.none:
        return _EMPTY
    parameters = _parameters(collection, selection, after, until, limit) | {"most": MOST_BYTES}
    contents = _contents(selection, parameters, limit, _IS_ORDINARY)
    if None in contents.bodies or sum(map(len, contents.bodies)) > MOST_BYTES:
        contents = _contents(selection, parameters, limit, _IS_WITHIN)
        if None in contents.bodies:
            contents = contents.first(contents.bodies.index(None))
    return contents


def _contents(selection: Selection, parameters: dict[str, Any], limit: int, fits: str) -> Contents:
    """A page whose bodies are None where `fits` does not hold."""
    statement = _CONTENTS.format(branches=_branches(selection), fits=fits)
    with open_cursor(binary=True) as cursor:
        found = cursor.execute(statement, parameters).fetchall()
    if not found:
        return _EMPTY
    seqs, dates, bodies = zip(*found[:limit], strict=True)
    return Contents(seqs, dates, bodies, more=len(found) > limit)


def position_after(collection: UUID, moment: datetime) -> int:
    """The last sequence number added at or before a moment, -1 if none (entry_by_date)."""
    with open_cursor() as cursor:
        row = cursor.execute(_POSITION, (collection, moment)).fetchone()
    return -1 if row is None else int(row[0])


def knows(collection: UUID, stix_id: str) -> bool:
    """Whether any version of the id is in the feed.

    Asked for in the order of entry_by_object: for an id of very many versions the planner would
    otherwise hope to come across one of them anywhere in the table.
    """
    entries = Entry.objects.filter(collection_id=collection, stix_id=stix_id)
    return entries.order_by("version").values_list("seq").first() is not None


def bodies(collection: UUID, selection: Selection, *, batch: int = 1000) -> Iterator[bytes]:
    """Every selected object's canonical bytes, in feed order, a batch at a time."""
    after, more = -1, True
    while more:
        page = read_page(collection, selection, after=after, limit=batch)
        for row in page.rows:
            assert row.body is not None  # noqa: S101 - bodies were asked for
            yield row.body
        after, more = page.rows[-1].seq if page.rows else after, page.more


def _branches(selection: Selection) -> str:
    if selection.ids:
        branches = _by_id(selection)
    elif selection.types:
        branches = _by_type(selection)
    else:
        branches = [_BRANCH.format(condition=each) for each in _by_version(selection.versions)]
    return " UNION ALL ".join(branches)


def _parameters(
    collection: UUID, selection: Selection, after: int, until: int, limit: int
) -> dict[str, Any]:
    """What the branches name; one entry beyond the page is fetched, to see whether more follow."""
    return {
        "collection": collection,
        "after": after,
        "until": until,
        "fetch": limit + 1,
        "ids": list(selection.ids),
        "types": list(selection.types),
        **{f"type{number}": value for number, value in enumerate(selection.types)},
        **{f"exact{number}": moment for number, moment in enumerate(selection.versions.exact)},
    }


def _by_version(versions: Versions) -> list[str]:
    """A condition per index: entry's primary key, entry_latest, entry_first, entry_by_version."""
    if versions.every:
        return ["true"]
    conditions = _exactly(versions)
    if versions.latest:
        conditions.append("is_latest")
    if versions.first:
        conditions.append("is_first")
    return conditions


def _by_id(selection: Selection) -> list[str]:
    versions = selection.versions
    condition = "type = ANY(%(types)s)" if selection.types else "true"
    if versions.every:
        return [_ALL_BY_ID.format(condition=condition)]
    places = [f"AND version = {name}" for name in _exact(versions)]
    if versions.latest:
        places.append("ORDER BY version DESC")
    if versions.first:
        places.append("ORDER BY version")
    return [_ONE_BY_ID.format(place=place, condition=condition) for place in places]


def _by_type(selection: Selection) -> list[str]:
    """entry_by_type is ordered by (type, is_latest, is_first, seq): a scan for each start of it.

    Exact versions come from entry_by_version: few objects have the very same version.
    """
    versions = selection.versions
    seats = [
        f"{latest} AND {first}"
        for latest in ("is_latest", "NOT is_latest")
        for first in ("is_first", "NOT is_first")
        if versions.every
        or (versions.latest and latest == "is_latest")
        or (versions.first and first == "is_first")
    ]
    conditions = [
        f"type = %(type{number})s AND {seat}"
        for number in range(len(selection.types))
        for seat in seats
    ]
    conditions += [f"{exactly} AND type = ANY(%(types)s)" for exactly in _exactly(versions)]
    return [_BRANCH.format(condition=condition) for condition in conditions]


def _exactly(versions: Versions) -> list[str]:
    """A condition for each exact version, in the form that entry_by_version is made of."""
    utc = "AT TIME ZONE 'UTC'"
    return [f"version {utc} = {name}::timestamptz {utc}" for name in _exact(versions)]


def _exact(versions: Versions) -> list[str]:
    """The names of the parameters that hold the exact versions."""
    return [f"%(exact{number})s" for number in range(len(versions.exact))]
