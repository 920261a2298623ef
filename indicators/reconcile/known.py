"""What is known of indicators: the newest version of each that can be matched.

A version counts if it is later than the known one, whichever collection brings it, so that what
comes twice, late or out of order changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from indicators.reconcile.echoes import echoes
from indicators.reconcile.reading import Batch, Received
from indicators.reconcile.stated import Stated, state, tokens_stated
from indicators.store.sql import Cursor

_ECHO_LENGTH = 300

_OWN = "SELECT id, identity_id FROM indicators_member WHERE is_self"
# Primary keys, as all look-ups by stix_id here.
_UPSERT = """
INSERT INTO indicators_knownindicator AS known
    (stix_id, version, origin_id, is_own, is_live, semantics, min_matches, token_count, pattern,
     confidence, is_first_party, echo_of, lifetime_days, decay_speed, revoke_score, modified,
     valid_until, ends_at, tlp, subject, inbox)
SELECT stix_id, version, origin, is_own, is_live, semantics, min_matches, token_count, pattern,
       confidence, is_first_party, echo_of, lifetime_days, decay_speed, revoke_score, modified,
       valid_until, ends_at, tlp, stix_id, CASE WHEN NOT is_own THEN %(inbox)s::uuid END
FROM unnest(
    %(stix_id)b::text[], %(version)b::timestamptz[], %(origin)b::uuid[], %(is_own)b::bool[],
    %(is_live)b::bool[], %(semantics)b::text[], %(min_matches)b::int4[], %(token_count)b::int4[],
    %(pattern)b::text[], %(confidence)b::int2[], %(is_first_party)b::bool[], %(echo_of)b::text[],
    %(lifetime_days)b::float8[], %(decay_speed)b::float8[], %(revoke_score)b::int2[],
    %(modified)b::timestamptz[], %(valid_until)b::timestamptz[], %(ends_at)b::timestamptz[],
    %(tlp)b::int2[]
) AS n(stix_id, version, origin, is_own, is_live, semantics, min_matches, token_count, pattern,
       confidence, is_first_party, echo_of, lifetime_days, decay_speed, revoke_score, modified,
       valid_until, ends_at, tlp)
ON CONFLICT (stix_id) DO UPDATE SET
    version = excluded.version, is_live = excluded.is_live, semantics = excluded.semantics,
    min_matches = excluded.min_matches, token_count = excluded.token_count,
    pattern = excluded.pattern, confidence = excluded.confidence,
    is_first_party = excluded.is_first_party, echo_of = excluded.echo_of,
    lifetime_days = excluded.lifetime_days, decay_speed = excluded.decay_speed,
    revoke_score = excluded.revoke_score,
    modified = excluded.modified, valid_until = excluded.valid_until, ends_at = excluded.ends_at,
    tlp = excluded.tlp
WHERE known.version < excluded.version
RETURNING known.stix_id
"""
# An inbox says where answers go; a collection that the object was relayed to may come first.
_PREFER_INBOX = """
UPDATE indicators_knownindicator known SET inbox = here.id
FROM indicators_collection here, indicators_collection there
WHERE here.id = %(inbox)s AND here.is_inbox AND there.id = known.inbox AND NOT there.is_inbox
  AND known.stix_id = ANY(%(stix_id)b::text[])
"""
# An indicator that can't be matched any more, as its newest version says something else.
_UNMATCHABLE = """
UPDATE indicators_knownindicator known
SET is_live = false, version = n.version, modified = n.version, token_count = 0, pattern = ''
FROM unnest(%b::text[], %b::timestamptz[]) AS n(stix_id, version)
WHERE known.stix_id = n.stix_id AND known.version < n.version
RETURNING known.stix_id
"""
_INDICATE = """
INSERT INTO indicators_indication AS known
    (stix_id, version, origin_id, indicator, subject, is_revoked)
SELECT * FROM unnest(%b::text[], %b::timestamptz[], %b::uuid[], %b::text[], %b::text[], %b::bool[])
ON CONFLICT (stix_id) DO UPDATE SET
    version = excluded.version, indicator = excluded.indicator, subject = excluded.subject,
    is_revoked = excluded.is_revoked
WHERE known.version < excluded.version
RETURNING known.indicator
"""
# indications_of_indicator. The first word of the indicator's own origin holds, and not on what
# another organization wrote: nobody joins somebody else's network by saying so.
_SUBJECTS = """
UPDATE indicators_knownindicator known
SET subject = coalesce(said.subject, known.stix_id)
FROM unnest(%b::text[]) AS asked(id)
LEFT JOIN LATERAL (
    SELECT origin_id FROM indicators_knownindicator WHERE stix_id = asked.id
) k ON true
LEFT JOIN LATERAL (
    SELECT subject FROM indicators_indication i
    WHERE i.indicator = asked.id AND i.origin_id = k.origin_id AND NOT i.is_revoked
      AND NOT EXISTS (
          SELECT FROM indicators_objectid WHERE id = i.subject AND owner_id <> k.origin_id
      )
    ORDER BY i.stix_id LIMIT 1
) said ON true
WHERE known.stix_id = asked.id AND known.subject <> coalesce(said.subject, known.stix_id)
RETURNING known.stix_id
"""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a batch changed. `tokens`: of others' live indicators, by id; `behaves`: any of those
    over traffic; `gone`: indicators that match nothing any more.
    """

    changed: Sequence[str]
    tokens: Mapping[str, Sequence[bytes]]
    behaves: bool
    gone: Sequence[str]


def learn(cursor: Cursor, batch: Batch, now: datetime) -> Learned:
    """Keep what a batch says of indicators and of what they indicate, in a few statements."""
    own = cursor.execute(_OWN).fetchone() or (None, None)
    rows: dict[str, Stated] = {}
    tokens: dict[str, list[bytes]] = {}
    others: list[Received] = []
    for each in batch.of("indicator"):
        found = tokens_stated(each)
        row = state(each, len(found), now, is_own=_is_own(each, *own))
        if row is None:
            others.append(each)
        else:
            rows[each.stix_id], tokens[each.stix_id] = row, found
    written = _write(cursor, batch.collection, _with_echoes(cursor, rows.values()))
    unmatchable = _end(cursor, others)
    indicated = _indicate(cursor, batch.of("relationship"))
    moved = _settle_subjects(cursor, written | indicated)
    live = [rows[name] for name in written if rows[name].is_live]
    return Learned(
        sorted(written | moved | unmatchable),
        {row.stix_id: tokens[row.stix_id] for row in live if not row.is_own and not row.pattern},
        any(row.pattern and not row.is_own for row in live),
        sorted({name for name in written if not rows[name].is_live} | unmatchable),
    )


def _is_own(each: Received, own: UUID | None, identity: str | None) -> bool:
    """Whether this node says it of what it saw itself, and not of what it read elsewhere."""
    return each.origin == own and each.content.get("created_by_ref", identity) == identity


def _with_echoes(cursor: Cursor, rows: Iterable[Stated]) -> list[Stated]:
    """The rows, in the order of the log, with whose word they only repeat."""
    listed = list(rows)
    known_before = echoes(cursor, [row.stix_id for row in listed if not row.is_own])
    return [
        row._replace(echo_of=",".join(map(str, known_before.get(row.stix_id, ())))[:_ECHO_LENGTH])
        for row in listed
    ]


def _write(cursor: Cursor, inbox: UUID, rows: Iterable[Stated]) -> set[str]:
    ordered = sorted(rows)
    if not ordered:
        return set()
    columns = zip(Stated._fields, zip(*ordered, strict=True), strict=True)
    asked: dict[str, Any] = {name: list(column) for name, column in columns}
    cursor.execute(_UPSERT, {**asked, "inbox": inbox})
    written = {stix_id for (stix_id,) in cursor.fetchall()}
    cursor.execute(_PREFER_INBOX, {"inbox": inbox, "stix_id": asked["stix_id"]})
    return written


def _end(cursor: Cursor, others: Collection[Received]) -> set[str]:
    if not others:
        return set()
    asked = ([each.stix_id for each in others], [each.version for each in others])
    return {stix_id for (stix_id,) in cursor.execute(_UNMATCHABLE, asked).fetchall()}


def _indicate(cursor: Cursor, relationships: Iterable[Received]) -> set[str]:
    """Keep what relationships say that indicators indicate; those indicators."""
    said = [
        (
            each.stix_id,
            each.version,
            each.origin,
            each.content["source_ref"],
            each.content["target_ref"],
            each.is_revoked,
        )
        for each in relationships
        if each.content.get("relationship_type") == "indicates"
    ]
    if not said:
        return set()
    cursor.execute(_INDICATE, [list(column) for column in zip(*sorted(said), strict=True)])
    return {indicator for (indicator,) in cursor.fetchall()}


def _settle_subjects(cursor: Cursor, indicators: Collection[str]) -> set[str]:
    if not indicators:
        return set()
    cursor.execute(_SUBJECTS, (sorted(indicators),))
    return {stix_id for (stix_id,) in cursor.fetchall()}
