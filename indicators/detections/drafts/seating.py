"""Dealing a cluster's tokens out to parts: which indicator holds which token, for good.

All in the caller's transaction, which has locked the clusters; each step is one statement for all
of them. A part is an indicator: a token keeps its seat while an open detection has it, so that a
new batch touches the parts that it changes and no others.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from federation.pseudonyms.normalize import KINDS
from federation.pseudonyms.voprf import token_text
from indicators.detections.drafts.drafting import Part
from indicators.store.sql import Cursor

SEATS = 500

#: A part by what names it: cluster, kind, key, number.
Place = tuple[int, int, bytes, int]

# Detections whose identifiers may be shared: open, tokenized, and not kept back by anybody. (The
# tokens of a superseded revision count until those of its successor are made.)
_SUPPORT = "d.is_open AND d.stage NOT IN ('received', 'failed', 'withheld')"

# Look-ups: detections_of_cluster, detected_tokens_of_detection, the seats' primary key. LATERAL and
# OFFSET keep the planner on them, also where it knows nothing yet of tables that have just grown.
_UNSEATED = f"""
SELECT DISTINCT d.cluster_id, t.kind, t.token
FROM indicators_detection d
CROSS JOIN LATERAL (
    SELECT kind, token FROM indicators_detectedtoken WHERE detection_id = d.id OFFSET 0
) t
LEFT JOIN LATERAL (
    SELECT part_id FROM indicators_seat
    WHERE cluster_id = d.cluster_id AND token = t.token OFFSET 0
) s ON true
WHERE {_SUPPORT} AND s.part_id IS NULL
  AND ((d.cluster_id = ANY(%(clusters)b) AND d.stage = 'tokenized')
       OR d.cluster_id = ANY(%(afresh)b))
ORDER BY d.cluster_id, t.kind, t.token
"""
# one_part_a_number
_LAST_PARTS = """
SELECT DISTINCT ON (p.cluster_id, p.kind, p.key_id)
       p.cluster_id, p.kind, p.key_id, p.number, p.token_count
FROM indicators_part p JOIN indicators_cluster c
     ON c.id = p.cluster_id AND c.incarnation = p.incarnation
WHERE p.cluster_id = ANY(%b) ORDER BY p.cluster_id, p.kind, p.key_id, p.number DESC
"""
_GROW = """
INSERT INTO indicators_part AS p
    (cluster_id, incarnation, kind, key_id, number, token_count, version, published_version)
SELECT n.cluster, c.incarnation, n.kind, n.key_id, n.number, n.tokens, 1, 0
FROM unnest(%b::bigint[], %b::smallint[], %b::bytea[], %b::int[], %b::int[])
     AS n(cluster, kind, key_id, number, tokens)
JOIN indicators_cluster c ON c.id = n.cluster
ON CONFLICT (cluster_id, incarnation, kind, key_id, number)
DO UPDATE SET token_count = p.token_count + excluded.token_count, version = p.version + 1
RETURNING cluster_id, kind, key_id, number, id
"""
_COPY_SEATS = "COPY indicators_seat (cluster_id, token, part_id) FROM STDIN (FORMAT BINARY)"

# A look-up a seat, by token.
_UNSEAT = f"""
WITH gone AS (
    DELETE FROM indicators_seat s WHERE s.cluster_id = ANY(%(clusters)s) AND NOT EXISTS (
        SELECT FROM (
            SELECT detection_id FROM indicators_detectedtoken WHERE token = s.token OFFSET 0
        ) t JOIN indicators_detection d ON d.id = t.detection_id
        WHERE d.cluster_id = s.cluster_id AND {_SUPPORT}
    ) RETURNING s.part_id
)
UPDATE indicators_part p
SET token_count = p.token_count - left_by.tokens, version = p.version + 1
FROM (SELECT part_id, count(*) AS tokens FROM gone GROUP BY part_id) left_by
WHERE p.id = left_by.part_id
"""

_CHANGED = """
SELECT p.cluster_id, p.id, p.version, p.kind, p.key_id, p.number, p.published_version = 0,
       coalesce((SELECT array_agg(s.token ORDER BY s.token)
                 FROM indicators_seat s WHERE s.part_id = p.id), '{}')
FROM indicators_part p JOIN indicators_cluster c ON c.id = p.cluster_id
WHERE p.cluster_id = ANY(%(clusters)s) AND p.incarnation = c.incarnation
  AND p.version > p.published_version
ORDER BY p.cluster_id, p.kind, p.key_id, p.number
"""


@dataclass(frozen=True, slots=True)
class ChangedPart:
    """A part that the feed does not show as it is now, and the version of it that this is."""

    row: int
    version: int
    part: Part


def vacate(cursor: Cursor, clusters: Sequence[int]) -> None:
    """Take all tokens of these clusters from their seats: a new incarnation deals afresh."""
    if clusters:
        cursor.execute("DELETE FROM indicators_seat WHERE cluster_id = ANY(%s)", (list(clusters),))


def unseat(cursor: Cursor, clusters: Sequence[int]) -> None:
    """Take away the seats of tokens that no detection has any more."""
    if clusters:
        cursor.execute(_UNSEAT, {"clusters": list(clusters)})


def seat(cursor: Cursor, clusters: Sequence[int], afresh: Sequence[int] = ()) -> None:
    """Seat the tokens of newly tokenized detections; of all open ones in the clusters `afresh`.

    The last part of a row of parts takes what it has room for, unless it was emptied: then its
    indicator is revoked, and what is revoked stays revoked.
    """
    asked = {"clusters": list(clusters), "afresh": list(afresh)}
    unseated = cursor.execute(_UNSEATED, asked).fetchall()
    if not unseated:
        return
    free = _first_free(cursor, sorted({row[0] for row in unseated}))
    seats: dict[Place, list[bytes]] = {}
    for cluster, kind, token in unseated:
        key = bytes(token)
        row = (cluster, kind, key[:5])
        place = free.get(row, 0)
        free[row] = place + 1
        seats.setdefault((*row, place // SEATS + 1), []).append(key)
    parts = _grow(cursor, seats)
    with cursor.copy(_COPY_SEATS) as copy:
        copy.set_types(["int8", "bytea", "int8"])
        for place_of, tokens in seats.items():
            for each in tokens:
                copy.write_row((place_of[0], each, parts[place_of]))


def _first_free(cursor: Cursor, clusters: Sequence[int]) -> dict[tuple[int, int, bytes], int]:
    """The first free seat, counted from 0 over all parts, of each row of parts there is."""
    free = {}
    cursor.execute(_LAST_PARTS, (list(clusters),))
    for cluster, kind, key_id, number, taken in cursor.fetchall():
        before = number - 1 if taken else number
        free[cluster, kind, bytes(key_id)] = before * SEATS + taken
    return free


def _grow(cursor: Cursor, seats: Mapping[Place, Sequence[bytes]]) -> dict[Place, int]:
    """The parts of these places, new or grown; the row of each."""
    columns = [list(column) for column in zip(*seats, strict=True)]
    cursor.execute(_GROW, (*columns, [len(tokens) for tokens in seats.values()]))
    return {
        (cluster, kind, bytes(key_id), number): row
        for cluster, kind, key_id, number, row in cursor.fetchall()
    }


def changed_parts(cursor: Cursor, clusters: Sequence[int]) -> Mapping[int, list[ChangedPart]]:
    """The parts, by cluster, that differ from what was last published of them."""
    cursor.execute(_CHANGED, {"clusters": list(clusters)})
    changed: dict[int, list[ChangedPart]] = {}
    for cluster, row, version, kind, key_id, number, is_new, tokens in cursor.fetchall():
        prefix = token_text(bytes(key_id), bytes(16))[:14]
        texts = tuple(prefix + _value(bytes(token)) for token in tokens)
        part = Part(KINDS[kind], prefix[5:13], number, texts, is_new)
        changed.setdefault(cluster, []).append(ChangedPart(row, version, part))
    return changed


def _value(token: bytes) -> str:
    """The end of a token's text, which is all that differs within a part."""
    return urlsafe_b64encode(token[5:])[:22].decode()
