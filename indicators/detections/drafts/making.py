"""Drafts of what is due: a cluster's changes as the objects that would be published, exactly.

A cluster has one live draft. A newer one takes its place and shows everything that the feed does
not, so that nothing has to be merged, and drafting twice changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import orjson
import zstandard
from django.db import transaction
from psycopg.types.json import Jsonb

from federation.canonical import canonical
from indicators.detections.drafts import due as clusters
from indicators.detections.drafts import gate, policy, seating
from indicators.detections.drafts.cases import Case, Conditions, read_cases
from indicators.detections.drafts.described import describe, unread, without_description
from indicators.detections.drafts.drafting import (
    Content,
    Drafted,
    DraftRefused,
    draft,
)
from indicators.detections.drafts.due import Due, Personal
from indicators.detections.drafts.preview import Preview, Refused
from indicators.detections.drafts.seating import ChangedPart
from indicators.detections.identifiers.sealing import open_sealer
from indicators.detections.submissions.pieces import submitted
from indicators.models import DraftState, Stage, SubmissionState
from indicators.stix import parse_objects
from indicators.store.custody import ensure_own_member
from indicators.store.sql import Cursor, open_cursor

# A publisher that is at work on one of these ends first: then it is no longer live.
_LIVE = """
SELECT id FROM indicators_draft
WHERE cluster_id = ANY(%s) AND state IN ('prepared', 'review', 'returned', 'approved', 'failed')
ORDER BY cluster_id FOR UPDATE
"""
# Nobody decided them, nobody can any more, and their objects are megabytes.
_END_LIVE = """
UPDATE indicators_draft SET state = 'superseded', state_since = %(now)s, objects_zstd = ''
WHERE id = ANY(%(live)s)
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

# Prepared is what a worker has nothing left to do for; what was sent in the meantime stays sent.
_PREPARED = """
UPDATE indicators_submission s SET state = 'prepared', state_since = %(now)s
WHERE s.cluster_id = ANY(%(clusters)s) AND s.state = 'checking' AND s.due_since IS NULL
  AND NOT EXISTS (
    SELECT FROM indicators_detection d WHERE d.cluster_id = s.cluster_id AND d.stage = 'received'
  )
"""

_OF_TOKENS = ("part/", "indicates/part/")
_NOTHING = Preview((), {}, ())
_SUBMITTED = "a person's submission: another person reads it"


#: States of a submission whose draft is for more eyes than its author's.
_SENT = (SubmissionState.SENT, SubmissionState.ABANDONED)


@dataclass(slots=True)
class Made:
    """A draft that was made; `author` is the person whose words are in it, unread by others."""

    case: Case
    objects: Sequence[tuple[str, Content]] = ()
    preview: Preview = _NOTHING
    author: int | None = None
    reasons: Sequence[str] = ()
    failure: str = ""

    @property
    def state(self) -> DraftState:
        submitted = self.case.submitted
        if submitted is not None and submitted.state not in _SENT:
            return DraftState.PREPARED  # also what fails: it is for its author's eyes
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
        said = submitted(cursor, ids, sealer)
        cases = read_cases(cursor, found, _deal(cursor, found), said, conditions)
        described = [case.cluster.id for case in cases if case.text or case.submitted]
        own_names = {each.id: each.own_names for each in found}
        personal = clusters.personal(cursor, own_names, described, sealer)
        made = [_draft(case, personal[case.cluster.id]) for case in cases]
        approved = _write(cursor, made, live, conditions.now)
        clusters.save(cursor, found, sealer)
        cursor.execute(_PREPARED, {"clusters": list(said), "now": conditions.now})
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


def _draft(case: Case, personal: Personal) -> Made:
    """What the gate refuses fails, with the place; what conditions ask for waits for a person."""
    try:
        drafted = _drafted(case)
    except DraftRefused as refusal:
        return Made(case, failure=str(refusal))
    made = Made(case, drafted.objects, drafted.preview)
    if case.submitted:
        made.author = case.author
    contents = [content for _, content in drafted.objects]
    if all(content.get("revoked") for content in contents):
        return made  # taking something back needs nobody's leave
    refused = gate.check(contents, personal.raw, personal.names)
    if refused := [*refused, *gate.unclaimed(contents)]:
        return _refused(made, refused)
    made.failure = _unsound(made)
    news = unread(contents, case.held)
    made.reasons = [*_reasons(case, news)]
    if not case.submitted:
        made.author = case.author if any("description" in content for content in news) else None
    return made


def _drafted(case: Case) -> Drafted:
    """What a person submitted is drafted with its words; what a detector found gets them after."""
    if case.submitted:
        return draft(case.state, case.terms, case.held)
    drafted = draft(case.state, case.terms, without_description(case.held))
    text = case.text if case.state.is_open else ""
    return describe(drafted, case.held, text, case.terms.now)


def _unsound(made: Made) -> str:
    """What the feed would not take of a person's words: said to them, not to who publishes."""
    if not made.case.submitted:
        return ""
    told = [canonical(each) for role, each in made.objects if not role.startswith(_OF_TOKENS)]
    source = b'{"objects":[' + b",".join(told) + b"]}"
    problems = parse_objects(source, max_bytes=len(source)).problems
    return f"{problems[0].pointer}: {problems[0].message}" if problems else ""


def _refused(made: Made, refused: Sequence[gate.GateFinding]) -> Made:
    """The places and reasons; what a person typed must not lie in a draft if it must not leave."""
    made.failure = gate.sentence(refused)
    if made.case.submitted:
        types = {content["id"]: content["type"] for _, content in made.objects}
        made.preview = Preview(
            made.preview.goes,
            made.preview.tokenized,
            made.preview.withheld,
            tuple(Refused(types.get(e.object_id, ""), e.pointer, e.what) for e in refused),
        )
        made.objects = ()
    return made


def _reasons(case: Case, news: Sequence[Content]) -> Iterator[str]:
    """Why a person has to look at it; nothing if policy alone publishes it."""
    source = case.cluster.source
    yield from policy.review_reasons(news, source.policy, case.terms.tlp)
    if case.submitted:
        yield _SUBMITTED
        return
    wish = case.state.facts.collection
    if case.home is None:
        yield "no collection: its detector names none"
    if wish is not None and wish not in (str(source.collection), source.alias):
        yield "its detector asked for another collection than its own"


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
        "clusters": [each.case.cluster.id for _, each in named],
        "drafts": [number for number, _ in named],
        "stages": [_stage(each, has_draft=number is not None) for number, each in named],
        "live": list(live),
        "now": now,
    }
    cursor.execute(_MOVE, asked)
    return [number for number, each in named if number and each.state == DraftState.APPROVED]


def _stage(made: Made, *, has_draft: bool) -> Stage:
    """Without a draft the feed shows all there is to show; or nothing, if it never did."""
    if has_draft:
        return Stage.DRAFTED
    ever = made.case.cluster.is_open or made.case.held
    return Stage.PUBLISHED if ever else Stage.WITHHELD


def _row(number: UUID, made: Made, now: datetime) -> tuple[object, ...]:
    body = b"\n".join([canonical(content) for _, content in made.objects])
    return (
        number,
        made.case.cluster.id,
        made.case.home,
        made.state.value,
        now,
        zstandard.compress(body, 1),
        len(made.objects),
        Jsonb([[each.row, each.version] for each in made.case.changed]),
        Jsonb({content["id"]: role for role, content in made.objects}),
        Jsonb(msgspec.to_builtins(made.preview)),
        Jsonb(list(made.reasons)),
        made.author,
        made.failure,
        now,
    )


def unpacked(objects_zstd: bytes) -> list[bytes]:
    """A draft's objects: canonical JSON has no line ends within."""
    body = zstandard.decompress(bytes(objects_zstd)) if objects_zstd else b""
    return body.split(b"\n") if body else []


def readable(objects_zstd: bytes) -> list[Content]:
    return [orjson.loads(body) for body in unpacked(objects_zstd)]


def _now() -> datetime:
    """In the milliseconds that STIX timestamps are written in."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
