"""Drafts of what is due: a cluster's changes as the objects that would be published, exactly.

A cluster has one live draft. A newer one takes its place and shows everything that the feed does
not, so that nothing has to be merged, and drafting twice changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import orjson
import zstandard
from django.conf import settings
from django.db import transaction
from psycopg.types.json import Jsonb

from federation.canonical import canonical
from indicators.detections import due as clusters
from indicators.detections import gate, policy, seating
from indicators.detections.described import describe, unread, without_description
from indicators.detections.drafting import (
    ClusterState,
    Content,
    DraftRefused,
    Terms,
    draft,
    wanted_ids,
)
from indicators.detections.due import Due, Personal
from indicators.detections.facts import ClusterFacts
from indicators.detections.held import authored_ids, held_contents, observed_ids
from indicators.detections.preview import Preview
from indicators.detections.sealing import open_sealer
from indicators.detections.seating import ChangedPart
from indicators.models import DraftState, Stage
from indicators.stix import Tlp
from indicators.store.custody import ensure_own_member
from indicators.store.sql import Cursor, open_cursor

# A publisher that is at work on one of these ends first: then it is no longer live.
_LIVE = """
SELECT id FROM indicators_draft
WHERE cluster_id = ANY(%s) AND state IN ('review', 'approved', 'failed')
ORDER BY cluster_id FOR UPDATE
"""
# drafts_of_cluster: what was published once is changed where it was published.
_HOME = """
SELECT DISTINCT ON (cluster_id) cluster_id, collection_id FROM indicators_draft
WHERE cluster_id = ANY(%s) AND state = 'published' ORDER BY cluster_id, created_at DESC
"""
_DESCRIPTIONS = """
SELECT id, description, described_by_id FROM indicators_cluster
WHERE id = ANY(%s) AND description <> ''
"""
_END_LIVE = """
UPDATE indicators_draft SET state = 'superseded', state_since = %(now)s WHERE id = ANY(%(live)s)
"""
_DRAFT_TYPES = [
    "uuid", "int8", "uuid", "text", "timestamptz", "bytea", "int4", "jsonb", "jsonb", "jsonb",
    "jsonb", "int4", "text", "timestamptz",
]  # fmt: skip
_COPY_DRAFTS = """
COPY indicators_draft (id, cluster_id, collection_id, state, created_at, objects_zstd, object_count,
                       parts, roles, preview, review_reasons, author_id, failure, state_since)
FROM STDIN (FORMAT BINARY)
"""
# Every detection whose change a draft shows is in it: the new ones, and those of the draft that it
# takes the place of. Without objects there is nothing to publish: the feed shows them already.
_MOVE = """
UPDATE indicators_detection d
SET draft_id = n.draft, stage = n.stage, stage_since = %(now)s, reason = '', failed_stage = ''
FROM unnest(%(clusters)s::bigint[], %(drafts)s::uuid[], %(stages)s::text[])
     AS n(cluster, draft, stage)
WHERE d.cluster_id = n.cluster
  AND (d.stage = 'tokenized' OR (d.stage = 'drafted' AND d.draft_id = ANY(%(live)s)))
"""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds for every draft of a batch."""

    identity_id: str
    id_key: bytes
    now: datetime


@dataclass(slots=True)
class Made:
    """A draft that was made; `author` is the person whose words are in it."""

    cluster: Due
    objects: Sequence[tuple[str, Content]]
    preview: Preview
    parts: Sequence[ChangedPart]
    collection: UUID | None
    author: int | None = None
    reasons: Sequence[str] = ()
    failure: str = ""

    @property
    def state(self) -> DraftState:
        if self.failure:
            return DraftState.FAILED
        return DraftState.REVIEW if self.reasons else DraftState.APPROVED


def draft_clusters(numbers: Sequence[int]) -> list[UUID]:
    """Draft what is due of these clusters; the ids of the drafts that may be published at once."""
    identity = ensure_own_member().identity_id
    with transaction.atomic(), open_cursor() as cursor:
        sealer = open_sealer()
        found = clusters.lock_due(cursor, numbers, sealer)
        if not found:
            return []
        ids = [each.id for each in found]
        live = [row[0] for row in cursor.execute(_LIVE, (ids,)).fetchall()]
        conditions = Conditions(identity, sealer.digest("object ids", b""), _now())
        changed = _deal(cursor, found)
        personal = clusters.personal(cursor, found, sealer)
        made = _draft_all(cursor, found, changed, personal, conditions)
        approved = _write(cursor, made, live, conditions.now)
        clusters.save(cursor, found, sealer)
    return approved


def _deal(cursor: Cursor, found: Sequence[Due]) -> Mapping[int, list[ChangedPart]]:
    """Seats for what is new, none for what is gone; the parts that changed by it."""
    afresh = [each.id for each in found if each.is_afresh]
    closed = [each.id for each in found if not each.is_open]
    seating.vacate(cursor, [*afresh, *closed])
    # The incarnation is part of a part's name, so the row has to say it before parts are made.
    cursor.execute(
        "UPDATE indicators_cluster SET incarnation = incarnation + 1 WHERE id = ANY(%s)", (afresh,)
    )
    seating.unseat(cursor, [each.id for each in found if each.loses and each.is_open])
    seating.seat(cursor, [each.id for each in found if each.is_open], afresh)
    return seating.changed_parts(cursor, [each.id for each in found if each.is_open])


def _draft_all(
    cursor: Cursor,
    found: Sequence[Due],
    changed: Mapping[int, list[ChangedPart]],
    personal: Mapping[int, Personal],
    conditions: Conditions,
) -> list[Made]:
    states = {each.id: _state(each, changed.get(each.id, ())) for each in found}
    terms = {each.id: _terms(each, conditions) for each in found}
    wanted = {
        each.id: wanted_ids(states[each.id], terms[each.id]) for each in found if each.is_open
    } | authored_ids(cursor, [each for each in found if not each.is_open])
    for number, windows in observed_ids(
        cursor, [e for e in found if e.loses and e.is_open]
    ).items():
        wanted[number] |= windows
    held = held_contents(cursor, set().union(*wanted.values()))
    ids = [each.id for each in found]
    homes: dict[int, UUID] = dict(cursor.execute(_HOME, (ids,)).fetchall())
    written = {row[0]: row[1:] for row in cursor.execute(_DESCRIPTIONS, (ids,)).fetchall()}
    made = []
    for each in found:
        known = {name: held[name] for name in wanted[each.id] if name in held}
        text, author = written.get(each.id, ("", None))
        one = _draft_one(each, states[each.id], terms[each.id], known, text)
        one.parts = changed.get(each.id, ())
        one.collection = homes.get(each.id, each.source.collection)
        _decide(one, terms[each.id].tlp, personal[each.id], author, known)
        made.append(one)
    return made


def _draft_one(
    cluster: Due, state: ClusterState, terms: Terms, held: Mapping[str, Content], text: str
) -> Made:
    try:
        drafted = draft(state, terms, without_description(held))
        drafted = describe(drafted, held, text if state.is_open else "", terms.now)
    except DraftRefused as refusal:
        return Made(cluster, (), Preview((), {}, ()), (), None, failure=str(refusal))
    return Made(cluster, drafted.objects, drafted.preview, (), None)


def _decide(
    made: Made, tlp: Tlp, personal: Personal, author: int | None, held: Mapping[str, Content]
) -> None:
    """What the gate refuses fails, with the place; what conditions ask for waits for a person."""
    contents = [content for _, content in made.objects]
    refused = gate.check(contents, personal.raw, personal.names)
    if refused and not made.failure:
        made.failure = gate.sentence(refused)
    if contents and all(content.get("revoked") for content in contents):
        return  # taking something back needs nobody's leave
    news = unread(contents, held)
    made.reasons = policy.review_reasons(news, made.cluster.source.policy, tlp)
    wish = (made.cluster.facts or ClusterFacts()).collection
    if made.collection is None:
        made.reasons = [*made.reasons, "no collection: its detector names none"]
    elif wish is not None:
        made.reasons = [*made.reasons, f"its detector asked for the collection {wish!r}"]
    if any("description" in content for content in news):
        made.author = author


def _state(cluster: Due, changed: Sequence[ChangedPart]) -> ClusterState:
    return ClusterState(
        token=cluster.token,
        incarnation=cluster.incarnation,
        is_open=cluster.is_open,
        facts=cluster.facts or ClusterFacts(),
        account_count=cluster.account_count,
        parts=tuple(each.part for each in changed),
    )


def _terms(cluster: Due, conditions: Conditions) -> Terms:
    wish = (cluster.facts or ClusterFacts()).tlp
    strictest = max([cluster.source.tlp, *([Tlp(wish)] if wish else [])], key=lambda tlp: tlp.rank)
    return Terms(
        identity_id=conditions.identity_id,
        tlp=strictest,
        id_key=conditions.id_key,
        now=conditions.now,
        min_accounts=settings.MINIMUM_ACCOUNTS,
        lifetime_days=settings.INDICATOR_DAYS,
        detector_name=cluster.source.name,
        detector_version=cluster.source.version,
    )


def _write(cursor: Cursor, made: Sequence[Made], live: Sequence[UUID], now: datetime) -> list[UUID]:
    """The drafts, and where each detection is now; the ids of the approved ones."""
    cursor.execute(_END_LIVE, {"live": list(live), "now": now})
    named = [(uuid4() if each.objects or each.failure else None, each) for each in made]
    with cursor.copy(_COPY_DRAFTS) as copy:
        copy.set_types(_DRAFT_TYPES)
        for number, each in named:
            if number is not None:
                copy.write_row(_row(number, each, now))
    asked = {
        "clusters": [each.cluster.id for _, each in named],
        "drafts": [number for number, _ in named],
        "stages": [Stage.PUBLISHED if number is None else Stage.DRAFTED for number, _ in named],
        "live": list(live),
        "now": now,
    }
    cursor.execute(_MOVE, asked)
    return [number for number, each in named if number and each.state == DraftState.APPROVED]


def _row(number: UUID, made: Made, now: datetime) -> tuple[object, ...]:
    body = b"\n".join([canonical(content) for _, content in made.objects])
    return (
        number,
        made.cluster.id,
        made.collection,
        made.state.value,
        now,
        zstandard.compress(body, 1),
        len(made.objects),
        Jsonb([[each.row, each.version] for each in made.parts]),
        Jsonb({content["id"]: role for role, content in made.objects}),
        Jsonb(msgspec.to_builtins(made.preview)),
        Jsonb(list(made.reasons)),
        made.author,
        made.failure,
        now,
    )


def unpacked(objects_zstd: bytes) -> list[bytes]:
    """A draft's objects: canonical JSON has no line ends within."""
    body = zstandard.decompress(bytes(objects_zstd))
    return body.split(b"\n") if body else []


def readable(objects_zstd: bytes) -> list[Content]:
    return [orjson.loads(body) for body in unpacked(objects_zstd)]


def _now() -> datetime:
    """In the milliseconds that STIX timestamps are written in."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
