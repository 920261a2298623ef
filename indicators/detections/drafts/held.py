"""What the feed says of clusters now: the newest published content of each of their objects."""

from collections.abc import Iterable, Mapping, Sequence

import orjson

from federation import signing
from indicators.detections.drafts.drafting import Content
from indicators.detections.drafts.due import Due
from indicators.store.sql import Cursor

# One look-up an id, on one_content_a_version.
_HELD = """
SELECT asked.id, newest.body FROM unnest(%s::text[]) AS asked(id)
CROSS JOIN LATERAL (
    SELECT body FROM indicators_objectversion v WHERE v.stix_id = asked.id
    ORDER BY v.version DESC LIMIT 1
) newest
WHERE newest.body IS NOT NULL
"""
# authored_of_cluster
_AUTHORED = """
SELECT a.cluster_id, a.stix_id
FROM unnest(%s::bigint[], %s::int[]) AS asked(cluster, incarnation)
JOIN indicators_authored a ON (a.cluster_id, a.incarnation) = (asked.cluster, asked.incarnation)
"""


def held_contents(cursor: Cursor, ids: Iterable[str]) -> Mapping[str, Content]:
    """The newest content by id, without its signature; nothing for what was never published."""
    cursor.execute(_HELD, (sorted(ids),))
    return {name: _unsigned(bytes(body)) for name, body in cursor.fetchall()}


def authored_ids(cursor: Cursor, clusters: Sequence[Due]) -> dict[int, set[str]]:
    """Every object that was published of these clusters as they are now, by cluster."""
    found: dict[int, set[str]] = {cluster.id: set() for cluster in clusters}
    if clusters:
        asked = ([each.id for each in clusters], [each.incarnation for each in clusters])
        for cluster, name in cursor.execute(_AUTHORED, asked).fetchall():
            found[cluster].add(name)
    return found


def observed_ids(cursor: Cursor, clusters: Sequence[Due]) -> dict[int, set[str]]:
    """The published windows of these clusters: some may be gone."""
    return {
        cluster: {name for name in names if name.startswith("observed-data--")}
        for cluster, names in authored_ids(cursor, clusters).items()
    }


def claim_ids(cursor: Cursor, clusters: Sequence[Due]) -> dict[int, set[str]]:
    """The published objects of these clusters that may be of claims: some may be gone."""
    types = ("identity--", "threat-actor--", "relationship--")
    return {
        cluster: {name for name in names if name.startswith(types)}
        for cluster, names in authored_ids(cursor, clusters).items()
    }


def _unsigned(body: bytes) -> Content:
    content: Content = orjson.loads(body)
    extensions = content.get("extensions", {})
    extensions.pop(signing.EXTENSION, None)
    if not extensions:
        content.pop("extensions", None)
    return content
