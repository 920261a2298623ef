"""Findings into sealed rows: what is new is kept, what is known is recognized, the rest refused.

A detector's intake is one at a time (its row is locked), so that two POSTs of the same finding
can't both be first. Nothing is stored that is not sealed, but for the detector's own name of the
finding (`uid`), counts and times.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec
from django.conf import settings

from federation.errors import NotNormalizable
from federation.pseudonyms.normalize import normalize
from indicators.detections.finding import Finding, PromptFingerprint, SeenAccount
from indicators.detections.formats.line import Line, LineError
from indicators.detections.sealing import Sealer, open_sealer, place
from indicators.models import Detector, Stage
from indicators.store.sql import Cursor, open_cursor

#: Lines and accounts that are held in memory at once; a single line may have more accounts.
CHUNK_LINES = 1000
CHUNK_ACCOUNTS = 5000
#: The number of the account that stands for a finding's prompt fingerprints.
FINGERPRINTS = -1
_MOST_ERRORS = 20

_LOCK = "SELECT id FROM indicators_detector WHERE id = %s FOR NO KEY UPDATE"
# Both look-ups, one each a line, on one_detection_a_revision.
_HELD = """
SELECT asked.uid, asked.revision, newest.revision, newest.id, same.digest, same.uuid
FROM unnest(%(uids)b::text[], %(revisions)b::int4[]) AS asked(uid, revision)
LEFT JOIN LATERAL (
    SELECT revision, id FROM indicators_detection
    WHERE detector_id = %(detector)s AND uid = asked.uid ORDER BY revision DESC LIMIT 1
) newest ON true
LEFT JOIN LATERAL (
    SELECT digest, uuid FROM indicators_detection
    WHERE detector_id = %(detector)s AND uid = asked.uid AND revision = asked.revision LIMIT 1
) same ON true
"""
_ADD_CLUSTERS = """
INSERT INTO indicators_cluster (detector_id, token, incarnation, is_open, draft_due)
SELECT %(detector)s, token, 1, true, false FROM unnest(%(tokens)b::text[]) AS seen(token)
ON CONFLICT DO NOTHING
"""
# one_cluster_a_key
_CLUSTERS = """
SELECT token, id FROM indicators_cluster
WHERE detector_id = %(detector)s AND token = ANY(%(tokens)b::text[])
"""
_ROW_NUMBERS = """
SELECT nextval(pg_get_serial_sequence('indicators_detection', 'id')) FROM generate_series(1, %s)
"""
_DETECTION_TYPES = [
    "int8", "uuid", "uuid", "text", "int4", "uuid", "int8", "bool", "bytea", "int8", "bytea",
    "int4", "text", "timestamptz", "timestamptz", "timestamptz",
]  # fmt: skip
_COPY_DETECTIONS = """
COPY indicators_detection (id, uuid, detector_id, uid, revision, job_id, cluster_id, is_open,
                           digest, data_key_id, sealed, account_count, stage, stage_since,
                           received_at, expires_at)
FROM STDIN (FORMAT BINARY)
"""
_ACCOUNT_TYPES = ["int8", "int4", "int8", "bytea"]
_COPY_ACCOUNTS = """
COPY indicators_account (detection_id, number, data_key_id, sealed) FROM STDIN (FORMAT BINARY)
"""
_SUPERSEDE = """
UPDATE indicators_detection SET stage = 'superseded', stage_since = %s WHERE id = ANY(%s)
"""
# detection's index on job
_UNTOKENIZED = """
SELECT id, account_count FROM indicators_detection WHERE job_id = %s AND stage = 'received'
ORDER BY id
"""

_encode = msgspec.json.Encoder().encode


class LineStatus(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class LineResult(msgspec.Struct, frozen=True):
    """What became of a line; `id` names its detection, also when it was held before."""

    line: int
    status: LineStatus
    id: UUID | None = None
    uid: str | None = None
    errors: tuple[LineError, ...] = ()


class _Row(NamedTuple):
    """A line that is kept."""

    id: int
    uuid: UUID
    finding: Finding
    digest: bytes


@dataclass
class _Chunk:
    """What the database holds of a chunk's findings, and what the chunk adds to it."""

    numbers: Iterator[int]
    newest: dict[str, tuple[int, int]] = field(default_factory=dict)
    held: dict[tuple[str, int], tuple[bytes, UUID]] = field(default_factory=dict)
    rows: list[_Row] = field(default_factory=list)
    superseded: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class _Intake:
    """One call of `accept`."""

    detector: UUID
    job: UUID
    now: datetime
    sealer: Sealer


def accept(
    detector: Detector, job_id: UUID, lines: Iterable[Line], now: datetime
) -> list[LineResult]:
    """Store what is new; one result a line, in order. In the caller's transaction, by COPY.

    (detector, uid, revision) decides: known with the same content is a duplicate; known with
    another, or older than what is held, is rejected; a higher revision supersedes. A line is
    rejected as a whole if one of its identifiers is unusable; errors never show an identifier.
    """
    results: list[LineResult] = []
    with open_cursor(binary=True) as cursor:
        cursor.execute(_LOCK, (detector.pk,))
        intake = _Intake(detector.pk, job_id, now, open_sealer())
        for chunk in _chunks(lines):
            results += _accept_chunk(cursor, intake, chunk)
    return results


def untokenized(job_id: UUID) -> list[tuple[int, int]]:
    """(detection id, number of accounts) of what a job stored and nobody has tokenized yet."""
    with open_cursor() as cursor:
        return [(number, count) for number, count in cursor.execute(_UNTOKENIZED, (job_id,))]


def unusable_identifiers(finding: Finding) -> tuple[LineError, ...]:
    """Which identifiers can't be normalized and why, by pointer; the first twenty."""
    errors: list[LineError] = []
    for number, account in enumerate(finding.accounts):
        for index, each in enumerate(account.identifiers):
            try:
                normalize(each.kind, each.value, region=each.region)
            except NotNormalizable as error:
                pointer = f"/accounts/{number}/identifiers/{index}/value"
                errors.append(LineError(pointer, str(error)))
                if len(errors) == _MOST_ERRORS:
                    return tuple(errors)
    return tuple(errors)


def cluster_token(sealer: Sealer, detector: UUID, key: str) -> str:
    """The pseudonym (22 characters) of a detector's own key of a cluster."""
    digest = sealer.digest("cluster", detector.bytes + key.encode())
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def _chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    chunk: list[Line] = []
    accounts = 0
    for line in lines:
        chunk.append(line)
        accounts += 0 if line.finding is None else len(line.finding.accounts)
        if len(chunk) == CHUNK_LINES or accounts >= CHUNK_ACCOUNTS:
            yield chunk
            chunk, accounts = [], 0
    if chunk:
        yield chunk


def _accept_chunk(cursor: Cursor, intake: _Intake, lines: Sequence[Line]) -> list[LineResult]:
    chunk = _read_held(cursor, intake, [line.finding for line in lines if line.finding])
    results = [_judge(intake, chunk, line) for line in lines]
    if chunk.rows:
        _write(cursor, intake, chunk)
    return results


def _read_held(cursor: Cursor, intake: _Intake, findings: Sequence[Finding]) -> _Chunk:
    numbers = cursor.execute(_ROW_NUMBERS, (len(findings),)).fetchall()
    chunk = _Chunk(iter([number for (number,) in numbers]))
    asked = {
        "detector": intake.detector,
        "uids": [finding.uid for finding in findings],
        "revisions": [finding.revision for finding in findings],
    }
    for uid, revision, newest, row, digest, uuid in cursor.execute(_HELD, asked):
        if newest is not None:
            chunk.newest[uid] = (newest, row)
        if uuid is not None:
            chunk.held[uid, revision] = (digest, uuid)
    return chunk


def _judge(intake: _Intake, chunk: _Chunk, line: Line) -> LineResult:
    finding = line.finding
    if finding is None or line.errors:
        uid = None if finding is None else finding.uid
        return LineResult(line.number, LineStatus.REJECTED, uid=uid, errors=tuple(line.errors))
    digest = intake.sealer.digest("line", line.digest_source)
    held = chunk.held.get((finding.uid, finding.revision))
    if held is not None and held[0] == digest:
        return LineResult(line.number, LineStatus.DUPLICATE, held[1], finding.uid)
    errors = _contradictions(finding, chunk) or unusable_identifiers(finding)
    if errors:
        return LineResult(line.number, LineStatus.REJECTED, uid=finding.uid, errors=errors)
    return LineResult(line.number, LineStatus.ACCEPTED, _take(chunk, finding, digest), finding.uid)


def _contradictions(finding: Finding, chunk: _Chunk) -> tuple[LineError, ...]:
    """Why what is held, with another content or a higher revision, keeps this one out."""
    if (finding.uid, finding.revision) in chunk.held:
        why = "This revision is held with another content; send the change as a higher revision."
        return (LineError("/revision", why),)
    newest, _ = chunk.newest.get(finding.uid, (0, 0))
    if finding.revision < newest:
        why = f"Revision {newest} of this finding is held; an older one can't be added any more."
        return (LineError("/revision", why),)
    return ()


def _take(chunk: _Chunk, finding: Finding, digest: bytes) -> UUID:
    row = _Row(next(chunk.numbers), uuid4(), finding, digest)
    if finding.uid in chunk.newest:
        chunk.superseded.append(chunk.newest[finding.uid][1])
    chunk.newest[finding.uid] = (finding.revision, row.id)
    chunk.held[finding.uid, finding.revision] = (digest, row.uuid)
    chunk.rows.append(row)
    return row.uuid


def _write(cursor: Cursor, intake: _Intake, chunk: _Chunk) -> None:
    """The old revision's end and the new one's rows: both, or neither."""
    clusters = _add_clusters(cursor, intake, chunk.rows)
    with cursor.copy(_COPY_DETECTIONS) as copy:
        copy.set_types(_DETECTION_TYPES)
        for row, cluster in zip(chunk.rows, clusters, strict=True):
            copy.write_row(_detection(intake, row, cluster))
    with cursor.copy(_COPY_ACCOUNTS) as copy:
        copy.set_types(_ACCOUNT_TYPES)
        for row in chunk.rows:
            for number, plain in _accounts(row.finding):
                sealed = intake.sealer.seal(plain, place("account", row.id, number))
                copy.write_row((row.id, number, *sealed))
    if chunk.superseded:
        cursor.execute(_SUPERSEDE, (intake.now, chunk.superseded))


def _add_clusters(cursor: Cursor, intake: _Intake, rows: Sequence[_Row]) -> list[int]:
    """Each row's cluster."""
    tokens = [
        cluster_token(intake.sealer, intake.detector, row.finding.cluster.key) for row in rows
    ]
    asked = {"detector": intake.detector, "tokens": sorted(set(tokens))}
    cursor.execute(_ADD_CLUSTERS, asked)
    known: dict[str, int] = dict(cursor.execute(_CLUSTERS, asked).fetchall())
    return [known[token] for token in tokens]


def _detection(intake: _Intake, row: _Row, cluster: int) -> tuple[object, ...]:
    finding = row.finding
    body = _encode(msgspec.structs.replace(finding, accounts=()))
    return (
        row.id,
        row.uuid,
        intake.detector,
        finding.uid,
        finding.revision,
        intake.job,
        cluster,
        finding.status == "open",
        row.digest,
        *intake.sealer.seal(body, place("detection", row.id)),
        len(finding.accounts),
        Stage.RECEIVED.value,
        intake.now,
        intake.now,
        intake.now + timedelta(days=settings.IDENTIFIER_DAYS),
    )


def _accounts(finding: Finding) -> Iterator[tuple[int, bytes]]:
    """What is sealed apart, so that it can be tokenized and destroyed apart: (number, content).

    What a closed finding still says of accounts is of no use to anybody, and not kept.
    """
    if finding.status == "closed":
        return
    if finding.prompt_fingerprints:
        yield FINGERPRINTS, _encode(finding.prompt_fingerprints)
    for number, account in enumerate(finding.accounts):
        yield number, _encode(account)


def open_account(plain: bytes) -> SeenAccount:
    """An account, as it was sealed."""
    return _ACCOUNT.decode(plain)


def open_fingerprints(plain: bytes) -> tuple[PromptFingerprint, ...]:
    """A finding's prompt fingerprints, as they were sealed."""
    return _FINGERPRINTS.decode(plain)


_ACCOUNT = msgspec.json.Decoder(SeenAccount)
_FINGERPRINTS = msgspec.json.Decoder(tuple[PromptFingerprint, ...])
