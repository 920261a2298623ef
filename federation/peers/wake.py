"""Wake: after a log has grown, its readers are told in one signed line, and pull at once.

Polling remains the truth: a wake that is lost costs time, nothing else. What a peer was told is in
`Delivery`; a claim there is a lease, so that nobody is told twice at once, and one that was lost
with its process is due again when the lease is over.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
import structlog
from django.db import connection

from federation.canonical import canonical
from federation.errors import FederationError, PeerUnavailable, UnknownLog
from federation.keys import SigningKey
from federation.models import Peer, Subscription
from federation.peers.door import read_notice
from federation.peers.knocking import Answer, doors_of, knock, refused, request_key

log = structlog.get_logger("retort.wake")

AT_ONCE = 8
LEASE = timedelta(seconds=40)
"""Longer than one request may take."""
NOT_SUBSCRIBED = timedelta(hours=1)
"""When a peer is told again that said it does not pull this log; its first receipt ends that."""
MOST_BACK_OFF = 3600
ROUNDS = 20
"""How often one call tells one peer of a log that goes on growing; the next call goes on."""

# Of the readers, who may be woken and holds less than the log. On the primary keys of log, peer
# (by its unique identity_id) and delivery.
_BEHIND = """
FROM federation_peer peer
JOIN federation_log log ON log.id = %(log)s
LEFT JOIN federation_delivery told ON told.peer_id = peer.id AND told.log_id = log.id
WHERE peer.identity_id = ANY(%(readers)s) AND peer.state = 'active'
  AND NOT peer.is_plain AND peer.base_url <> '' AND peer.descriptor IS NOT NULL
  AND log.size > COALESCE(GREATEST(told.woken_size, told.held_size), 0)
  AND (told.next_wake_at IS NULL OR told.next_wake_at <= %(now)s)
"""
# Of two who claim at once one gets it: the second waits for the first's row, and finds the lease
# there, or that the peer was told meanwhile.
_CLAIM = f"""
INSERT INTO federation_delivery AS claimed
    (peer_id, log_id, woken_size, held_size, failures, next_wake_at)
SELECT peer.id, log.id, 0, 0, 0, %(until)s {_BEHIND}
ON CONFLICT (peer_id, log_id) DO UPDATE SET next_wake_at = excluded.next_wake_at
WHERE (claimed.next_wake_at IS NULL OR claimed.next_wake_at <= %(now)s)
  AND GREATEST(claimed.woken_size, claimed.held_size)
      < (SELECT size FROM federation_log WHERE id = claimed.log_id)
RETURNING claimed.peer_id, (SELECT origin FROM federation_log WHERE id = claimed.log_id),
    (SELECT size FROM federation_log WHERE id = claimed.log_id)
"""
_TOLD = """
UPDATE federation_delivery SET woken_size = GREATEST(woken_size, %s), woken_at = %s,
    failures = 0, failure = '', next_wake_at = NULL
WHERE peer_id = %s AND log_id = %s
"""
_NOT_TOLD = """
UPDATE federation_delivery SET failures = failures + %s, failure = %s,
    next_wake_at = %s + make_interval(secs => GREATEST(%s, LEAST(%s, 2 ^ LEAST(failures, 12))))
WHERE peer_id = %s AND log_id = %s
"""
_WOKEN = """
UPDATE federation_subscription pulled
SET wanted_at = said.at, next_pull_at = LEAST(next_pull_at, said.at)
FROM (VALUES (%s, %s, %s, %s)) AS said (at, peer, origin, size), federation_peerlog log
WHERE log.origin = said.origin AND log.peer_id = said.peer AND pulled.log_id = log.id
  AND pulled.state = 'active' AND pulled.size < said.size
RETURNING pulled.id
"""


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one line: this log has so many entries now."""

    log: str
    size: Annotated[int, msgspec.Meta(ge=0)]

    def encode(self) -> bytes:
        """Its canonical form."""
        return canonical({"log": self.log, "size": self.size})


@dataclass(frozen=True, slots=True)
class _Claim:
    """A peer that is this call's to tell, for the length of the lease."""

    peer: Peer
    notice: Notice
    round: int


def due_wakes(log_id: UUID, readers: Collection[str]) -> list[str]:
    """Which of the readers (identity ids) are to be told that the log has grown, in any order."""
    parameters: dict[str, Any] = {"log": log_id, "readers": [*readers], "now": datetime.now(UTC)}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT peer.identity_id {_BEHIND}", parameters)
        return [identity for (identity,) in cursor.fetchall()]


def wake(log_id: UUID, readers: Collection[str]) -> int:
    """Tell those of the readers (identity ids) that are due; how many were told.

    At most eight at once, so that one who is slow delays no other; whoever can't be told is tried
    again, with growing pauses, by later calls. If the log has grown meanwhile they are told again.
    """
    told, key = 0, request_key()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        pending = _begin(pool, key, _claim(log_id, readers, 0))
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                claim = pending.pop(future)
                if _conclude(log_id, claim, future):
                    told += 1
                    pending |= _begin(pool, key, _claim_again(log_id, claim))
    return told


def woken(peer: Peer, body: bytes) -> UUID | None:
    """A peer's log has grown: the subscription to pull now, None if it is there already.

    It is due from now on, also if nobody pulls at once. Raises MalformedRequest, and UnknownLog if
    this node does not pull that log from that peer.
    """
    notice = read_notice(body, Notice)
    with connection.cursor() as cursor:
        cursor.execute(_WOKEN, [datetime.now(UTC), peer.pk, notice.log, notice.size])
        if row := cursor.fetchone():
            return UUID(str(row[0]))
    state = Subscription.State.ACTIVE
    if Subscription.objects.filter(log__origin=notice.log, peer=peer, state=state).exists():
        return None
    raise UnknownLog(f"This node does not pull {notice.log[:200]!r}, or holds it off for now.")


def _begin(
    pool: ThreadPoolExecutor, key: SigningKey, claims: Sequence[_Claim]
) -> dict[Future[Answer], _Claim]:
    return {pool.submit(_tell, each, key): each for each in claims}


def _claim(log_id: UUID, readers: Collection[str], round: int) -> list[_Claim]:
    now = datetime.now(UTC)
    parameters: dict[str, Any] = {"log": log_id, "readers": [*readers], "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, parameters | {"until": now + LEASE})
        claimed = {peer: Notice(origin, size) for peer, origin, size in cursor.fetchall()}
    peers = Peer.objects.in_bulk(claimed)
    return [_Claim(peers[pk], notice, round) for pk, notice in claimed.items()]


def _claim_again(log_id: UUID, claim: _Claim) -> list[_Claim]:
    """Whoever wanted to tell of more while this peer was being told found the lease, and left."""
    if claim.round == ROUNDS:
        return []
    return _claim(log_id, [claim.peer.identity_id], claim.round + 1)


def _tell(claim: _Claim, key: SigningKey) -> Answer:
    """The request itself, in a thread: nothing here touches the database."""
    doors = doors_of(claim.peer)
    if doors is None:
        raise PeerUnavailable(f"{claim.peer.name} has no doors that are known.", MOST_BACK_OFF)
    return knock(claim.peer, doors.federation + "wake", claim.notice.encode(), key)


def _conclude(log_id: UUID, claim: _Claim, future: Future[Answer]) -> bool:
    """Remember that the peer was told, or why not and until when it is left alone."""
    try:
        answer = future.result()
        if answer.status == 404:
            _put_off(
                log_id, claim, NOT_SUBSCRIBED, failed=False, reason="It does not pull this log."
            )
            return False
        if not answer.is_good:
            raise refused(answer)
    except PeerUnavailable as error:
        _put_off(log_id, claim, timedelta(seconds=error.retry_after), reason=str(error))
        return False
    except FederationError as error:
        _put_off(log_id, claim, timedelta(0), reason=str(error))
        return False
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, [claim.notice.size, datetime.now(UTC), claim.peer.pk, log_id])
    return True


def _put_off(
    log_id: UUID, claim: _Claim, least: timedelta, *, reason: str, failed: bool = True
) -> None:
    seconds = least.total_seconds()
    most = MOST_BACK_OFF if failed else seconds
    row: list[Any] = [int(failed), reason, datetime.now(UTC), seconds, most]
    with connection.cursor() as cursor:
        cursor.execute(_NOT_TOLD, [*row, claim.peer.pk, log_id])
    if failed:
        log.warning("a peer could not be woken", peer=claim.peer.name, reason=reason)
