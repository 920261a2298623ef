"""Indicators of others and clusters of this node: what they share, by hash, a batch at a time.

1. The tokens of the batch's indicators are looked up among the tokens of detections.
2. A token that too many clusters have, or too many indicators of one origin, is no lead (a shared
   address, a disposable device): it is left out, and counted.
3. Where the epochs of two keys overlap, one counts: tokens are counted by key, the most hold.
4. An indicator matches a cluster by any one token, or by as many as it asks for.

Own indicators match nothing. What a person or an allow list withheld matches nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings

from federation.pseudonyms.normalize import KINDS
from indicators.store.sql import Cursor

log = structlog.get_logger("retort.reconcile")

#: Tokens that one statement looks up.
TOKENS_AT_ONCE = 100_000
#: Of one token so many accounts are looked at, from the first: a count may be higher in truth.
MOST_ACCOUNTS = 10_000
TOKENS_GONE = "What it had in common with the cluster is gone."
REVOKED = "The indicator was revoked, or says something else now."
_PROMPTS = KINDS.index("prompt-band")

#: Detections whose tokens count. Those of a superseded revision do until its successor has tokens,
#: which take their place.
SUPPORT = """is_open AND stage NOT IN ('received', 'withheld') AND failed_stage <> 'received'
          AND verdict <> 'false-positive'"""

# Tokens as they were read of indicators that just came.
_GIVEN = (
    "SELECT * FROM unnest(%(indicators)b::text[], %(tokens)b::bytea[]) AS given(stix_id, token)"
)
# indexed_tokens_of_indicator, once a partition.
_INDEXED = """
    SELECT asked.stix_id, i.token
    FROM (SELECT DISTINCT stix_id FROM unnest(%(indicators)b::text[]) AS one(stix_id)) asked
    CROSS JOIN LATERAL (
        SELECT token FROM indicators_indexedtoken WHERE stix_id = asked.stix_id OFFSET 0
    ) i"""
# IS TRUE, as NOT IN below, is answered by hash, whatever the planner expects: it makes no loop.
_IN_PAIRS = """
    ((w.stix_id, d.cluster_id) IN (
        SELECT * FROM unnest(%(indicators)b::text[], %(clusters)b::int8[])
    )) IS TRUE"""
# matches_of_indicator
_OF_INDICATORS = "m.stix_id = ANY(ARRAY(SELECT unnest(%(all)b::text[])))"
# one_match_each
_OF_PAIRS = """m.id = ANY(ARRAY(
        SELECT one.id
        FROM unnest(%(indicators)b::text[], %(clusters)b::int8[]) AS p(stix_id, cluster)
        CROSS JOIN LATERAL (
            SELECT id FROM indicators_match
            WHERE cluster_id = p.cluster AND stix_id = p.stix_id OFFSET 0
        ) one
    )) AND m.semantics <> 'behaviour'"""
# A look-up a token in its partition of indicators_detectedtoken_pkey; for what is found there,
# indicators_detection_pkey and indicators_indexedtoken_pkey. LATERAL and OFFSET 0 hold the planner
# to this order. Nothing of it grows with what else is stored.
_MATCH = """
WITH asked AS MATERIALIZED ({asked}
), met AS MATERIALIZED (
    SELECT a.token, count(DISTINCT d.cluster_id) AS clusters
    FROM (SELECT DISTINCT token FROM asked) a
    CROSS JOIN LATERAL (
        SELECT detection_id FROM indicators_detectedtoken
        WHERE token = a.token LIMIT %(most_accounts)s
    ) t
    CROSS JOIN LATERAL (
        SELECT cluster_id FROM indicators_detection WHERE id = t.detection_id AND {support} OFFSET 0
    ) d
    GROUP BY a.token
), narrow AS MATERIALIZED (
    SELECT token FROM met WHERE clusters <= %(fanout)s
), crowded AS MATERIALIZED (
    SELECT n.token, k.origin_id FROM narrow n
    CROSS JOIN LATERAL (
        SELECT stix_id FROM indicators_indexedtoken WHERE token = n.token LIMIT %(most_holders)s
    ) i
    CROSS JOIN LATERAL (
        SELECT origin_id FROM indicators_knownindicator
        WHERE stix_id = i.stix_id AND NOT is_own OFFSET 0
    ) k
    GROUP BY n.token, k.origin_id HAVING count(*) > %(fanout)s
), wanted AS (
    SELECT a.stix_id, a.token, k.semantics, k.min_matches
    FROM (SELECT * FROM asked WHERE (token IN (SELECT token FROM narrow)) IS TRUE OFFSET 0) a
    CROSS JOIN LATERAL (
        SELECT semantics, min_matches, origin_id FROM indicators_knownindicator
        WHERE stix_id = a.stix_id AND is_live AND NOT is_own AND semantics <> 'behaviour' OFFSET 0
    ) k
    WHERE (a.token, k.origin_id) NOT IN (SELECT token, origin_id FROM crowded)
    OFFSET 0
), lead AS MATERIALIZED (
    SELECT w.stix_id, w.token, w.semantics, w.min_matches, t.kind, t.account_id, d.cluster_id
    FROM wanted w
    CROSS JOIN LATERAL (
        SELECT account_id, detection_id, kind FROM indicators_detectedtoken
        WHERE token = w.token LIMIT %(most_accounts)s
    ) t
    CROSS JOIN LATERAL (
        SELECT cluster_id FROM indicators_detection WHERE id = t.detection_id AND {support} OFFSET 0
    ) d
    WHERE {within}
), by_kind AS (
    SELECT stix_id, cluster_id, kind, max(tokens) AS tokens FROM (
        SELECT stix_id, cluster_id, kind, count(DISTINCT token) AS tokens
        FROM lead GROUP BY stix_id, cluster_id, kind, substr(token, 1, 5)
    ) by_key GROUP BY stix_id, cluster_id, kind
), counted AS (
    SELECT stix_id, cluster_id, sum(tokens)::int4 AS tokens, NULL::int4 AS accounts,
           jsonb_object_agg((%(kinds)b::text[])[kind + 1], tokens) AS kinds,
           NULL AS semantics, NULL::int4 AS min_matches
    FROM by_kind GROUP BY stix_id, cluster_id
    UNION ALL
    SELECT stix_id, cluster_id, NULL,
           count(DISTINCT account_id) FILTER (WHERE kind <> %(prompts)s), NULL,
           min(semantics), min(min_matches)
    FROM lead GROUP BY stix_id, cluster_id
), found AS MATERIALIZED (
    SELECT stix_id, cluster_id, max(tokens) AS tokens, max(accounts) AS accounts,
           max(semantics) AS semantics,
           (array_agg(kinds) FILTER (WHERE kinds IS NOT NULL))[1] AS kinds
    FROM counted GROUP BY stix_id, cluster_id HAVING max(tokens) >= max(min_matches)
), written AS (
    INSERT INTO indicators_match AS m
        (uuid, cluster_id, stix_id, semantics, kinds, token_count, account_count, state, found_at,
         changed_at)
    SELECT gen_random_uuid(), cluster_id, stix_id, semantics, kinds, tokens, accounts, 'open',
           %(now)s, %(now)s
    FROM found ORDER BY cluster_id, stix_id
    ON CONFLICT (cluster_id, stix_id) DO UPDATE SET
        semantics = excluded.semantics, kinds = excluded.kinds, token_count = excluded.token_count,
        account_count = excluded.account_count, changed_at = excluded.changed_at,
        retired_at = NULL, retired_because = ''
    WHERE m.retired_at IS NOT NULL
       OR (m.semantics, m.kinds, m.token_count, m.account_count) IS DISTINCT FROM
          (excluded.semantics, excluded.kinds, excluded.token_count, excluded.account_count)
    RETURNING id
), retired AS (
    UPDATE indicators_match m
    SET retired_at = %(now)s, changed_at = %(now)s, retired_because = %(because)s
    WHERE {before} AND m.retired_at IS NULL
      AND (m.stix_id, m.cluster_id) NOT IN (SELECT stix_id, cluster_id FROM found)
    RETURNING id
)
SELECT (SELECT array_agg(id) FROM written), (SELECT array_agg(id) FROM retired),
       (SELECT count(*) FROM met) - (SELECT count(*) FROM narrow) + (SELECT count(*) FROM crowded)
"""
_OF_ALL = _MATCH.format(asked=_GIVEN, support=SUPPORT, within="true", before=_OF_INDICATORS)
_OF_SOME = _MATCH.format(asked=_INDEXED, support=SUPPORT, within=_IN_PAIRS, before=_OF_PAIRS)
# matches_of_indicator
_RETIRE = """
UPDATE indicators_match m
SET retired_at = %(now)s, changed_at = %(now)s, retired_because = %(because)s
WHERE m.stix_id = ANY(ARRAY(SELECT unnest(%(indicators)b::text[]))) AND m.retired_at IS NULL
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Found:
    """Matches, by id, that are new or say something else, and those that were retired."""

    changed: tuple[int, ...] = ()
    retired: tuple[int, ...] = ()

    @property
    def all(self) -> list[int]:
        return sorted({*self.changed, *self.retired})

    def __add__(self, other: "Found") -> "Found":
        return Found(self.changed + other.changed, self.retired + other.retired)


def match_indicators(cursor: Cursor, tokens: Mapping[str, Sequence[bytes]], now: datetime) -> Found:
    """Match indicators that are known and live, given with all their tokens, with every cluster."""
    found = Found()
    for some in _portions(tokens):
        pairs = [(stix_id, token) for stix_id in some for token in tokens[stix_id]]
        asked = {
            "indicators": [stix_id for stix_id, _ in pairs],
            "tokens": [token for _, token in pairs],
            "all": some,
        }
        found += _run(cursor, _OF_ALL, asked, now)
    return found


def match_pairs(cursor: Cursor, pairs: Sequence[tuple[int, str]], now: datetime) -> Found:
    """Match clusters with indicators, pair by pair: (cluster, indicator)."""
    if not pairs:
        return Found()
    asked = {
        "indicators": [stix_id for _, stix_id in pairs],
        "clusters": [cluster for cluster, _ in pairs],
    }
    return _run(cursor, _OF_SOME, asked, now)


def retire(cursor: Cursor, indicators: Sequence[str], because: str, now: datetime) -> Found:
    """Retire every match of these indicators. What people decided of them stays."""
    if not indicators:
        return Found()
    asked = {"indicators": list(indicators), "because": because, "now": now}
    return Found(retired=tuple(number for (number,) in cursor.execute(_RETIRE, asked).fetchall()))


def _portions(tokens: Mapping[str, Sequence[bytes]]) -> Iterator[list[str]]:
    """Indicators that have some TOKENS_AT_ONCE together; one is never divided."""
    portion: list[str] = []
    count = 0
    for stix_id in sorted(tokens):
        if portion and count + len(tokens[stix_id]) > TOKENS_AT_ONCE:
            yield portion
            portion, count = [], 0
        portion.append(stix_id)
        count += len(tokens[stix_id])
    if portion:
        yield portion


def _run(cursor: Cursor, statement: str, asked: Mapping[str, Any], now: datetime) -> Found:
    limits = {
        "fanout": settings.TOKEN_FANOUT,
        "most_holders": 100 * settings.TOKEN_FANOUT,
        "most_accounts": MOST_ACCOUNTS,
    }
    names = {"kinds": list(KINDS), "prompts": _PROMPTS, "because": TOKENS_GONE, "now": now}
    [(changed, retired, skipped)] = cursor.execute(
        statement, {**asked, **limits, **names}
    ).fetchall()
    if skipped:
        log.info("tokens that too many have are no leads", tokens=skipped)
    return Found(tuple(changed or ()), tuple(retired or ()))
