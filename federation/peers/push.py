"""Push: what a member behind a firewall publishes is delivered to a peer's collection, by TAXII.

A batch is sent, then its status is asked for until the peer is done with it; only then the cursor
moves. A crash in between sends a batch again, which changes nothing at the other end: a version is
stored once. What the peer refuses is counted with its reason, and holds nothing up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import structlog
from django.db.models import F, Q

from federation.errors import FederationError, PeerMisbehaved, PeerUnavailable
from federation.models import Log, PeerState, Push
from federation.peers.connection import Connection
from federation.peers.source import connect
from federation.peers.statuses import TAXII

log = structlog.get_logger("retort.push")

ReadEntries = Callable[[UUID, int, int], Sequence[tuple[int, bytes]]]
"""`(log, first, most)`: places and canonical bytes of the objects from entry `first` on, in order;
entries without an object any more are left out."""

MOST_OBJECTS = 1000
MOST_BYTES = 8 << 20
ANY_SERVER_TAKES = 64 << 10
"""Smaller bodies are sent without asking how large they may be."""
LEASE = timedelta(minutes=10)
"""Longer than one call may take."""
STATUS_PAUSE = timedelta(seconds=2)
MOST_BACK_OFF = 3600
_AROUND = len(b'{"objects":[]}')
_SHOWN = 300

Count = Annotated[int, msgspec.Meta(ge=0, le=2**31)]


class _Detail(msgspec.Struct, frozen=True):
    id: str = ""
    message: str = ""


class _Status(msgspec.Struct, frozen=True):
    """A TAXII status resource (§4.3), as far as it is needed."""

    id: UUID
    status: Literal["complete", "pending"]
    failure_count: Count = 0
    failures: list[_Detail] = []


@dataclass(frozen=True, slots=True)
class _Batch:
    """Objects to send, and the entry behind them; or one that is larger than the peer takes."""

    bodies: list[bytes]
    stop: int
    is_too_large: bool = False


def push_once(push_id: UUID, read_entries: ReadEntries) -> bool:
    """Send one batch, or ask what became of the last; whether there is more to do at once.

    Never raises what a peer causes: the reason is in the row, and the push rests for a while.
    """
    push = _lease(push_id)
    if push is None:
        return False
    try:
        with connect(push.peer, push.url) as connection:
            if push.status_url:
                return _ask_status(connection, push)
            return _send(connection, push, read_entries)
    except FederationError as error:
        _rest(push, error)
        return False


def _lease(push_id: UUID) -> Push | None:
    now = datetime.now(UTC)
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    due = Push.objects.filter(free, pk=push_id, is_active=True, peer__state=PeerState.ACTIVE)
    if not due.update(leased_until=now + LEASE):
        return None
    return Push.objects.select_related("peer").get(pk=push_id)


def _send(connection: Connection, push: Push, read_entries: ReadEntries) -> bool:
    # Read before the entries: up to here a place without an object has none any more.
    size = Log.objects.get(pk=push.log_id).size
    read = read_entries(push.log_id, push.size, MOST_OBJECTS)
    rows = [row for row in read if row[0] < size]
    stop = rows[-1][0] + 1 if len(read) == MOST_OBJECTS and rows else size
    batch = _cut(rows, stop, _most_bytes(connection, push, rows))
    if batch.is_too_large:
        _refused(push, 1, "larger than the peer takes (max_content_length)")
    if not batch.bodies:
        return _settled(push, batch.stop)
    body = b'{"objects":[' + b",".join(batch.bodies) + b"]}"
    headers = {"Accept": TAXII, "Content-Type": TAXII}
    answer = connection.post(_under(push.url, "objects/"), headers=headers, data=body)
    return _follow(push, answer, batch.stop)


def _most_bytes(connection: Connection, push: Push, rows: Sequence[tuple[int, bytes]]) -> int:
    """How large a body the peer takes; its API root says so (TAXII 2.1 §4.2)."""
    if sum(len(body) + 1 for _, body in rows) + _AROUND <= ANY_SERVER_TAKES:
        return ANY_SERVER_TAKES
    most = connection.get(_api_root(push.url)).get("max_content_length")
    if not isinstance(most, int) or most < 1:
        raise PeerMisbehaved(f"{_api_root(push.url)} does not say how large a body may be.")
    return min(most, MOST_BYTES)


def _cut(rows: Sequence[tuple[int, bytes]], stop: int, most: int) -> _Batch:
    """As many objects as one body holds; one that no body holds is a batch of its own."""
    bodies: list[bytes] = []
    length = _AROUND - 1
    for place, body in rows:
        length += len(body) + 1
        if length > most:
            return _Batch(bodies, place) if bodies else _Batch([], place + 1, is_too_large=True)
        bodies.append(body)
    return _Batch(bodies, stop)


def _ask_status(connection: Connection, push: Push) -> bool:
    try:
        answer = connection.get(push.status_url)
    except PeerUnavailable:
        if connection.last is None or connection.last.status != 404:
            raise
        # Forgotten, so what became of the batch is unknown: it is sent again.
        _update(push, status_url="", sent_size=push.size, leased_until=None)
        return True
    return _follow(push, answer, push.sent_size)


def _follow(push: Push, answer: dict[str, Any], stop: int) -> bool:
    """Go on behind the batch if the peer is done with it; else ask again in a moment."""
    try:
        status = msgspec.convert(answer, _Status)
    except msgspec.ValidationError as error:
        raise PeerMisbehaved(f"{push.url} answers with no TAXII status: {error}") from error
    if status.status == "pending":
        _update(
            push,
            sent_size=stop,
            status_url=_under(_api_root(push.url), f"status/{status.id}/"),
            next_push_at=datetime.now(UTC) + STATUS_PAUSE,
            leased_until=None,
            failures=0,
            failure="",
        )
        return False
    if status.failure_count:
        first = status.failures[0] if status.failures else _Detail(message="without a reason")
        _refused(push, status.failure_count, f"{first.id}: {first.message}")
    return _settled(push, stop)


def _settled(push: Push, stop: int) -> bool:
    now = datetime.now(UTC)
    _update(
        push,
        size=stop,
        sent_size=stop,
        status_url="",
        next_push_at=now,
        pushed_at=now,
        leased_until=None,
        failures=0,
        failure="",
    )
    return stop < Log.objects.get(pk=push.log_id).size


def _refused(push: Push, count: int, reason: str) -> None:
    _update(push, refused_count=F("refused_count") + count, last_refusal=reason[:_SHOWN])
    log.warning("a peer refused objects", peer=push.peer.name, count=count, reason=reason[:_SHOWN])


def _rest(push: Push, error: FederationError) -> None:
    """The lease stays until the push is due again, so that nobody tries before."""
    seconds = min(MOST_BACK_OFF, 2 ** min(push.failures + 1, 12))
    if isinstance(error, PeerUnavailable):
        seconds = max(seconds, error.retry_after)
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    _update(
        push,
        failures=push.failures + 1,
        failure=str(error),
        next_push_at=until,
        leased_until=until,
    )
    log.warning("a push failed", peer=push.peer.name, url=push.url, reason=str(error))


def _update(push: Push, **changes: Any) -> None:
    Push.objects.filter(pk=push.pk).update(**changes)


def _api_root(url: str) -> str:
    root, found, _ = url.rpartition("/collections/")
    if not found:
        raise PeerMisbehaved(f"{url} is not the URL of a TAXII collection (…/collections/<id>/).")
    return root + "/"


def _under(url: str, path: str) -> str:
    return f"{url.rstrip('/')}/{path}"
