"""Full pages of the feed, compressed once and kept: what catching up costs a query and a copy.

A page is kept only where the chain of kept pages from the start of the feed has reached, so a
collection has one chain a view, whatever positions readers come with. Its borders never move.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import zstandard
from django.db import transaction
from isal import igzip

from indicators.models import KeptPage
from indicators.store.sql import Cursor, open_cursor

_FIND = """
SELECT last_seq, entries, date_added_first, date_added_last, etag, made_with,
       CASE WHEN %(gzip)s THEN gzip ELSE zstd END
FROM indicators_keptpage
WHERE collection_id = %(collection)s AND view = %(view)s AND after_seq = %(after_seq)s
"""

# A writer that supersedes or withdraws holds the collection's row until it commits. Finding it
# locked (SKIP LOCKED) or its count moved on means that our page may be older than that change:
# then nothing is kept, and the next reader tries again.
_KEEP = """
INSERT INTO indicators_keptpage (collection_id, view, after_seq, last_seq, entries,
                                 date_added_first, date_added_last, etag, made_with, zstd, gzip)
SELECT c.id, %(view)s::varchar, %(after_seq)s::bigint, %(last_seq)s, %(entries)s, %(first)s,
       %(last)s, %(etag)s, %(made_with)b, %(zstd)b, %(gzip)b
FROM indicators_collection c
WHERE c.id = %(collection)s AND c.rewrites = %(rewrites)s
  AND (%(after_seq)s::bigint = -1 OR EXISTS (
      SELECT FROM indicators_keptpage before
      WHERE before.collection_id = c.id AND before.view = %(view)s::varchar
        AND before.last_seq = %(after_seq)s::bigint))
FOR SHARE OF c SKIP LOCKED
ON CONFLICT DO NOTHING
"""
# The same for a page that was laid out before. Not as one statement: DO UPDATE would watch for one
# of the two constraints, and of readers that make a page at once one would fail on the other.
_MAKE_ANEW = """
UPDATE indicators_keptpage p
SET entries = %(entries)s, date_added_first = %(first)s, date_added_last = %(last)s,
    etag = %(etag)s, made_with = %(made_with)b, zstd = %(zstd)b, gzip = %(gzip)b
FROM (
    SELECT id FROM indicators_collection
    WHERE id = %(collection)s AND rewrites = %(rewrites)s FOR SHARE SKIP LOCKED
) c
WHERE p.collection_id = c.id AND p.view = %(view)s AND p.after_seq = %(after_seq)s
  AND p.last_seq = %(last_seq)s AND (p.zstd IS NULL OR p.made_with <> %(made_with)b)
"""

# Pages of a chain don't overlap: the page that a sequence number stands on is the last one that
# starts before it (index one_page_a_position).
_FORGET = """
UPDATE indicators_keptpage p SET zstd = NULL, gzip = NULL
FROM (
    SELECT DISTINCT page.id FROM unnest(%(seqs)s::bigint[]) AS changed(seq)
    CROSS JOIN unnest(%(views)s::text[]) AS v(view)
    CROSS JOIN LATERAL (
        SELECT id, last_seq FROM indicators_keptpage
        WHERE collection_id = %(collection)s AND view = v.view AND after_seq < changed.seq
        ORDER BY after_seq DESC LIMIT 1
    ) page
    WHERE page.last_seq >= changed.seq
) stale
WHERE p.id = stale.id AND p.zstd IS NOT NULL
"""

_COUNT_REWRITE = "UPDATE indicators_collection SET rewrites = rewrites + 1 WHERE id = %s"

# Only what is as the reader found it: another may have cut and laid out the chain anew since.
_COUNT_CUT = """
UPDATE indicators_collection SET rewrites = rewrites + 1
WHERE id = %(collection)s AND EXISTS (
    SELECT FROM indicators_keptpage
    WHERE collection_id = %(collection)s AND view = %(view)s AND after_seq = %(after_seq)s
      AND (zstd IS NULL OR made_with <> %(made_with)b))
"""
_CUT = """
DELETE FROM indicators_keptpage
WHERE collection_id = %(collection)s AND view = %(view)s AND after_seq >= %(after_seq)s
"""


_CONTINUES = """
SELECT EXISTS (
    SELECT FROM indicators_keptpage
    WHERE collection_id = %(collection)s AND view = %(view)s AND last_seq = %(after_seq)s)
"""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page starts. `made_with` names whatever else its bytes depend on."""

    collection: UUID
    view: KeptPage.View
    after_seq: int
    made_with: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A full page; `body` is in the coding that was asked for."""

    last_seq: int
    entries: int
    date_added_first: datetime
    date_added_last: datetime
    etag: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Borders:
    """A page laid out before whose content has to be made anew, up to and with `last_seq`."""

    last_seq: int


def find(position: Position, *, gzip: bool) -> Kept | Borders | None:
    """The page at a position as gzip or else zstd, its borders, or None where none was laid out."""
    with open_cursor(binary=True) as cursor:
        cursor.execute(_FIND, {**asdict(position), "gzip": gzip})
        row = cursor.fetchone()
    if row is None:
        return None
    last_seq, entries, first, last, etag, made_with, body = row
    if body is None or made_with != position.made_with:
        return Borders(last_seq)
    return Kept(last_seq, entries, first, last, etag, body)


def continues(position: Position) -> bool:
    """Whether a page kept here would continue the chain from the start of the feed."""
    if position.after_seq == -1:
        return True
    with open_cursor() as cursor:
        row = cursor.execute(_CONTINUES, asdict(position)).fetchone()
    return row is not None and bool(row[0])


def keep(position: Position, rewrites: int, page: Kept, *, zstd: bytes, gzip: bytes) -> None:
    """Keep a page that was read when the collection had counted so many rewrites."""
    facts = {
        **asdict(position),
        "rewrites": rewrites,
        "last_seq": page.last_seq,
        "entries": page.entries,
        "first": page.date_added_first,
        "last": page.date_added_last,
        "etag": page.etag,
        "zstd": zstd,
        "gzip": gzip,
    }
    with open_cursor() as cursor:
        cursor.execute(_KEEP, facts)
        if not cursor.rowcount:
            cursor.execute(_MAKE_ANEW, facts)


def forget(cursor: Cursor, collection: UUID, seqs: list[int], views: list[str]) -> None:
    """Drop the content of the pages on which entries changed; the caller holds the log's lock."""
    cursor.execute(_COUNT_REWRITE, (collection,))
    cursor.execute(_FORGET, {"collection": collection, "seqs": seqs, "views": views})


def cut(position: Position) -> None:
    """Drop the chain from a page on: it has thinned out and is laid out anew by its readers.

    Counting a rewrite keeps a concurrent reader from hanging a page on the part that was cut.
    """
    with transaction.atomic(), open_cursor() as cursor:
        cursor.execute(_COUNT_CUT, asdict(position))
        if cursor.rowcount:
            cursor.execute(_CUT, asdict(position))


def compress(body: bytes) -> tuple[bytes, bytes]:
    """(zstd, gzip) of a page, at the levels that cost little: it is done once, but in a request."""
    return zstandard.compress(body, 1), igzip.compress(body, 2, mtime=0)


def decompress(zstd: bytes) -> bytes:
    return zstandard.decompress(zstd)
