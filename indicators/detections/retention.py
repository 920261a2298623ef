"""What goes with time: identifiers after their days, tokens with their key or an allow list.

Each call does one batch in one transaction and is safe to repeat and to kill; a scheduler calls
until nothing is left. Calls that go through all accounts take and return where to go on.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from federation.models import PinnedTokenKey, TokenKey
from federation.pseudonyms.epochs import EpochKey
from federation.pseudonyms.keyholder import KeyHolder, configured_key_holder
from federation.pseudonyms.normalize import KINDS
from federation.pseudonyms.voprf import TOKEN_BYTES, key_id
from indicators.detections import audit, due_matches
from indicators.detections.drafts import seating
from indicators.detections.identifiers import allowlist
from indicators.detections.identifiers.pseudonymize import (
    CHUNK,
    Token,
    make_tokens,
    mark_due,
    open_identifiers,
    read_accounts,
)
from indicators.detections.identifiers.sealed_rows import drop_accounts
from indicators.detections.identifiers.sealing import open_sealer
from indicators.store.sql import Cursor, open_cursor

# detections_by_expiry
_EXPIRED = """
SELECT id FROM indicators_detection WHERE sealed IS NOT NULL AND expires_at <= %s
ORDER BY expires_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""
# What was not shared by now can't be any more: there is nothing left to make tokens of.
_FORGET = """
UPDATE indicators_detection
SET sealed = NULL, data_key_id = NULL,
    stage = CASE WHEN stage IN ('received', 'failed') THEN 'withheld' ELSE stage END,
    stage_since = CASE WHEN stage IN ('received', 'failed') THEN %(now)s ELSE stage_since END,
    reason = CASE WHEN stage IN ('received', 'failed') THEN %(reason)s ELSE reason END
WHERE id = ANY(%(ids)b::int8[]) RETURNING cluster_id
"""
_TOO_LATE = "Its time was over before its identifiers had tokens; they are destroyed."
# accounts_by_age_of_tokens: whether there is anything to do costs one look, however many there are.
_OLDEST = "SELECT min(tokenized_at) FROM indicators_account WHERE tokenized_at IS NOT NULL"
# The accounts' primary key, from where the last batch ended.
_TOKENIZED = """
SELECT id FROM indicators_account WHERE id > %(after)s AND tokenized_at < %(before)s
ORDER BY id LIMIT %(limit)s
"""
_LOCK_CLUSTERS = """
SELECT id FROM indicators_cluster WHERE id IN (
    SELECT cluster_id FROM indicators_detection WHERE id = ANY(%b::int8[])
) ORDER BY id FOR NO KEY UPDATE
"""
_RENEW = """
UPDATE indicators_account SET tokenized_at = %s WHERE id = ANY(%b::int8[]) RETURNING id
"""
_ADD_TOKENS = """
INSERT INTO indicators_detectedtoken (token, account_id, detection_id, kind)
SELECT * FROM unnest(%b::bytea[], %b::int8[], %b::int8[], %b::int2[]) ON CONFLICT DO NOTHING
"""
# A draft takes the tokens of what is tokenized: what had left that stage goes back to it.
_REDRAFT = """
UPDATE indicators_detection SET stage = 'tokenized', stage_since = %s
WHERE id = ANY(%b::int8[]) AND stage IN ('drafted', 'published')
"""
# The token tables' primary keys, which begin with the token, which begins with its key's id.
_OF_KEY = """
SELECT token, account_id, detection_id FROM indicators_detectedtoken
WHERE token BETWEEN %b AND %b LIMIT %s
"""
_DROP = """
DELETE FROM indicators_detectedtoken t USING unnest(%b::bytea[], %b::int8[]) AS old(token, account)
WHERE t.token = old.token AND t.account_id = old.account
"""
_DROP_TOKENS = """
DELETE FROM indicators_detectedtoken
WHERE detection_id = ANY(%b::int8[]) AND account_id = ANY(%b::int8[])
"""


def destroy_expired(now: datetime, limit: int = 200) -> int:
    """Destroy what up to `limit` detections say whose days are over; how many. Call until 0.

    Their accounts, sealed bodies and tokens go. What was published of them ages by itself.
    """
    with transaction.atomic(), open_cursor() as cursor:
        cursor.execute(_EXPIRED, (now, limit))
        expired = [number for (number,) in cursor.fetchall()]
        if expired:
            cursor.execute(_FORGET, {"ids": expired, "now": now, "reason": _TOO_LATE})
            clusters = sorted({cluster for (cluster,) in cursor.fetchall()})
            due_matches.has_changed(cursor, clusters, now)
            accounts = drop_accounts(cursor, expired)
            gone = {"detections": len(expired), "accounts": accounts}
            audit.record(audit.RETENTION, "destroy", "identifiers", **gone)
    return len(expired)


class _NewestKey:
    """A key-holder asked for the newest keys alone: tokens under older ones are there already."""

    def __init__(self, holder: KeyHolder) -> None:
        self._holder = holder

    def keys(self, kind: str, now: datetime) -> list[EpochKey]:
        return self._holder.keys(kind, now)[-1:]

    def outputs(self, key: EpochKey, inputs: Sequence[bytes]) -> list[bytes]:
        return self._holder.outputs(key, inputs)


def retokenize(now: datetime, after: int = 0, limit: int = CHUNK) -> int | None:
    """Tokens under the newest keys for a batch of accounts whose tokens are older than those.

    To be called through the overlap of two epochs, from 0 until it returns None, which says that
    there are no more accounts; else the next `after`. Clusters become due. Raises
    KeyHolderUnavailable, QuotaExceeded and KeyHolderLied.
    """
    holder = _NewestKey(configured_key_holder())
    began = max(key.not_before for kind in KINDS for key in holder.keys(kind, now))
    accounts = _tokenized(after, began, limit)
    if not accounts:
        return None
    rows = read_accounts(accounts, "tokens of a new epoch")
    opened = open_identifiers(open_sealer(), allowlist.load(), rows)
    tokens = make_tokens(opened, now, holder)
    detections = sorted({row.detection for row in rows})
    with transaction.atomic(), open_cursor() as cursor:
        cursor.execute(_LOCK_CLUSTERS, (detections,))
        cursor.execute(_RENEW, (now, accounts))
        kept = {number for (number,) in cursor.fetchall()}
        _add_tokens(cursor, [token for token in tokens if token.account in kept])
        cursor.execute(_REDRAFT, (now, detections))
        mark_due(cursor, detections, now)
        due_matches.has_new_tokens(cursor, detections, now)
    return accounts[-1]


def drop_old_tokens(now: datetime, limit: int = 10_000) -> int:
    """Delete tokens under keys whose overlap is over; how many. Call until 0. Clusters become due.

    Nobody can make such tokens again, so they match nothing any more.
    """
    dropped = 0
    for key in _dropped_keys(now):
        if dropped < limit:
            dropped += _drop_key(key, now, limit - dropped)
    return dropped


def withhold_allowed(now: datetime, after: int = 0, limit: int = CHUNK) -> int | None:
    """Take back the tokens of a batch of accounts that are on an allow list by now.

    To be called when the list has grown, from 0 until it returns None; else the next `after`.
    """
    accounts = _tokenized(after, now, limit)
    if not accounts:
        return None
    rows = read_accounts(accounts, "allow list")
    sealer, allowed = open_sealer(), allowlist.load()
    theirs = [row for row in rows if open_identifiers(sealer, allowed, [row]).allowed]
    detections = sorted({row.detection for row in theirs})
    if theirs:
        with transaction.atomic(), open_cursor() as cursor:
            cursor.execute(_LOCK_CLUSTERS, (detections,))
            cursor.execute(_DROP_TOKENS, (detections, [row.id for row in theirs]))
            clusters = mark_due(cursor, detections, now)
            seating.unseat(cursor, clusters)
            due_matches.has_changed(cursor, clusters, now)
            audit.record(audit.RETENTION, "withhold", "tokens", accounts=len(theirs))
    return accounts[-1]


def _tokenized(after: int, before: datetime, limit: int) -> list[int]:
    """The next accounts whose tokens were made before that time."""
    asked = {"after": after, "before": before, "limit": limit}
    with open_cursor() as cursor:
        [(oldest,)] = cursor.execute(_OLDEST).fetchall()
        if oldest is None or oldest >= before:
            return []
        return [number for (number,) in cursor.execute(_TOKENIZED, asked).fetchall()]


def _add_tokens(cursor: Cursor, tokens: Sequence[Token]) -> None:
    columns = [list(column) for column in zip(*tokens, strict=True)] or [[], [], [], []]
    cursor.execute(_ADD_TOKENS, columns)


def _dropped_keys(now: datetime) -> set[bytes]:
    """The ids of keys that nobody makes tokens with any more."""
    own = TokenKey.objects.filter(dropped_at__lte=now).values_list("public_key", flat=True)
    pinned = PinnedTokenKey.objects.filter(dropped_at__lte=now).values_list("public_key", flat=True)
    return {key_id(bytes(public_key)) for public_key in (*own, *pinned)}


def _drop_key(key: bytes, now: datetime, limit: int) -> int:
    last = key + b"\xff" * (TOKEN_BYTES - len(key))
    with transaction.atomic(), open_cursor(binary=True) as cursor:
        old = cursor.execute(_OF_KEY, (key, last, limit)).fetchall()
        if old:
            tokens, accounts, detections = (list(column) for column in zip(*old, strict=True))
            cursor.execute(_LOCK_CLUSTERS, (sorted(set(detections)),))
            cursor.execute(_DROP, (tokens, accounts))
            clusters = mark_due(cursor, sorted(set(detections)), now)
            seating.unseat(cursor, clusters)
            due_matches.has_changed(cursor, clusters, now)
    return len(old)
