"""Everything that a search finds, as one file: streamed in batches, and written down.

Rows are read in the order in which they became known. One that changes meanwhile gets a later
number, and so comes once more in its new version: nothing that matches is missed.
"""

import csv
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from io import StringIO
from typing import Any, NamedTuple
from uuid import uuid4

from indicators.catalog.question import Query
from indicators.catalog.searching import SearchTooBroad, numbers_after, search
from indicators.detections import audit
from indicators.stix import Tlp
from indicators.store.sql import open_cursor

_NUMBERS, _ROWS = 2_000, 200
#: What bodies that are read at once may weigh together.
_MOST_BYTES = 8 << 20
_TLP = tuple(Tlp)
# Primary keys, by indicators_catalogrow_number_key. Bodies come as long as they are not too many
# bytes together; the first always.
_READ = """
SELECT number, stix_id, type, name, summary, standing, tlp, confidence, kinds, terms, token_count,
       origin, is_own, is_signed, version, received_at, ends_at, body
FROM (
    SELECT c.*, m.name AS origin, {body} AS body, coalesce(octet_length({body}), 0) AS bytes,
           coalesce(sum(octet_length({body})) OVER (ORDER BY c.number), 0) AS all_bytes
    FROM indicators_catalogrow c
    JOIN indicators_member m ON m.id = c.origin_id
    JOIN indicators_objectversion v ON v.id = c.object_version_id
    WHERE c.number = ANY(%(numbers)b::bigint[]) AND v.body IS NOT NULL
) matching
WHERE all_bytes - bytes < %(most)s ORDER BY number
"""
# What a spreadsheet takes for a formula (also after what it trims) begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
_COLUMNS = (
    "id", "type", "name", "summary", "state", "marking", "confidence", "kinds", "terms", "tokens",
    "shared_by", "own", "signed", "version", "received_at", "ends_at",
)  # fmt: skip


class _Row(NamedTuple):
    number: int
    stix_id: str
    type: str
    name: str
    summary: str
    standing: str
    tlp: int | None
    confidence: int | None
    kinds: list[str]
    terms: list[str]
    token_count: int
    origin: str
    is_own: bool
    is_signed: bool
    version: Any
    received_at: Any
    ends_at: Any
    body: bytes | None


def export_stix(query: Query, actor: str) -> Iterator[bytes]:
    """A STIX 2.1 bundle of what matches, each object byte for byte as its author published it."""
    return _written(query, actor, "stix", _bundle)


def export_csv(query: Query, actor: str) -> Iterator[bytes]:
    """A line an object, for people; no text in it is a formula to a spreadsheet."""
    return _written(query, actor, "csv", _lines)


def _written(
    query: Query, actor: str, form: str, write: Callable[[Iterator[_Row]], Iterator[bytes]]
) -> Iterator[bytes]:
    """Written down before anything leaves, and again with how much has left, however it ends."""
    told = _filter(query)
    audit.record(actor, "export begun", "search", form=form, filter=told)
    count = 0

    def counted() -> Iterator[_Row]:
        nonlocal count
        for row in _rows(query, bodies=form == "stix"):
            count += 1
            yield row

    complete = False
    try:
        yield from write(counted())
        complete = True
    finally:
        audit.record(
            actor, "export ended", "search", form=form, filter=told, objects=count,
            complete=complete,
        )  # fmt: skip


def _filter(query: Query) -> Mapping[str, Any]:
    """What was asked for, without the words: somebody may have typed an identifier."""
    told = {name: value for name, value in asdict(query).items() if value not in ("", (), None)}
    if "text" in told:
        told["text"] = f"{len(query.text.split())} words"
    return {name: value if isinstance(value, bool) else str(value) for name, value in told.items()}


def _rows(query: Query, *, bodies: bool) -> Iterator[_Row]:
    after, whole_words = -1, _asks_whole_words(query)
    while numbers := numbers_after(query, after, _NUMBERS, whole_words=whole_words):
        after = numbers[-1]
        for at in range(0, len(numbers), _ROWS):
            yield from _read(numbers[at : at + _ROWS], bodies=bodies)


def _read(numbers: Sequence[int], *, bodies: bool) -> Iterator[_Row]:
    """The rows of these numbers that are still there, some at a time by what they weigh."""
    statement = _READ.format(body="v.body" if bodies else "NULL::bytea")
    left = list(numbers)
    while left:
        with open_cursor(binary=True) as cursor:
            asked = {"numbers": left, "most": _MOST_BYTES}
            found = [_Row._make(row) for row in cursor.execute(statement, asked).fetchall()]
        yield from found
        is_cut = sum(len(each.body or b"") for each in found) >= _MOST_BYTES
        left = left[bisect_right(left, found[-1].number) :] if is_cut else []


def _asks_whole_words(query: Query) -> bool:
    """Whether the page that is exported looked for whole words only."""
    try:
        return search(query, limit=1).whole_words
    except SearchTooBroad:
        return True


def _bundle(rows: Iterator[_Row]) -> Iterator[bytes]:
    yield b'{"id":"bundle--%s","objects":[' % str(uuid4()).encode()
    for count, row in enumerate(rows):
        assert row.body is not None  # noqa: S101 - bodies were asked for
        yield (b",\n" if count else b"\n") + row.body
    yield b'\n],"type":"bundle"}\n'


def _lines(rows: Iterator[_Row]) -> Iterator[bytes]:
    yield _line(_COLUMNS)
    for row in rows:
        yield _line(
            (
                row.stix_id,
                row.type,
                row.name,
                row.summary,
                row.standing,
                "" if row.tlp is None else f"TLP:{_TLP[row.tlp].value.upper()}",
                "" if row.confidence is None else row.confidence,
                "; ".join(row.kinds),
                "; ".join(row.terms),
                row.token_count,
                row.origin,
                "yes" if row.is_own else "no",
                "yes" if row.is_signed else "no",
                row.version.isoformat(),
                row.received_at.isoformat(),
                "" if row.ends_at is None else row.ends_at.isoformat(),
            )
        )


def _line(cells: tuple[object, ...]) -> bytes:
    text = StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow([_plain(each) for each in cells])
    return text.getvalue().encode()


def _plain(cell: object) -> object:
    """A text that a spreadsheet shows as it is: what begins like a formula gets an apostrophe."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA):
        return "'" + cell
    return cell
