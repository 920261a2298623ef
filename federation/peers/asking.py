"""Asking peers to cosign this node's checkpoints, so that it can't show two logs to two readers."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import Max

from federation.errors import FederationError, MalformedCheckpoint, UnknownLog
from federation.models import (
    Cosignature,
    Delivery,
    Log,
    Peer,
    PeerState,
    SignedCheckpoint,
    Subscription,
)
from federation.peers.knocking import Answer, doors_of, knock, refused, request_key
from federation.transparency import cosignature, note, submission
from federation.transparency import log as logs
from federation.transparency.checkpoint import Checkpoint, parse, parse_size
from federation.transparency.cosignature import Witness

log = structlog.get_logger("retort.witness")

AT_ONCE = 8

# Only the newest checkpoint is served, so a witness's newest word is all that is kept: finding
# where it stands is a look at one row, however often it was asked.
_STORE = """
WITH older AS (
    DELETE FROM federation_cosignature WHERE log_id = %s AND size < %s AND witness = %s
)
INSERT INTO federation_cosignature (log_id, size, witness, line, signed_at)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT (log_id, size, witness) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class _Question:
    """A witness, and the size of this log that it is thought to have seen."""

    peer: Peer
    url: str
    witness: Witness
    old: int


@dataclass(frozen=True, slots=True)
class _Head:
    """This log's newest checkpoint, with the note that says so."""

    log_id: UUID
    checkpoint: Checkpoint
    text: str
    note: bytes


def cosign(log_id: UUID) -> int:
    """Have the newest checkpoint of a log cosigned by every active peer; how many more have.

    A peer that can't be reached is asked again for a later checkpoint, or the next time.
    """
    if Subscription.objects.filter(inbox=log_id).exists():
        return 0  # an inbox is read by nobody else: peers don't know of its log
    head = _read_head(log_id)
    if head.checkpoint.size == 0:
        return 0
    answered = list(_ask(head, _questions(head)))
    moved = [again for asked, answer in answered if (again := _asked_anew(head, asked, answer))]
    return sum(_store(head, *each) for each in [*answered, *_ask(head, moved)])


def _read_head(log_id: UUID) -> _Head:
    newest = SignedCheckpoint.objects.filter(log_id=log_id).order_by("-size").first()
    if newest is None:
        raise UnknownLog(f"There is no log {log_id} on this node.")
    source = newest.note.encode()
    text = note.parse(source).text
    return _Head(log_id, parse(text), text, source)


def _questions(head: _Head) -> list[_Question]:
    """The active peers that witness, have not cosigned this size, and are not known to be away."""
    active = Peer.objects.filter(state=PeerState.ACTIVE, is_plain=False)
    away = Delivery.objects.filter(
        log_id=head.log_id, failures__gt=0, next_wake_at__gt=datetime.now(UTC)
    )
    reached = active.exclude(pk__in=away.values("peer_id"))
    cosigned = _cosigned_sizes(head.log_id)
    doors = [(peer, found) for peer in reached if (found := doors_of(peer)) is not None]
    questions = [
        _Question(peer, each.witnessing, each.witness, cosigned.get(each.witness.vkey, 0))
        for peer, each in doors
        if each.witness is not None
    ]
    return [each for each in questions if each.old < head.checkpoint.size]


def _cosigned_sizes(log_id: UUID) -> dict[str, int]:
    """The largest size that each witness cosigned."""
    rows = Cosignature.objects.filter(log_id=log_id).values_list("witness")
    return dict(rows.annotate(Max("size")))


def _ask(head: _Head, questions: Sequence[_Question]) -> Iterator[tuple[_Question, Answer]]:
    """The answers that came, of all witnesses at once; the bodies are made before."""
    key = request_key()
    bodies = [
        submission.write(
            each.old, logs.consistency(head.log_id, each.old, head.checkpoint.size), head.note
        )
        for each in questions
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sent = [
            pool.submit(knock, each.peer, each.url + "add-checkpoint", body, key)
            for each, body in zip(questions, bodies, strict=True)
        ]
        for each, future in zip(questions, sent, strict=True):
            try:
                yield each, future.result()
            except FederationError as error:
                _warn(each, error)


def _asked_anew(head: _Head, asked: _Question, answer: Answer) -> _Question | None:
    """The question from the size that the witness has seen, where it was another."""
    if answer.status != 409:
        return None
    try:
        seen = parse_size(answer.body.decode(errors="replace").removesuffix("\n"))
    except MalformedCheckpoint:
        _warn(asked, refused(answer))  # it says why: another root than it has seen
        return None
    if seen > Log.objects.get(pk=head.log_id).size:
        log.error(
            "a witness has seen more of a log than there is: was this node restored from an older"
            " backup?",
            witness=asked.peer.name,
            origin=head.checkpoint.origin,
            seen=seen,
        )
    return replace(asked, old=seen) if asked.old != seen <= head.checkpoint.size else None


def _store(head: _Head, asked: _Question, answer: Answer) -> bool:
    """Keep a cosignature that holds, by the key that the witness's descriptor shows."""
    if answer.status == 409:
        return False  # asked anew, or the witness knows a newer checkpoint already
    try:
        if not answer.is_good:
            raise refused(answer)
        cosigned = cosignature.verify(head.text, answer.body, asked.witness)
    except FederationError as error:
        _warn(asked, error)
        return False
    size, vkey = head.checkpoint.size, asked.witness.vkey
    parameters: list[Any] = [head.log_id, size, vkey] * 2
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [*parameters, cosigned.line, cosigned.at])
        return bool(cursor.rowcount == 1)


def _warn(asked: _Question, error: FederationError) -> None:
    log.warning("a peer did not cosign", witness=asked.peer.name, reason=str(error))
