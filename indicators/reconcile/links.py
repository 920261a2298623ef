"""Links: who shares what with whom, from the token index and from the matches.

A link joins two holders: two indicators with equal tokens, or an indicator and a cluster of this
node that it matches. What holds two subjects together is the sum of their holders' links, an edge.
A holder that changes has its links made anew, so that a change costs by its own size.

Shared prompt bands connect only from `min_matches` on; a token of more than TOKEN_FANOUT indicators
connects nobody (a shared proxy, a device id that everybody has); nor does what a person found to
be a false positive. Of two overlapping epochs the one that shows more counts.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import msgspec
from django.conf import settings

from federation.models import PinnedTokenKey, TokenKey
from indicators.reconcile.edges import Pair, sum_up
from indicators.store.sql import Cursor

# What a person says of a match is said of the tokens that both sides' indicators share, too.
_DECIDED = """
SELECT DISTINCT stix_id FROM indicators_match WHERE id = ANY(%s) AND state <> 'open'
"""
_PAIRS = "SELECT stix_id, 'cluster/' || cluster_id FROM indicators_match WHERE id = ANY(%s)"
# matches_of_indicator, then authored_of_cluster.
_NAMES = """
SELECT c.id, coalesce(a.stix_id, 'cluster/' || c.id) FROM (
    SELECT cluster_id AS id FROM indicators_authored WHERE stix_id = ANY(%(ids)s)
    UNION SELECT cluster_id FROM indicators_match WHERE stix_id = ANY(%(ids)s)
    UNION SELECT cluster_id FROM indicators_match WHERE id = ANY(%(matches)s)
) asked
CROSS JOIN LATERAL (
    SELECT id, incarnation FROM indicators_cluster WHERE id = asked.id OFFSET 0
) c
LEFT JOIN LATERAL (
    SELECT stix_id FROM indicators_authored
    WHERE cluster_id = c.id AND incarnation = c.incarnation AND role = 'infrastructure' LIMIT 1
) a ON true
"""
# The links' primary key, and links_by_second.
_CUT = """
WITH one AS (
    DELETE FROM indicators_jointlink WHERE first = ANY(%(ids)s)
    RETURNING first_subject, second_subject
), other AS (
    DELETE FROM indicators_jointlink WHERE second = ANY(%(ids)s) AND first <> ALL(%(ids)s)
    RETURNING first_subject, second_subject
)
SELECT * FROM one UNION SELECT * FROM other
"""
_CUT_PAIRS = """
DELETE FROM indicators_jointlink l USING unnest(%s::text[], %s::text[]) AS p(first, second)
WHERE l.first = p.first AND l.second = p.second RETURNING first_subject, second_subject
"""
_CUT_RENAMED = """
WITH named AS (SELECT * FROM unnest(%(holders)s::text[], %(names)s::text[]) AS n(holder, name)),
one AS (
    DELETE FROM indicators_jointlink l USING named n
    WHERE l.first = n.holder AND l.first_subject <> n.name
    RETURNING first_subject, second_subject, l.first AS holder, l.first_subject AS old
), other AS (
    DELETE FROM indicators_jointlink l USING named n
    WHERE l.second = n.holder AND l.second_subject <> n.name
    RETURNING first_subject, second_subject, l.second AS holder, l.second_subject AS old
)
SELECT * FROM one UNION SELECT * FROM other
"""
# indexed_tokens_of_indicator, once a partition; then the token index's primary key, a partition a
# token, and no further than the cap.
_SHARED = """
WITH changed AS MATERIALIZED (
    SELECT k.* FROM unnest(%(ids)b::text[]) AS a(id) CROSS JOIN LATERAL (
        SELECT * FROM indicators_knownindicator WHERE stix_id = a.id AND is_live OFFSET 0
    ) k
), sought AS MATERIALIZED (
    SELECT token, stix_id FROM indicators_indexedtoken
    WHERE stix_id = ANY(ARRAY(SELECT stix_id FROM changed))
), held AS MATERIALIZED (
    SELECT s.stix_id, s.token, h.stix_id AS other
    FROM sought s CROSS JOIN LATERAL (
        SELECT stix_id FROM indicators_indexedtoken
        WHERE token = s.token AND stix_id <> s.stix_id LIMIT %(fanout)s
    ) h
), shared AS (
    SELECT stix_id, other, substr(token, 1, 5) AS key, count(*) AS tokens FROM (
        SELECT *, count(*) OVER (PARTITION BY stix_id, token) AS others FROM held
    ) capped
    WHERE others < %(fanout)s GROUP BY 1, 2, 3
)
SELECT c.stix_id, c.subject, c.is_own, o.stix_id, o.subject, o.is_own, s.key, s.tokens,
    greatest(
        CASE c.semantics WHEN 'candidate' THEN c.min_matches ELSE 1 END,
        CASE o.semantics WHEN 'candidate' THEN o.min_matches ELSE 1 END
    )
FROM shared s
JOIN changed c ON c.stix_id = s.stix_id
CROSS JOIN LATERAL (
    SELECT * FROM indicators_knownindicator WHERE stix_id = s.other AND is_live OFFSET 0
) o
WHERE o.subject <> c.subject
"""
# matches_of_indicator and one_match_each
_MATCHED = """
SELECT m.stix_id, k.subject, m.cluster_id, m.kinds, m.semantics FROM (
    SELECT id FROM indicators_match WHERE id = ANY(%(matches)s)
    UNION SELECT id FROM indicators_match WHERE stix_id = ANY(%(ids)s)
    UNION SELECT id FROM indicators_match WHERE cluster_id = ANY(%(clusters)s)
) asked
CROSS JOIN LATERAL (
    SELECT * FROM indicators_match
    WHERE id = asked.id AND retired_at IS NULL AND state <> 'false-positive' OFFSET 0
) m
CROSS JOIN LATERAL (
    SELECT subject FROM indicators_knownindicator WHERE stix_id = m.stix_id AND is_live OFFSET 0
) k
"""
_REFUTED = """
SELECT m.stix_id, a.stix_id FROM indicators_match m
JOIN indicators_authored a ON a.cluster_id = m.cluster_id
WHERE m.stix_id = ANY(%s) AND m.state = 'false-positive' AND a.stix_id = ANY(%s)
"""
_LINK = """
INSERT INTO indicators_jointlink (first, second, first_subject, second_subject, kinds)
SELECT first, second, first_subject, second_subject, kinds::jsonb
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS n(first, second, first_subject, second_subject, kinds)
"""
_LIVE = """
SELECT stix_id, subject FROM indicators_knownindicator WHERE stix_id = ANY(%s) AND is_live
"""


@dataclass(frozen=True, slots=True)
class Relinked:
    """What came of it. subjects: all that are concerned; joined: edges that are there (now);
    parted: edges that are gone; renamed: clusters of this node that were published since, or anew.
    """

    subjects: set[str]
    joined: list[Pair]
    parted: list[Pair]
    renamed: dict[str, str]


class _Holder(NamedTuple):
    """An indicator, or a cluster of this node, and the subject that it stands for."""

    id: str
    subject: str


@dataclass(slots=True)
class _Links:
    """Links that are to be written: by holders, in the order of their subjects."""

    kinds: dict[tuple[_Holder, _Holder], dict[str, int]] = field(default_factory=dict)

    def belongs(self, holder: _Holder) -> None:
        """Remember of which subject a holder is: when it is of another, the old one is known."""
        self.kinds[holder, holder] = {}

    def add(self, one: _Holder, other: _Holder, kind: str, count: int) -> None:
        if one.subject == other.subject:
            return
        first, second = sorted((one, other), key=lambda holder: holder.subject)
        kinds = self.kinds.setdefault((first, second), {})
        kinds[kind] = max(count, kinds.get(kind, 0))


def relink(
    cursor: Cursor, indicator_ids: Sequence[str], match_ids: Sequence[int], now: datetime
) -> Relinked:
    """Make the links of these indicators and matches anew, and the edges that they are part of.

    `joint.connect` says what they are. What is not live any more has no links.
    """
    matches = list(match_ids)
    decided = _column(cursor.execute(_DECIDED, (matches,)).fetchall())
    ids = sorted({*indicator_ids, *decided})
    names: dict[int, str] = dict(
        cursor.execute(_NAMES, {"ids": ids, "matches": matches}).fetchall()
    )
    cut = _cut(cursor, ids, matches)
    stale, renamed, moved = _rename(cursor, names)
    links = _Links()
    for stix_id, subject in cursor.execute(_LIVE, (ids,)).fetchall():
        links.belongs(_Holder(stix_id, subject))
    _link_tokens(cursor, links, ids)
    _link_matches(cursor, links, {"ids": ids, "matches": matches, "clusters": stale}, names)
    pairs = sorted({*cut, *moved, *_write(cursor, links)})
    joined, parted = sum_up(cursor, pairs, now)
    return Relinked({*ids, *renamed}.union(*pairs), joined, parted, renamed)


def _cut(cursor: Cursor, ids: list[str], matches: list[int]) -> list[Pair]:
    """Forget the links of these, as they may have changed; the edges that they were part of."""
    cut: list[Pair] = list(cursor.execute(_CUT, {"ids": ids}).fetchall())
    pairs = cursor.execute(_PAIRS, (matches,)).fetchall()
    ends = [*pairs, *((other, one) for one, other in pairs)]
    cut += cursor.execute(_CUT_PAIRS, tuple(_columns(ends, 2))).fetchall()
    return cut


def _rename(cursor: Cursor, names: dict[int, str]) -> tuple[list[int], dict[str, str], list[Pair]]:
    """Forget links under what a cluster was called before it was published, or opened again.

    Returns those clusters, their new names by the old, and the edges that the links were part of.
    """
    asked = {"holders": [f"cluster/{number}" for number in names], "names": list(names.values())}
    rows = cursor.execute(_CUT_RENAMED, asked).fetchall()
    stale = sorted({int(holder.partition("/")[2]) for _, _, holder, _ in rows})
    renamed = {old: names[int(holder.partition("/")[2])] for _, _, holder, old in rows}
    return stale, renamed, [(first, second) for first, second, _, _ in rows]


def _link_tokens(cursor: Cursor, links: _Links, ids: Sequence[str]) -> None:
    cursor.execute(_SHARED, {"ids": list(ids), "fanout": settings.TOKEN_FANOUT})
    kinds = _kinds_of_keys()
    shared: dict[tuple[_Holder, _Holder], dict[str, int]] = {}
    needed: dict[tuple[_Holder, _Holder], int] = {}
    mixed: list[Pair] = []
    for one, subject, is_own, other, its_subject, other_own, key, count, enough in cursor:
        pair = _Holder(one, subject), _Holder(other, its_subject)
        by_kind = shared.setdefault(pair, {})
        kind = kinds.get(bytes(key), "token")
        by_kind[kind] = max(count, by_kind.get(kind, 0))
        needed[pair] = enough
        if is_own != other_own:
            mixed.append((other, one) if is_own else (one, other))
    refuted = _refuted(cursor, mixed)
    for (one, other), by_kind in shared.items():
        if sum(by_kind.values()) >= needed[one, other] and not refuted & {
            (one.id, other.id),
            (other.id, one.id),
        }:
            for kind, count in by_kind.items():
                links.add(one, other, kind, count)


def _kinds_of_keys() -> dict[bytes, str]:
    """What a token is of, by the five bytes that name its key."""
    rows = [
        *TokenKey.objects.values_list("public_key", "kind"),
        *PinnedTokenKey.objects.values_list("public_key", "kind"),
    ]
    return {hashlib.sha256(bytes(key)).digest()[:5]: kind for key, kind in rows}


def _refuted(cursor: Cursor, pairs: Iterable[Pair]) -> set[Pair]:
    """Of pairs of others' and own indicators those that a person here found to be unrelated."""
    theirs, own = _columns(sorted(set(pairs)), 2)
    return set(cursor.execute(_REFUTED, (theirs, own)).fetchall())


def _link_matches(
    cursor: Cursor, links: _Links, asked: dict[str, list[int] | list[str]], names: dict[int, str]
) -> None:
    for stix_id, subject, cluster, kinds, semantics in cursor.execute(_MATCHED, asked).fetchall():
        one, other = _Holder(stix_id, subject), _Holder(f"cluster/{cluster}", names[cluster])
        shared: dict[str, int] = msgspec.json.decode(kinds)
        for kind, count in (shared or {semantics: 1}).items():
            links.add(one, other, kind, count)


def _write(cursor: Cursor, links: _Links) -> set[Pair]:
    rows = [
        (one.id, other.id, one.subject, other.subject, msgspec.json.encode(kinds).decode())
        for (one, other), kinds in links.kinds.items()
    ]
    cursor.execute(_LINK, tuple(_columns(rows, 5)))
    return {(first, second) for _, _, first, second, _ in rows}


def _column(rows: Iterable[tuple[str]]) -> list[str]:
    return [value for (value,) in rows]


def _columns(rows: Sequence[tuple[str, ...]], count: int) -> list[list[str]]:
    """Rows as arrays, for unnest."""
    return [[row[number] for row in rows] for number in range(count)]
