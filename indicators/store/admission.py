"""Objects into a collection: judged, stored, logged and indexed in one transaction, or not at all.

The log's head row is locked first and released by the commit, so log order = commit order =
`date_added` order: a poller can never miss a late commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from federation.transparency import log
from indicators.models import Audience, Collection, Contradiction, KeptPage, Member
from indicators.stix import StixObject
from indicators.store import facts, pages, token_index
from indicators.store.judgement import (
    Addition,
    Dispute,
    Judgement,
    Known,
    Outcome,
    Standing,
    Verdict,
    judge,
    standing,
)
from indicators.store.sql import Cursor, open_cursor

_VERSION_TYPES = [
    "int8", "text", "text", "timestamptz", "text", "int2", "bool", "bytea", "bytea", "uuid",
    "text", "timestamptz",
]  # fmt: skip
_COPY_VERSIONS = """
COPY indicators_objectversion (id, stix_id, type, version, created_by_ref, tlp, revoked, sha256,
                               body, contributor_id, signed_by, received_at)
FROM STDIN (FORMAT BINARY)
"""
_ENTRY_TYPES = [
    "uuid", "int8", "timestamptz", "int8", "text", "text", "timestamptz", "bool", "bool",
]  # fmt: skip
_COPY_ENTRIES = """
COPY indicators_entry (collection_id, seq, date_added, object_version_id, stix_id, type, version,
                       is_first, is_latest)
FROM STDIN (FORMAT BINARY)
"""
_ROW_NUMBERS = """
SELECT nextval(pg_get_serial_sequence('indicators_objectversion', 'id'))
FROM generate_series(1, %s)
"""
# A content that came without a verified signature first, and now with one.
_LEARN_SIGNERS = """
UPDATE indicators_objectversion v SET signed_by = n.kid
FROM unnest(%s::bigint[], %s::text[]) AS n(id, kid) WHERE v.id = n.id AND v.signed_by IS NULL
"""
_PARTITION = """
SELECT tableoid::regclass::text FROM indicators_entry WHERE collection_id = %s LIMIT 1
"""
_UNSEAT = """
UPDATE indicators_entry
SET is_first = is_first AND seq <> ALL(%(first)s::bigint[]),
    is_latest = is_latest AND seq <> ALL(%(latest)s::bigint[])
WHERE collection_id = %(collection)s
  AND seq = ANY(%(first)s::bigint[] || %(latest)s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Origins:
    """What a verified signature says of objects, by index: whose they are, and the key (its kid).

    An object that is not named here is its contributor's, and counts as unsigned.
    """

    members: Mapping[int, Member] = field(default_factory=dict)
    signed_by: Mapping[int, str] = field(default_factory=dict)


_NOTHING_VERIFIED = Origins()


def admit(
    collection: Collection,
    contributor: Member,
    objects: Sequence[StixObject],
    *,
    now: datetime | None = None,
    origins: Origins = _NOTHING_VERIFIED,
) -> list[Outcome]:
    """Add what may be added; one outcome per object, in input order. Meant for ≤ ~2,000 a call."""
    refused = screen(collection, objects)
    welcome = [obj for obj in objects if obj.index not in refused]
    judged: list[Outcome] = []
    if welcome:
        by = {obj.index: origins.members.get(obj.index, contributor).pk for obj in welcome}
        batch = _Batch(welcome, contributor, by, other_authors(by, welcome), origins.signed_by)
        with transaction.atomic():
            judged = _admit_screened(collection, batch, now or datetime.now(UTC))
    outcomes = {outcome.index: outcome for outcome in judged} | refused
    return [outcomes[obj.index] for obj in objects]


def screen(collection: Collection, objects: Sequence[StixObject]) -> dict[int, Outcome]:
    """The objects, by index, whose marking is too strict for the collection's audience."""
    ceiling = Audience(collection.audience).ceiling
    return {
        obj.index: Outcome(
            obj.index,
            obj.id,
            obj.version,
            Verdict.REFUSED,
            f"marked TLP:{obj.tlp.value.upper()}, but this collection's audience takes at most"
            f" TLP:{ceiling.value.upper()}; publish it to a narrower collection",
        )
        for obj in objects
        if obj.tlp is not None and obj.tlp.rank > ceiling.rank
    }


@dataclass(frozen=True, slots=True)
class _Batch:
    """Objects whose marking the audience may receive, with whose each is, by index."""

    objects: list[StixObject]
    brought_by: Member
    contributors: Mapping[int, UUID]
    authors: Mapping[int, str]
    signed_by: Mapping[int, str]


def other_authors(
    contributors: Mapping[int, UUID], objects: Sequence[StixObject]
) -> dict[int, str]:
    """The member, by index, that an object names as its author or identifies, though it is not
    the one that contributes it.
    """
    named = {
        obj.index: {obj.created_by_ref, obj.id if obj.type == "identity" else None} - {None}
        for obj in objects
    }
    known = Member.objects.filter(identity_id__in=set().union(*named.values()))
    members = {row[0]: row[1:] for row in known.values_list("identity_id", "pk", "name")}
    return {
        index: members[identity][1]
        for index, identities in named.items()
        for identity in identities
        if identity in members and members[identity][0] != contributors[index]
    }


def _admit_screened(collection: Collection, batch: _Batch, now: datetime) -> list[Outcome]:
    head = log.lock(collection.pk)
    by = batch.contributors
    with open_cursor() as cursor:
        known = facts.claim(cursor, batch.objects, collection.pk, by, batch.authors)
        first_date = head.first_date_added(now)
        judgement = judge(batch.objects, known, by, first_date, batch.authors)
        _keep_evidence(judgement.disputes, batch.brought_by, now)
        if judgement.additions:
            _write(cursor, collection, batch, judgement, known, head.size, now)
            log.append(
                head,
                [addition.obj.sha256 for addition in judgement.additions],
                judgement.additions[-1].date_added,
            )
            token_index.index_additions(cursor, judgement.additions, known)
            _learn_growth(cursor, collection.pk, head.size, len(judgement.additions))
    return judgement.outcomes


def _write(
    cursor: Cursor,
    collection: Collection,
    batch: _Batch,
    judgement: Judgement,
    known: Mapping[str, Known],
    size: int,
    now: datetime,
) -> None:
    additions = judgement.additions
    rows = _copy_versions(cursor, additions, batch, now)
    _learn_signers(cursor, additions, batch.signed_by)
    places = [(a.obj.id, a.version, seq) for seq, a in enumerate(additions, size)]
    seats = standing(places, known)
    if seats.no_longer_first or seats.no_longer_latest:
        rewrite(cursor, collection.pk, seats)
    with cursor.copy(_COPY_ENTRIES) as copy:
        copy.set_types(_ENTRY_TYPES)
        for seq, (addition, row) in enumerate(zip(additions, rows, strict=True), size):
            copy.write_row(
                (
                    collection.pk,
                    seq,
                    addition.date_added,
                    row,
                    addition.obj.id,
                    addition.obj.type,
                    addition.version,
                    seq in seats.first,
                    seq in seats.latest,
                )
            )


def _copy_versions(
    cursor: Cursor,
    additions: list[Addition],
    batch: _Batch,
    now: datetime,
) -> list[int]:
    """Store the contents that are new; the row of each addition's content, in order."""
    new = [addition for addition in additions if addition.held_row is None]
    cursor.execute(_ROW_NUMBERS, (len(new),))
    numbers = iter([number for (number,) in cursor.fetchall()])
    rows: list[int] = []
    with cursor.copy(_COPY_VERSIONS) as copy:
        copy.set_types(_VERSION_TYPES)
        for addition in additions:
            if addition.held_row is not None:
                rows.append(addition.held_row)
                continue
            rows.append(next(numbers))
            obj = addition.obj
            copy.write_row(
                (
                    rows[-1],
                    obj.id,
                    obj.type,
                    addition.version,
                    obj.created_by_ref,
                    None if obj.tlp is None else obj.tlp.rank,
                    obj.revoked,
                    obj.sha256,
                    obj.body,
                    batch.contributors[obj.index],
                    batch.signed_by.get(obj.index),
                    now,
                )
            )
    return rows


def _learn_signers(cursor: Cursor, additions: list[Addition], signed_by: Mapping[int, str]) -> None:
    held = [each for each in additions if each.held_row and each.obj.index in signed_by]
    if held:
        kids = [signed_by[each.obj.index] for each in held]
        cursor.execute(_LEARN_SIGNERS, ([each.held_row for each in held], kids))


def _learn_growth(cursor: Cursor, collection: UUID, before: int, added: int) -> None:
    """Let the planner look at a feed that grew past a power of four, from 1,024 on.

    Autovacuum comes up to a minute later; until then PostgreSQL takes a new collection for empty,
    any index that begins with the collection for as good as the right one, and an import of a
    million objects reads all of them for each.
    """
    if before + added < 1024 or _power_of_four(before + added) == _power_of_four(before):
        return
    partition = cursor.execute(_PARTITION, (collection,)).fetchone()
    if partition is not None:
        cursor.execute(f"ANALYZE (SKIP_LOCKED) {partition[0]}".encode())


def _power_of_four(size: int) -> int:
    return (size.bit_length() - 1) // 2


def rewrite(cursor: Cursor, collection: UUID, seats: Standing) -> None:
    """Take older entries off their seats, and drop what is kept of the pages they stand on."""
    cursor.execute(
        _UNSEAT,
        {
            "collection": collection,
            "first": seats.no_longer_first,
            "latest": seats.no_longer_latest,
        },
    )
    if seats.no_longer_latest:
        pages.forget(cursor, collection, seats.no_longer_latest, [KeptPage.View.LATEST])


def _keep_evidence(disputes: list[Dispute], contributor: Member, now: datetime) -> None:
    Contradiction.objects.bulk_create(
        [
            Contradiction(
                stix_id=dispute.obj.id,
                version=dispute.version,
                sha256=dispute.obj.sha256,
                body=dispute.obj.body,
                held_sha256=dispute.held_sha256,
                contributor=contributor,
                received_at=now,
            )
            for dispute in disputes
        ],
        ignore_conflicts=True,
    )
