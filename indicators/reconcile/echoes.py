"""Echoes: indicators that say nothing which others had not said before.

An indicator is an echo if, when it is first seen here, every token of it is already held by
indicators of other organizations. Which was first is by the order in which this node learned of
them, never by what they say of themselves. An echo adds nothing to anybody's word: an organization
that really sees the same accounts counts by the other indicators of its cluster, which hold what
only it saw, and by its sightings.

Once an indicator was no echo it stays none: what others repeat of it later is theirs, not its.
"""

from collections.abc import Sequence
from uuid import UUID

from indicators.store.sql import Cursor

# indexed_tokens_of_indicator once a partition, then the token index's primary key, a partition a
# token. Who is asked for and not known yet is new; among the new the order of asking decides.
_ECHOES = """
WITH asked AS MATERIALIZED (
    SELECT a.stix_id, a.place, o.owner_id AS origin_id
    FROM unnest(%(ids)b::text[]) WITH ORDINALITY AS a(stix_id, place)
    CROSS JOIN LATERAL (SELECT owner_id FROM indicators_objectid WHERE id = a.stix_id OFFSET 0) o
    JOIN indicators_member m ON m.id = o.owner_id AND NOT m.is_self
    LEFT JOIN LATERAL (
        SELECT echo_of FROM indicators_knownindicator WHERE stix_id = a.stix_id OFFSET 0
    ) k ON true
    WHERE k.echo_of IS NULL OR k.echo_of <> ''
), sought AS MATERIALIZED (
    SELECT token, stix_id FROM indicators_indexedtoken
    WHERE stix_id = ANY(ARRAY(SELECT stix_id FROM asked))
), held AS MATERIALIZED (
    SELECT s.token, s.stix_id, h.stix_id AS holder
    FROM sought s CROSS JOIN LATERAL (
        SELECT stix_id FROM indicators_indexedtoken
        WHERE token = s.token AND stix_id <> s.stix_id OFFSET 0
    ) h
), pair AS MATERIALIZED (
    SELECT p.stix_id, p.holder, coalesce(before.origin_id, earlier.origin_id) AS origin_id
    FROM (SELECT DISTINCT stix_id, holder FROM held) p
    JOIN asked mine ON mine.stix_id = p.stix_id
    LEFT JOIN LATERAL (
        SELECT origin_id FROM indicators_knownindicator WHERE stix_id = p.holder OFFSET 0
    ) before ON true
    LEFT JOIN asked earlier ON earlier.stix_id = p.holder AND earlier.place < mine.place
    WHERE coalesce(before.origin_id, earlier.origin_id) <> mine.origin_id
), known AS (
    SELECT h.stix_id, count(DISTINCT h.token) AS tokens, array_agg(DISTINCT p.origin_id) AS origins
    FROM held h JOIN pair p USING (stix_id, holder) GROUP BY h.stix_id
), size AS (SELECT stix_id, count(*) AS tokens FROM sought GROUP BY stix_id)
SELECT known.stix_id, known.origins FROM known JOIN size USING (stix_id, tokens)
"""


def echoes(cursor: Cursor, indicator_ids: Sequence[str]) -> dict[str, list[UUID]]:
    """Those of these indicators that are echoes, each with the members who said it before.

    indicator_ids: in the order of the log that brought them. They and their tokens are stored, and
    not written as KnownIndicator yet. What this node itself found is no echo.
    """
    cursor.execute(_ECHOES, {"ids": list(indicator_ids)})
    return dict(cursor.fetchall())
