"""Indicators of behaviour and the traffic of this node's clusters: patterns asked of windows.

A cluster's windows are sealed with its other facts. They are opened a batch at a time, only while
there is a pattern to ask, and that they were opened is written down.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from indicators.detections import audit
from indicators.detections.drafts.facts import ClusterFacts
from indicators.detections.drafts.objects import stamp
from indicators.detections.finding import Window
from indicators.detections.identifiers.sealing import open_sealer, place
from indicators.reconcile.overlap import Found
from indicators.reconcile.stated import TRAFFIC
from indicators.stix.comparison import Comparison, read_comparison
from indicators.store.sql import Cursor

#: Patterns of one origin that are asked, its newest, and their characters. Whoever sends more
#: crowds out its own.
MOST_PATTERNS = 1_000
_MOST_CHARACTERS = 1 << 20
TRAFFIC_DIFFERS = "The cluster's traffic fits the pattern no longer."

# behaviour_indicators
_PATTERNS = """
SELECT stix_id, pattern FROM (
    SELECT stix_id, pattern,
           row_number() OVER newest AS place, sum(length(pattern)) OVER newest AS characters
    FROM indicators_knownindicator
    WHERE is_live AND semantics = 'behaviour' AND NOT is_own
    WINDOW newest AS (PARTITION BY origin_id ORDER BY version DESC, stix_id)
) ranked WHERE place <= %s AND characters <= %s
"""
# The clusters' primary key.
_FACTS = """
SELECT id, data_key_id, sealed_facts FROM indicators_cluster
WHERE id = ANY(%b::int8[]) AND is_open AND sealed_facts IS NOT NULL ORDER BY id
"""
_WRITE = """
INSERT INTO indicators_match AS m
    (uuid, cluster_id, stix_id, semantics, kinds, token_count, account_count, state, found_at,
     changed_at)
SELECT gen_random_uuid(), n.cluster, n.stix_id, 'behaviour',
       jsonb_build_object(%(traffic)s::text, n.windows), 0, n.accounts, 'open', %(now)s, %(now)s
FROM unnest(%(clusters)b::int8[], %(indicators)b::text[], %(windows)b::int4[], %(accounts)b::int8[])
     AS n(cluster, stix_id, windows, accounts)
ORDER BY n.cluster, n.stix_id
ON CONFLICT (cluster_id, stix_id) DO UPDATE SET
    semantics = excluded.semantics, kinds = excluded.kinds, token_count = 0,
    account_count = excluded.account_count, changed_at = excluded.changed_at,
    retired_at = NULL, retired_because = ''
WHERE m.retired_at IS NOT NULL
   OR (m.semantics, m.kinds, m.account_count) IS DISTINCT FROM
      (excluded.semantics, excluded.kinds, excluded.account_count)
RETURNING id
"""
# one_match_each
_RETIRE = """
UPDATE indicators_match m
SET retired_at = %(now)s, changed_at = %(now)s, retired_because = %(because)s
WHERE m.cluster_id = ANY(%(all)b::int8[]) AND m.semantics = 'behaviour' AND m.retired_at IS NULL
  AND (m.cluster_id, m.stix_id) NOT IN (
      SELECT * FROM unnest(%(clusters)b::int8[], %(indicators)b::text[])
  )
RETURNING id
"""
# Every cluster with traffic is asked again, some at a time. Rare: indicators of behaviour are few.
_ASK_ALL = """
INSERT INTO indicators_duematch (cluster_id, detection_id, since)
SELECT id, 0, %s FROM indicators_cluster WHERE is_open AND sealed_facts IS NOT NULL
ON CONFLICT DO NOTHING
"""


class _Fit(NamedTuple):
    """A cluster that a pattern fits: in how many windows, and of how many accounts at most."""

    cluster: int
    stix_id: str
    windows: int
    accounts: int


def ask_all(cursor: Cursor, now: datetime) -> None:
    """There is a new pattern: all clusters are due to be asked."""
    cursor.execute(_ASK_ALL, (now,))


def match_behaviour(cursor: Cursor, clusters: Sequence[int], now: datetime) -> Found:
    """Ask every live pattern of others of these clusters' windows."""
    if not clusters:
        return Found()
    fits = list(_fits(cursor, clusters))
    asked = {
        "clusters": [fit.cluster for fit in fits],
        "indicators": [fit.stix_id for fit in fits],
        "windows": [fit.windows for fit in fits],
        "accounts": [fit.accounts for fit in fits],
        "all": list(clusters),
        "traffic": TRAFFIC,
        "because": TRAFFIC_DIFFERS,
        "now": now,
    }
    changed = cursor.execute(_WRITE, asked).fetchall() if fits else []
    retired = cursor.execute(_RETIRE, asked).fetchall()
    return Found(tuple(number for (number,) in changed), tuple(number for (number,) in retired))


def aggregate(window: Window) -> dict[str, Any]:
    """A window as the object that a pattern speaks of, without the names that only peers see."""
    content = {
        name: value for name, value in msgspec.structs.asdict(window).items() if value is not None
    }
    del content["start"], content["seconds"]
    return {
        "type": TRAFFIC,
        "window_start": stamp(window.start),
        "window_seconds": window.seconds,
        **content,
    }


def _fits(cursor: Cursor, clusters: Sequence[int]) -> Iterator[_Fit]:
    rows = cursor.execute(_PATTERNS, (MOST_PATTERNS, _MOST_CHARACTERS)).fetchall()
    patterns = {stix_id: read_comparison(pattern) for stix_id, pattern in rows}
    if not patterns:
        return
    for cluster, facts in _opened(cursor, clusters):
        windows = [aggregate(window) for window in facts.windows]
        yield from _fitting(cluster, windows, patterns)


def _fitting(
    cluster: int, windows: Sequence[Mapping[str, Any]], patterns: Mapping[str, Comparison]
) -> Iterator[_Fit]:
    for stix_id, pattern in patterns.items():
        fitting = [window for window in windows if pattern.holds(window)]
        if fitting:
            accounts = max(window["account_count"] for window in fitting)
            yield _Fit(cluster, stix_id, len(fitting), accounts)


def _opened(cursor: Cursor, clusters: Sequence[int]) -> Iterator[tuple[int, ClusterFacts]]:
    sealer = open_sealer()
    rows = cursor.execute(_FACTS, (list(clusters),)).fetchall()
    if rows:
        audit.record(audit.WORKER, "read facts", "clusters", why="behaviour", count=len(rows))
    for cluster, key, sealed in rows:
        yield (
            cluster,
            _FACTS_OF.decode(sealer.unseal(key, bytes(sealed), place("cluster", cluster))),
        )


_FACTS_OF = msgspec.json.Decoder(ClusterFacts)
