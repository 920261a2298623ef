"""What is known of indicators: the newest version of each that can be matched.

A version counts if it is later than the known one, whichever collection brings it, so that what
comes twice, late or out of order changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog

from indicators.detections.drafts.objects import EXTENSIONS
from indicators.models import Semantics
from indicators.reconcile.echoes import echoes
from indicators.reconcile.reading import Batch, Received
from indicators.stix.comparison import NotComparable, read_comparison
from indicators.stix.tokens import tokens_in
from indicators.store.sql import Cursor

log = structlog.get_logger("retort.reconcile")

#: STIX says nothing of an indicator without a confidence: neither sure nor unsure.
UNSAID_CONFIDENCE = 50
#: What behaviour indicators speak of.
TRAFFIC = "ai-traffic-aggregate"
_ECHO_LENGTH = 300
_TOKEN_INDICATOR = EXTENSIONS["token-indicator"]

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


class _Row(NamedTuple):
    """What a version says, column by column."""

    stix_id: str
    version: datetime
    origin: UUID
    is_own: bool
    is_live: bool
    semantics: str
    min_matches: int
    token_count: int
    pattern: str
    confidence: int | None
    is_first_party: bool
    echo_of: str
    lifetime_days: float | None
    decay_speed: float
    revoke_score: int
    modified: datetime
    valid_until: datetime | None
    ends_at: datetime | None
    tlp: int | None


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
    rows: dict[str, _Row] = {}
    tokens: dict[str, list[bytes]] = {}
    others: list[Received] = []
    for each in batch.of("indicator"):
        found = _tokens(each.content)
        row = _described(each, len(found), now, is_own=_is_own(each, *own))
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


def end_of(
    confidence: int | None,
    decay: tuple[float | None, float, int],
    since: datetime,
    valid_until: datetime | None,
) -> datetime | None:
    """When an indicator is no lead any more, None for never.

    decay: lifetime in days, speed, the score (0 to 100) below which it counts as revoked. What is
    left of the confidence after a time t is `1 - (t / lifetime)^(1 / speed)` of it.
    """
    lifetime, speed, revoke_score = decay
    if lifetime is None:
        return valid_until
    stated = UNSAID_CONFIDENCE if confidence is None else confidence
    left = revoke_score / stated if stated > revoke_score else float(revoke_score > 0)
    try:
        ends = since + timedelta(days=lifetime * (1 - left) ** speed)
    except OverflowError:  # beyond what a calendar has
        return valid_until
    return ends if valid_until is None else min(ends, valid_until)


def _tokens(content: Mapping[str, Any]) -> list[bytes]:
    pattern = content.get("pattern")
    if content.get("pattern_type") != "stix" or not isinstance(pattern, str):
        return []
    return tokens_in(pattern) if "identifier-token" in pattern else []


def _is_own(each: Received, own: UUID | None, identity: str | None) -> bool:
    """Whether this node says it of what it saw itself, and not of what it read elsewhere."""
    return each.origin == own and each.content.get("created_by_ref", identity) == identity


def _described(each: Received, token_count: int, now: datetime, *, is_own: bool) -> _Row | None:
    """The row of an indicator; None if there is nothing in it that could be matched."""
    content = each.content
    told: Mapping[str, Any] = content.get("extensions", {}).get(_TOKEN_INDICATOR, {})
    semantics = told.get("match_semantics", Semantics.EXACT.value)
    pattern = _behaviour(each) if semantics == Semantics.BEHAVIOUR else ""
    if not (pattern or (token_count and semantics != Semantics.BEHAVIOUR)):
        return None
    decay = told.get("decay", {})
    fading = (decay.get("lifetime_days"), decay.get("speed", 1), decay.get("revoke_score", 0))
    valid_until = _time(content.get("valid_until"))
    confidence = content.get("confidence")
    ends_at = end_of(confidence, fading, each.version, valid_until)
    is_over = each.is_revoked or (ends_at is not None and ends_at <= now)
    return _Row(
        each.stix_id,
        each.version,
        each.origin,
        is_own,
        not is_over,
        semantics,
        told.get("min_matches", 1) if semantics == Semantics.CANDIDATE else 1,
        token_count if not pattern else 0,
        pattern,
        confidence,
        told.get("basis") == "first-party",
        "",
        *fading,
        each.version,
        valid_until,
        ends_at,
        each.tlp,
    )


def _behaviour(each: Received) -> str:
    """The pattern, if it can be asked of traffic; "" if not, which is said in the log."""
    pattern = str(each.content.get("pattern", ""))
    try:
        if read_comparison(pattern).types() == {TRAFFIC}:
            return pattern
        reason = f"The pattern speaks of other objects than {TRAFFIC}."
    except NotComparable as refusal:
        reason = str(refusal)
    log.warning("an indicator of behaviour can't be matched", id=each.stix_id, reason=reason)
    return ""


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _with_echoes(cursor: Cursor, rows: Iterable[_Row]) -> list[_Row]:
    """The rows, in the order of the log, with whose word they only repeat."""
    listed = list(rows)
    known_before = echoes(cursor, [row.stix_id for row in listed if not row.is_own])
    return [
        row._replace(echo_of=",".join(map(str, known_before.get(row.stix_id, ())))[:_ECHO_LENGTH])
        for row in listed
    ]


def _write(cursor: Cursor, inbox: UUID, rows: Iterable[_Row]) -> set[str]:
    ordered = sorted(rows)
    if not ordered:
        return set()
    columns = zip(_Row._fields, zip(*ordered, strict=True), strict=True)
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
