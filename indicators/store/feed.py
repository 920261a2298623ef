"""Pages of a collection's feed, in log order, by keyset.

Every selection is answered by branches, each an ordered scan of one index (named beside it) that
stops after a page: neither depth nor size of the store changes what a page costs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
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


@dataclass(frozen=True, slots=True)
class Selection:
    """What a reader asks for. Empty tuples select everything; `nothing` is a filter none meets."""

    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    versions: Versions = field(default_factory=Versions)
    nothing: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """An entry; `body` is None unless bodies were asked for."""

    seq: int
    date_added: datetime
    stix_id: str
    version: datetime
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    more: bool


_PAGE = """
SELECT page.seq, page.date_added, page.stix_id, page.version, {body}
FROM (
    SELECT DISTINCT ON (seq) * FROM ({branches}) found ORDER BY seq LIMIT %(fetch)s
) page {join}
ORDER BY page.seq
"""
_BRANCH = """
(SELECT seq, date_added, stix_id, version, object_version_id FROM indicators_entry
 WHERE collection_id = %(collection)s AND seq > %(after)s AND seq <= %(until)s AND {condition}
 ORDER BY seq LIMIT %(fetch)s)
"""
# OFFSET 0 keeps the planner on entry_by_object: an object has few versions, the feed is long.
_BY_ID = """
(SELECT * FROM (
    SELECT seq, date_added, stix_id, version, object_version_id, type, is_first, is_latest
    FROM indicators_entry
    WHERE collection_id = %(collection)s AND stix_id = ANY(%(ids)s) OFFSET 0) object
 WHERE seq > %(after)s AND seq <= %(until)s AND {condition})
"""
_JOIN = "JOIN indicators_objectversion v ON v.id = page.object_version_id"

#: Beyond every sequence number.
END = 2**63 - 1


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
    if selection.nothing:
        return Page([], more=False)
    statement, parameters = _statement(selection, bodies)
    parameters |= {"collection": collection, "after": after, "until": until, "fetch": limit + 1}
    with open_cursor(binary=True) as cursor:
        cursor.execute(statement, parameters)
        rows = [Row(*row) for row in cursor.fetchall()]
    return Page(rows[:limit], more=len(rows) > limit)


def position_after(collection: UUID, moment: datetime) -> int:
    """The last sequence number added at or before a moment, -1 if none (entry_by_date)."""
    found = (
        Entry.objects.filter(collection_id=collection, date_added__lte=moment)
        .order_by("-date_added")
        .values_list("seq", flat=True)
        .first()
    )
    return -1 if found is None else int(found)


def knows(collection: UUID, stix_id: str) -> bool:
    """Whether any version of the id is in the feed (entry_by_object)."""
    return Entry.objects.filter(collection_id=collection, stix_id=stix_id).exists()


def bodies(collection: UUID, selection: Selection, *, batch: int = 1000) -> Iterator[bytes]:
    """Every selected object's canonical bytes, in feed order, a batch at a time."""
    after, more = -1, True
    while more:
        page = read_page(collection, selection, after=after, limit=batch)
        for row in page.rows:
            assert row.body is not None  # noqa: S101 - bodies were asked for
            yield row.body
        after, more = page.rows[-1].seq if page.rows else after, page.more


def _statement(selection: Selection, bodies: bool) -> tuple[str, dict[str, Any]]:
    if selection.ids:
        branches = [_BY_ID.format(condition=_conditions(selection))]
    elif selection.types:
        branches = _by_type(selection)
    else:
        branches = [_BRANCH.format(condition=each) for each in _by_version(selection.versions)]
    parameters: dict[str, Any] = {
        "ids": list(selection.ids),
        "types": list(selection.types),
        "exact": list(selection.versions.exact),
    }
    for number, value in enumerate(selection.types):
        parameters[f"type{number}"] = value
    for number, moment in enumerate(selection.versions.exact):
        parameters[f"exact{number}"] = moment
    statement = _PAGE.format(
        branches=" UNION ALL ".join(branches),
        body="v.body" if bodies else "NULL::bytea",
        join=_JOIN if bodies else "",
    )
    return statement, parameters


def _by_version(versions: Versions) -> list[str]:
    """A condition per index: entry's primary key, entry_latest, entry_first, entry_by_version."""
    if versions.every:
        return ["true"]
    conditions = [f"version = %(exact{n})s" for n in range(len(versions.exact))]
    if versions.latest:
        conditions.append("is_latest")
    if versions.first:
        conditions.append("is_first")
    return conditions


def _by_type(selection: Selection) -> list[str]:
    """entry_by_type is ordered by (type, is_latest, seq): a scan for each type and each half."""
    versions = selection.versions
    only_latest = versions.latest and not versions.first and not versions.exact
    halves = ["is_latest"] if only_latest else ["is_latest", "NOT is_latest"]
    kind = "true" if versions.every or only_latest else _any_version(versions)
    return [
        _BRANCH.format(condition=f"type = %(type{n})s AND {half} AND {kind}")
        for n in range(len(selection.types))
        for half in halves
    ]


def _conditions(selection: Selection) -> str:
    parts = ["true"]
    if selection.types:
        parts.append("type = ANY(%(types)s)")
    if not selection.versions.every:
        parts.append(_any_version(selection.versions))
    return " AND ".join(parts)


def _any_version(versions: Versions) -> str:
    return "(" + " OR ".join(["false", *_by_version(versions)]) + ")"
