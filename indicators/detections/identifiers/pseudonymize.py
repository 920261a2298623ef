"""Sealed identifiers into tokens, in chunks that each hold if we crash before the next.

A chunk is read, its tokens are made outside any transaction (the key-holder may be far away), then
stored for the accounts that still have none. When a detection has no account left without tokens it
is tokenized, its cluster is due for a draft, and the revision before loses its accounts and tokens.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import structlog
from django.db import transaction

from federation.errors import NotNormalizable
from federation.pseudonyms.fingerprint import bands
from federation.pseudonyms.keyholder import KeyHolder, configured_key_holder, tokenize
from federation.pseudonyms.normalize import KINDS, Normalized, normalize
from indicators.detections import audit, due_matches
from indicators.detections.identifiers import allowlist
from indicators.detections.identifiers.allowlist import AllowList
from indicators.detections.identifiers.sealed_rows import (
    FINGERPRINTS,
    drop_accounts,
    open_account,
    open_fingerprints,
)
from indicators.detections.identifiers.sealing import Sealer, open_sealer, place
from indicators.store.sql import Cursor, open_cursor

log = structlog.get_logger("retort.pseudonymize")

#: Accounts whose tokens are made and stored at once.
CHUNK = 1000
_KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}

# One look-up a detection on accounts_without_tokens; LATERAL and OFFSET hold the planner to it,
# even on tables that have grown since it last looked.
_WAITING = """
SELECT a.id FROM indicators_detection d
CROSS JOIN LATERAL (
    SELECT id FROM indicators_account
    WHERE detection_id = d.id AND tokenized_at IS NULL
      AND (number >= %(first)s OR %(first)s = 0)
      AND (number <= %(last)s OR %(last)s::int4 IS NULL)
    OFFSET 0
) a
WHERE d.id = ANY(%(detections)b::int8[]) AND d.stage = 'received'
ORDER BY a.id
"""
_READ = """
SELECT id, detection_id, number, data_key_id, sealed FROM indicators_account
WHERE id = ANY(%b::int8[]) ORDER BY id
"""
# Whoever comes first stores an account's tokens; a second worker, or a rerun, stores nothing. Rows
# are locked in one order, so that two workers never wait in a circle.
_CLAIM = """
WITH held AS (
    SELECT id FROM indicators_account WHERE id = ANY(%b::int8[]) AND tokenized_at IS NULL
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE indicators_account a SET tokenized_at = %s FROM held WHERE a.id = held.id RETURNING a.id
"""
_TOKEN_TYPES = ["bytea", "int8", "int8", "int2"]
_COPY_TOKENS = """
COPY indicators_detectedtoken (token, account_id, detection_id, kind) FROM STDIN (FORMAT BINARY)
"""
# Clusters before detections, as everybody locks them.
_LOCK_CLUSTERS = """
SELECT id FROM indicators_cluster WHERE id IN (
    SELECT cluster_id FROM indicators_detection WHERE id = ANY(%b::int8[])
) ORDER BY id FOR NO KEY UPDATE
"""
# Detections without an account that waits (accounts_without_tokens); `bare`: without any token,
# though they have accounts (one_account_a_number, detected_tokens_of_detection).
_DONE = """
SELECT d.id, d.account_count > 0 AND d.is_open AND NOT EXISTS (
    SELECT FROM indicators_detectedtoken t WHERE t.detection_id = d.id
) AS bare
FROM indicators_detection d
WHERE d.id = ANY(%b::int8[]) AND d.stage = 'received' AND NOT EXISTS (
    SELECT FROM indicators_account a WHERE a.detection_id = d.id AND a.tokenized_at IS NULL
)
ORDER BY d.id FOR NO KEY UPDATE OF d
"""
_ADVANCE = """
UPDATE indicators_detection SET stage = %s, stage_since = %s, reason = %s, failed_stage = ''
WHERE id = ANY(%b::int8[])
"""
_ACCOUNTS_OF = "SELECT id FROM indicators_account WHERE detection_id = %s ORDER BY id"
# Revisions whose successor is tokenized, with the accounts that they still have; one look-up each
# on one_detection_a_revision, then on one_account_a_number.
_OUTLIVED = """
SELECT old.id FROM indicators_detection new
CROSS JOIN LATERAL (
    SELECT id FROM indicators_detection
    WHERE detector_id = new.detector_id AND uid = new.uid AND revision < new.revision
      AND stage = 'superseded'
    OFFSET 0
) old
WHERE new.id = ANY(%b::int8[])
  AND EXISTS (SELECT FROM indicators_account WHERE detection_id = old.id)
"""
_DUE = """
UPDATE indicators_cluster c SET draft_due = true, due_since = coalesce(
    CASE WHEN draft_due THEN due_since END, %s)
FROM (
    SELECT id FROM indicators_cluster WHERE id IN (
        SELECT cluster_id FROM indicators_detection WHERE id = ANY(%b::int8[])
    ) ORDER BY id FOR NO KEY UPDATE
) touched
WHERE c.id = touched.id RETURNING c.id
"""


class Sealed(NamedTuple):
    """An account's row."""

    id: int
    detection: int
    number: int
    data_key: int
    sealed: bytes


class Token(NamedTuple):
    """A row of DetectedToken."""

    token: bytes
    account: int
    detection: int
    kind: int


@dataclass
class Opened:
    """What a chunk's accounts hold: who has which value. `allowed`: accounts left out of it."""

    wanted: list[Normalized] = field(default_factory=list)
    owners: list[Sealed] = field(default_factory=list)
    allowed: int = 0
    unusable: int = 0

    def want(self, owner: Sealed, values: Sequence[Normalized]) -> None:
        self.wanted += values
        self.owners += [owner] * len(values)


def pseudonymize(
    detection_ids: Sequence[int], first: int = 0, last: int | None = None
) -> list[int]:
    """Make the tokens of these detections' accounts; the ids of the clusters that are due a draft.

    `first` and `last` (inclusive) are account numbers: a large detection can be shared among
    workers. Safe to repeat, to run twice at a time and to kill. Raises KeyHolderUnavailable,
    QuotaExceeded and KeyHolderLied; what was stored before stays, and a later call goes on.
    """
    for chunk in _waiting(detection_ids, first, last):
        _tokenize_chunk(chunk)
    return _finish(detection_ids)


def make_tokens(opened: Opened, now: datetime, holder: KeyHolder | None = None) -> list[Token]:
    """The tokens of every value under every key that is valid now. May use the network."""
    tokens = tokenize(holder or configured_key_holder(), opened.wanted, now)
    made = {
        Token(token, owner.id, owner.detection, _KIND_NUMBERS[value.kind])
        for value, owner, under_each_key in zip(opened.wanted, opened.owners, tokens, strict=True)
        for token in under_each_key
    }
    return sorted(made)


def read_accounts(account_ids: Sequence[int], why: str) -> list[Sealed]:
    """Rows of accounts, still sealed, by id. That they were read is written down first."""
    audit.record(audit.WORKER, "read identifiers", "accounts", why=why, count=len(account_ids))
    with open_cursor(binary=True) as cursor:
        return [Sealed(*row) for row in cursor.execute(_READ, (list(account_ids),))]


def open_identifiers(sealer: Sealer, allowed: AllowList, rows: Sequence[Sealed]) -> Opened:
    """What tokens are to be made of. An account with an allowed identifier has none at all."""
    opened = Opened()
    for row in rows:
        plain = sealer.unseal(row.data_key, row.sealed, place("account", row.detection, row.number))
        if row.number == FINGERPRINTS:
            opened.want(row, [band for minhash in _minhashes(plain) for band in _bands(minhash)])
        else:
            _open_account(opened, allowed, row, plain)
    return opened


def store_tokens(cursor: Cursor, tokens: Sequence[Token]) -> None:
    """COPY; the tokens are distinct and their accounts had none before."""
    with cursor.copy(_COPY_TOKENS) as copy:
        copy.set_types(_TOKEN_TYPES)
        for token in tokens:
            copy.write_row(token)


def mark_due(cursor: Cursor, detections: Sequence[int], now: datetime) -> list[int]:
    """The clusters of these detections have changed: they are due a draft; their ids."""
    rows = cursor.execute(_DUE, (now, list(detections))).fetchall()
    return sorted(cluster for (cluster,) in rows)


def _waiting(detections: Sequence[int], first: int, last: int | None) -> Iterator[list[int]]:
    asked = {"detections": list(detections), "first": first, "last": last}
    with open_cursor() as cursor:
        waiting = [number for (number,) in cursor.execute(_WAITING, asked).fetchall()]
    for start in range(0, len(waiting), CHUNK):
        yield waiting[start : start + CHUNK]


def _tokenize_chunk(account_ids: Sequence[int]) -> None:
    now = datetime.now(UTC)
    opened = open_identifiers(open_sealer(), allowlist.load(), read_accounts(account_ids, "tokens"))
    tokens = make_tokens(opened, now)
    with transaction.atomic(), open_cursor() as cursor:
        cursor.execute(_CLAIM, (list(account_ids), now))
        claimed = {number for (number,) in cursor.fetchall()}
        store_tokens(cursor, [token for token in tokens if token.account in claimed])
    log.info(
        "tokenized",
        accounts=len(claimed),
        tokens=len(tokens),
        allowed=opened.allowed,
        unusable=opened.unusable,
    )


def _open_account(opened: Opened, allowed: AllowList, row: Sealed, plain: bytes) -> None:
    values: list[Normalized] = []
    for identifier in open_account(plain).identifiers:
        try:
            normalized = normalize(identifier.kind, identifier.value, region=identifier.region)
        except NotNormalizable:
            # Refused at the door today; the rules may have become stricter since it came in.
            opened.unusable += 1
            continue
        if allowed.allows(identifier, normalized):
            opened.allowed += 1
            return
        values += normalized
    opened.want(row, values)


def _minhashes(plain: bytes) -> Iterator[bytes]:
    for fingerprint in open_fingerprints(plain):
        yield base64.b64decode(fingerprint.minhash)


def _bands(minhash: bytes) -> list[Normalized]:
    return [Normalized("prompt-band", band) for band in bands(minhash)]


def _finish(detections: Sequence[int]) -> list[int]:
    """Detections whose last account has its tokens move on; the clusters that are due by it."""
    now = datetime.now(UTC)
    with transaction.atomic(), open_cursor() as cursor:
        cursor.execute(_LOCK_CLUSTERS, (list(detections),))
        rows = cursor.execute(_DONE, (list(detections),)).fetchall()
        withheld = [number for number, bare in rows if bare and _is_allowed(cursor, number)]
        done = [number for number, _ in rows if number not in withheld]
        reason = "All its accounts are on the allow list."
        cursor.execute(_ADVANCE, ("withheld", now, reason, withheld))
        cursor.execute(_ADVANCE, ("tokenized", now, "", done))
        outlived = [old for (old,) in cursor.execute(_OUTLIVED, ([*done, *withheld],)).fetchall()]
        drop_accounts(cursor, outlived)
        due_matches.has_new_tokens(cursor, done, now)
        due_matches.has_changed(cursor, mark_due(cursor, outlived, now), now)
        return mark_due(cursor, [*done, *outlived], now)


def _is_allowed(cursor: Cursor, detection: int) -> bool:
    """Whether the allow list is why a detection has no tokens: it names every account's owner."""
    accounts = [number for (number,) in cursor.execute(_ACCOUNTS_OF, (detection,)).fetchall()]
    rows = read_accounts(accounts, "why there are no tokens")
    return 0 < len(rows) == open_identifiers(open_sealer(), allowlist.load(), rows).allowed
