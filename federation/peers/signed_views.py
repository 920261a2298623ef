"""The doors between nodes: wake, receipt, and the witness. Thin: parse, call one function, render.

Each is open to active peers alone, by the signature of the request (`door.signed`).
"""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponse

from federation.models import Peer
from federation.peers import receipt as receipts
from federation.peers.door import View, signed
from federation.peers.wake import woken
from federation.transparency import witness

OnWake = Callable[[UUID], None]


def wake(on_wake: OnWake) -> View:
    """`{"log", "size"}`: a peer's log has grown; `on_wake` hands the pull over."""

    @signed
    def answer(peer: Peer, body: bytes) -> HttpResponse:
        if (subscription := woken(peer, body)) is not None:
            on_wake(subscription)
        return HttpResponse(status=204)

    return answer


@signed
def receipt(peer: Peer, body: bytes) -> HttpResponse:
    """`{"log", "size", "root"}`: how much of this node's log the peer holds."""
    receipts.take(peer, body)
    return HttpResponse(status=204)


@signed
def add_checkpoint(peer: Peer, body: bytes) -> HttpResponse:
    """C2SP tlog-witness: a checkpoint of a log that this node follows, whoever brings it."""
    return HttpResponse(witness.add_checkpoint(body), content_type="text/plain; charset=utf-8")
