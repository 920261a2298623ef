"""Edges: what holds two subjects together, the sum of their holders' links."""

from collections.abc import Sequence
from datetime import datetime

from indicators.store.sql import Cursor

Pair = tuple[str, str]

# links_of_edge. Tokens that a cluster of this node shares are in its matches and, once published,
# in its indicators: counted once.
_SUM = """
WITH counted AS (
    SELECT first, second, kind, max(shared) AS shared FROM (
        SELECT p.first, p.second, each.key AS kind, sum(each.value::int) AS shared,
            starts_with(l.first, 'cluster/') OR starts_with(l.second, 'cluster/') AS is_match
        FROM unnest(%(first)s::text[], %(second)s::text[]) AS p(first, second)
        CROSS JOIN LATERAL (
            SELECT * FROM indicators_jointlink
            WHERE first_subject = p.first AND second_subject = p.second OFFSET 0
        ) l
        CROSS JOIN LATERAL jsonb_each_text(l.kinds) each
        GROUP BY p.first, p.second, each.key, is_match
    ) ways GROUP BY first, second, kind
)
INSERT INTO indicators_jointedge (first, second, kinds, token_count, found_at)
SELECT first, second, jsonb_object_agg(kind, shared), sum(shared), %(now)s
FROM counted GROUP BY first, second
ON CONFLICT (first, second) DO UPDATE
SET kinds = excluded.kinds, token_count = excluded.token_count
RETURNING first, second
"""
_PART = """
DELETE FROM indicators_jointedge e USING unnest(%s::text[], %s::text[]) AS p(first, second)
WHERE e.first = p.first AND e.second = p.second RETURNING e.first, e.second
"""


def sum_up(cursor: Cursor, pairs: Sequence[Pair], now: datetime) -> tuple[list[Pair], list[Pair]]:
    """Bring the edges between these subjects up to date with their links: (joined, parted).

    joined: those that there are; parted: those that there were before, and are no more.
    """
    first, second = _columns(pairs)
    cursor.execute(_SUM, {"first": first, "second": second, "now": now})
    joined: list[Pair] = list(cursor.fetchall())
    parted: list[Pair] = list(
        cursor.execute(_PART, _columns(sorted(set(pairs) - set(joined)))).fetchall()
    )
    return joined, parted


def _columns(pairs: Sequence[Pair]) -> tuple[list[str], list[str]]:
    return [first for first, _ in pairs], [second for _, second in pairs]
