"""Findings into sealed rows: what is new is kept, what is known is recognized, the rest refused.

A detector's intake is one at a time (its row is locked), so that two POSTs of the same finding
can't both be first. Nothing is stored that is not sealed, but for the detector's own name of the
finding (`uid`), counts and times.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec

from federation.errors import NotNormalizable
from federation.pseudonyms.normalize import normalize
from indicators.detections.finding import Finding
from indicators.detections.formats.line import Line, LineError
from indicators.detections.identifiers.sealed_rows import Intake, Row, write
from indicators.detections.identifiers.sealing import open_sealer
from indicators.models import Detector
from indicators.store.sql import Cursor, open_cursor

#: Lines and accounts that are held in memory at once; a single line may have more accounts.
CHUNK_LINES = 1000
CHUNK_ACCOUNTS = 5000
_MOST_ERRORS = 20

_LOCK = "SELECT id FROM indicators_detector WHERE id = %s FOR NO KEY UPDATE"
# Both look-ups, one each a line, on one_detection_a_revision.
_HELD = """
SELECT asked.uid, asked.revision, newest.revision, newest.id, newest.verdict,
       same.digest, same.uuid
FROM unnest(%(uids)b::text[], %(revisions)b::int4[]) AS asked(uid, revision)
LEFT JOIN LATERAL (
    SELECT revision, id, verdict FROM indicators_detection
    WHERE detector_id = %(detector)s AND uid = asked.uid ORDER BY revision DESC LIMIT 1
) newest ON true
LEFT JOIN LATERAL (
    SELECT digest, uuid FROM indicators_detection
    WHERE detector_id = %(detector)s AND uid = asked.uid AND revision = asked.revision LIMIT 1
) same ON true
"""
_ROW_NUMBERS = """
SELECT nextval(pg_get_serial_sequence('indicators_detection', 'id')) FROM generate_series(1, %s)
"""
# detection's index on job
_UNTOKENIZED = """
SELECT id, account_count FROM indicators_detection WHERE job_id = %s AND stage = 'received'
ORDER BY id
"""


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


class _Newest(NamedTuple):
    """The newest revision that is held of a finding: its row, and what a person found of it."""

    revision: int
    row: int
    verdict: str


@dataclass
class _Chunk:
    """What the database holds of a chunk's findings, and what the chunk adds to it."""

    numbers: Iterator[int]
    newest: dict[str, _Newest] = field(default_factory=dict)
    held: dict[tuple[str, int], tuple[bytes, UUID]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    superseded: list[int] = field(default_factory=list)


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
        intake = Intake(detector.pk, job_id, now, open_sealer())
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


def _accept_chunk(cursor: Cursor, intake: Intake, lines: Sequence[Line]) -> list[LineResult]:
    chunk = _read_held(cursor, intake, [line.finding for line in lines if line.finding])
    results = [_judge(intake, chunk, line) for line in lines]
    if chunk.rows:
        write(cursor, intake, chunk.rows, chunk.superseded)
    return results


def _read_held(cursor: Cursor, intake: Intake, findings: Sequence[Finding]) -> _Chunk:
    numbers = cursor.execute(_ROW_NUMBERS, (len(findings),)).fetchall()
    chunk = _Chunk(iter([number for (number,) in numbers]))
    asked = {
        "detector": intake.detector,
        "uids": [finding.uid for finding in findings],
        "revisions": [finding.revision for finding in findings],
    }
    for uid, revision, newest, row, verdict, digest, uuid in cursor.execute(_HELD, asked):
        if newest is not None:
            chunk.newest[uid] = _Newest(newest, row, verdict)
        if uuid is not None:
            chunk.held[uid, revision] = (digest, uuid)
    return chunk


def _judge(intake: Intake, chunk: _Chunk, line: Line) -> LineResult:
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
    newest = chunk.newest.get(finding.uid)
    if newest is not None and finding.revision < newest.revision:
        held = newest.revision
        why = f"Revision {held} of this finding is held; an older one can't be added any more."
        return (LineError("/revision", why),)
    return ()


def _take(chunk: _Chunk, finding: Finding, digest: bytes) -> UUID:
    before = chunk.newest.get(finding.uid)
    verdict = "" if before is None else before.verdict
    row = Row(next(chunk.numbers), uuid4(), finding, digest, verdict)
    if before is not None:
        chunk.superseded.append(before.row)
    chunk.newest[finding.uid] = _Newest(finding.revision, row.id, verdict)
    chunk.held[finding.uid, finding.revision] = (digest, row.uuid)
    chunk.rows.append(row)
    return row.uuid
