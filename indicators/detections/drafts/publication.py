"""Approved drafts into their collections: signed in one pass, stored, logged and indexed at once.

Store, log, token index, and what the node remembers of the draft change in one transaction. After a
crash at any point a draft is published with all its objects, or approved as before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.db import transaction

from federation import signing
from federation.keys import thumbprint
from federation.models import NodeKey
from federation.node_keys import hold_current_key
from indicators.detections.drafts.making import unpacked
from indicators.detections.drafts.organization import organization
from indicators.models import Collection, Draft, DraftState, Member
from indicators.stix import StixObject, parse_objects
from indicators.store.admission import Origins, admit
from indicators.store.custody import ensure_own_member
from indicators.store.judgement import Outcome, Verdict
from indicators.store.sql import Cursor, open_cursor
from indicators.telemetry import OBJECTS

log = structlog.get_logger("retort.publication")

#: Objects that are stored and logged together; a draft is never divided between transactions.
BATCH = 2_000

# drafts_under_way. Who comes second finds nothing to do. An answer to others is of no cluster.
_APPROVED = """
SELECT d.id, d.cluster_id, d.collection_id, c.incarnation, d.objects_zstd, d.roles, d.parts
FROM indicators_draft d LEFT JOIN indicators_cluster c ON c.id = d.cluster_id
WHERE d.id = ANY(%s) AND d.state = 'approved' ORDER BY d.id FOR UPDATE OF d SKIP LOCKED
"""
_END = "UPDATE indicators_draft SET state = %s, failure = %s, state_since = %s WHERE id = ANY(%s)"
_PARTS = """
UPDATE indicators_part p SET published_version = n.version
FROM unnest(%s::bigint[], %s::int[]) AS n(id, version)
WHERE p.id = n.id AND p.published_version < n.version
"""
_AUTHORED = """
INSERT INTO indicators_authored (stix_id, cluster_id, incarnation, role)
SELECT * FROM unnest(%s::text[], %s::bigint[], %s::int[], %s::text[]) ON CONFLICT DO NOTHING
"""
# detections_of_draft
_DETECTIONS = """
UPDATE indicators_detection SET stage = 'published', stage_since = %s, reason = ''
WHERE draft_id = ANY(%s) AND stage = 'drafted'
"""


class PublicationRefused(Exception):
    """A draft that can't be published as it is; the message says why."""


@dataclass(frozen=True, slots=True)
class Approved:
    """A draft as its lock holder sees it."""

    id: UUID
    cluster: int | None
    collection: UUID
    incarnation: int | None
    objects: Sequence[bytes]
    roles: Mapping[str, str]
    parts: Sequence[tuple[int, int]]


def publish_drafts(ids: Sequence[UUID]) -> int:
    """Publish those of these drafts that are approved; how many objects joined a feed.

    A draft that the store refuses fails with the reason and holds up no other.
    """
    added = 0
    for some in _portions(ids):
        try:
            added += _publish(some)
        except PublicationRefused as refusal:
            added += _publish_apart(some, refusal)
    return added


def _publish_apart(ids: Sequence[UUID], refusal: PublicationRefused) -> int:
    """Find the one that is refused, by halves: the others must not wait for it."""
    if len(ids) == 1:
        with open_cursor() as cursor:
            cursor.execute(_END, (DraftState.FAILED, str(refusal), datetime.now(UTC), list(ids)))
        log.warning("a draft can't be published", draft=str(ids[0]), reason=str(refusal))
        return 0
    middle = len(ids) // 2
    added = 0
    for half in (ids[:middle], ids[middle:]):
        try:
            added += _publish(half)
        except PublicationRefused as again:
            added += _publish_apart(half, again)
    return added


def _portions(ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    """As many drafts at a time as have some BATCH objects together."""
    counted = Draft.objects.filter(pk__in=ids, state=DraftState.APPROVED).order_by(
        "collection_id", "pk"
    )
    portion: list[UUID] = []
    size = 0
    for number, count in counted.values_list("pk", "object_count"):
        if portion and size + count > BATCH:
            yield portion
            portion, size = [], 0
        portion.append(number)
        size += count
    if portion:
        yield portion


def _publish(ids: Sequence[UUID]) -> int:
    own = ensure_own_member()
    with transaction.atomic(), open_cursor() as cursor:
        key = hold_current_key(NodeKey.Purpose.OBJECT)
        drafts = [_approved(row) for row in cursor.execute(_APPROVED, (list(ids),)).fetchall()]
        added = 0
        for collection in sorted({draft.collection for draft in drafts}):
            here = [draft for draft in drafts if draft.collection == collection]
            bodies = [body for draft in here for body in draft.objects]
            signed = [organization(cursor, own, key), *signing.sign_all(bodies, key)]
            kid = thumbprint(key.public_key)
            added += _admit(Collection.objects.get(pk=collection), own, signed, kid)
        _remember(cursor, drafts)
    OBJECTS.labels("published").inc(added)
    log.info("published", drafts=len(drafts), objects=added)
    return added


def _approved(row: tuple[Any, ...]) -> Approved:
    number, cluster, collection, incarnation, objects, roles, parts = row
    if collection is None:
        raise PublicationRefused("It has no collection; name one for its detector, or for answers.")
    # Django has its connections read JSON as text.
    shown = unpacked(objects)
    return Approved(
        number, cluster, collection, incarnation, shown, orjson.loads(roles), orjson.loads(parts)
    )


def _admit(collection: Collection, own: Member, signed: Sequence[bytes], kid: str) -> int:
    """Store, log and index; raises PublicationRefused if any object isn't taken."""
    added = 0
    for start in range(0, len(signed), BATCH):
        objects = _parsed(signed[start : start + BATCH])
        signed_by = Origins(signed_by={obj.index: kid for obj in objects})
        outcomes = admit(collection, own, objects, origins=signed_by)
        _refuse_unless_taken(outcomes)
        added += sum(outcome.verdict is Verdict.ADDED for outcome in outcomes)
    return added


def _parsed(bodies: Sequence[bytes]) -> list[StixObject]:
    """Through the parser that everybody's objects pass: a draft's are no exception."""
    source = b'{"objects":[' + b",".join(bodies) + b"]}"
    parsed = parse_objects(source, max_bytes=len(source))
    if parsed.problems:
        first = parsed.problems[0]
        raise PublicationRefused(f"{first.id}{first.pointer}: {first.message}")
    return parsed.objects


def _refuse_unless_taken(outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.verdict not in (Verdict.ADDED, Verdict.DUPLICATE):
            raise PublicationRefused(f"{outcome.id}: {outcome.reason}")


def _remember(cursor: Cursor, drafts: Sequence[Approved]) -> None:
    now = datetime.now(UTC)
    ids = [draft.id for draft in drafts]
    cursor.execute(_END, (DraftState.PUBLISHED, "", now, ids))
    parts = [part for draft in drafts for part in draft.parts]
    cursor.execute(_PARTS, ([row for row, _ in parts], [version for _, version in parts]))
    authored = [
        (stix_id, draft.cluster, draft.incarnation, role)
        for draft in drafts
        if draft.cluster is not None
        for stix_id, role in draft.roles.items()
    ]
    if authored:
        cursor.execute(_AUTHORED, [list(column) for column in zip(*authored, strict=True)])
    cursor.execute(_DETECTIONS, (now, ids))
