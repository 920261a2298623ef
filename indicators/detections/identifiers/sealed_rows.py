"""The rows of findings: sealed, written by COPY, and what of an older revision goes with them."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.conf import settings

from indicators.detections.finding import Finding, PromptFingerprint, SeenAccount
from indicators.detections.identifiers.sealing import Sealer, place
from indicators.models import Stage, Verdict
from indicators.store.sql import Cursor

#: The number of the account that stands for a finding's prompt fingerprints.
FINGERPRINTS = -1
#: Why a finding is withheld that a person called false, and every later revision of it.
FALSE_POSITIVE = "A person found it to be a false positive."

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
_DETECTION_TYPES = [
    "int8", "uuid", "uuid", "text", "int4", "uuid", "int8", "bool", "bytea", "int8", "bytea",
    "int4", "text", "timestamptz", "text", "text", "timestamptz", "timestamptz",
]  # fmt: skip
_COPY_DETECTIONS = """
COPY indicators_detection (id, uuid, detector_id, uid, revision, job_id, cluster_id, is_open,
                           digest, data_key_id, sealed, account_count, stage, stage_since,
                           reason, verdict, received_at, expires_at)
FROM STDIN (FORMAT BINARY)
"""
_ACCOUNT_TYPES = ["int8", "int4", "int8", "bytea"]
_COPY_ACCOUNTS = """
COPY indicators_account (detection_id, number, data_key_id, sealed) FROM STDIN (FORMAT BINARY)
"""
# What nobody shares of a revision, nobody needs of it after the next: it loses its tokens at once.
_SUPERSEDE = """
WITH old AS (
    SELECT id, stage FROM indicators_detection WHERE id = ANY(%(ids)b::int8[]) ORDER BY id
    FOR NO KEY UPDATE
)
UPDATE indicators_detection d SET stage = 'superseded', stage_since = %(now)s, reason = ''
FROM old WHERE d.id = old.id AND old.stage <> 'superseded' RETURNING d.id, old.stage
"""
# Accounts first: a worker that stores tokens of one holds its row, and is waited for here.
_DROP_ACCOUNTS = "DELETE FROM indicators_account WHERE detection_id = ANY(%b::int8[])"
_DROP_TOKENS = "DELETE FROM indicators_detectedtoken WHERE detection_id = ANY(%b::int8[])"

_encode = msgspec.json.Encoder().encode


class Row(NamedTuple):
    """A finding that is kept. `verdict`: what a person found of its earlier revisions, or ""."""

    id: int
    uuid: UUID
    finding: Finding
    digest: bytes
    verdict: str


@dataclass(frozen=True)
class Intake:
    """One call of `intake.accept`."""

    detector: UUID
    job: UUID
    now: datetime
    sealer: Sealer


def write(cursor: Cursor, intake: Intake, rows: Sequence[Row], superseded: Sequence[int]) -> None:
    """New revisions' rows, and the end of those before them."""
    clusters = _add_clusters(cursor, intake, rows)
    with cursor.copy(_COPY_DETECTIONS) as copy:
        copy.set_types(_DETECTION_TYPES)
        for row, cluster in zip(rows, clusters, strict=True):
            copy.write_row(_detection(intake, row, cluster))
    with cursor.copy(_COPY_ACCOUNTS) as copy:
        copy.set_types(_ACCOUNT_TYPES)
        for row in rows:
            for number, plain in _accounts(row.finding):
                sealed = intake.sealer.seal(plain, place("account", row.id, number))
                copy.write_row((row.id, number, *sealed))
    if superseded:
        _supersede(cursor, intake.now, superseded)


def drop_accounts(cursor: Cursor, detections: Sequence[int]) -> int:
    """Delete all accounts and tokens of detections; how many accounts."""
    gone = cursor.execute(_DROP_ACCOUNTS, (list(detections),)).rowcount
    cursor.execute(_DROP_TOKENS, (list(detections),))
    return gone


def _supersede(cursor: Cursor, now: datetime, detections: Sequence[int]) -> None:
    cursor.execute(_SUPERSEDE, {"ids": list(detections), "now": now})
    withheld = [number for number, stage in cursor.fetchall() if stage == Stage.WITHHELD]
    if withheld:
        drop_accounts(cursor, withheld)


def _add_clusters(cursor: Cursor, intake: Intake, rows: Sequence[Row]) -> list[int]:
    """Each row's cluster."""
    tokens = [
        cluster_token(intake.sealer, intake.detector, row.finding.cluster.key) for row in rows
    ]
    asked = {"detector": intake.detector, "tokens": sorted(set(tokens))}
    cursor.execute(_ADD_CLUSTERS, asked)
    known: dict[str, int] = dict(cursor.execute(_CLUSTERS, asked).fetchall())
    return [known[token] for token in tokens]


def _detection(intake: Intake, row: Row, cluster: int) -> tuple[object, ...]:
    finding = row.finding
    is_false = row.verdict == Verdict.FALSE_POSITIVE
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
        (Stage.WITHHELD if is_false else Stage.RECEIVED).value,
        intake.now,
        FALSE_POSITIVE if is_false else "",
        row.verdict,
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


def cluster_token(sealer: Sealer, detector: UUID, key: str) -> str:
    """The pseudonym (22 characters) of a detector's own key of a cluster."""
    digest = sealer.digest("cluster", detector.bytes + key.encode())
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def open_account(plain: bytes) -> SeenAccount:
    """An account, as it was sealed."""
    return _ACCOUNT.decode(plain)


def open_fingerprints(plain: bytes) -> tuple[PromptFingerprint, ...]:
    """A finding's prompt fingerprints, as they were sealed."""
    return _FINGERPRINTS.decode(plain)


_ACCOUNT = msgspec.json.Decoder(SeenAccount)
_FINGERPRINTS = msgspec.json.Decoder(tuple[PromptFingerprint, ...])
