"""Who is at the doors between nodes: an active peer, by its signature alone (RFC 9421)."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import TypeVar

import msgspec
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from federation import canonical, nonces
from federation.errors import (
    BadSignature,
    BeyondTree,
    FederationError,
    Forked,
    KeyNotOpened,
    LogDamaged,
    MalformedRequest,
    MalformedSignature,
    NotSigned,
    OtherSize,
    PeerUnknown,
    ProofRefused,
    Replayed,
    SignatureExpired,
    UnknownLog,
    WitnessRefused,
    WrongSigner,
)
from federation.models import Peer, PeerKey, PeerState
from federation.requests import LIFETIME, named_key, verify_request

MAX_BODY_BYTES = 256 * 1024
"""A checkpoint with as many signatures as a note may have, of the largest kind."""

_PLAIN = "text/plain; charset=utf-8"
_RETRY_AFTER = "5"
_NOT_AUTHENTICATED = (
    BadSignature,
    MalformedSignature,
    NotSigned,
    Replayed,
    SignatureExpired,
    WrongSigner,
)
_STATUSES: dict[type[FederationError], int] = {
    PeerUnknown: 403,
    UnknownLog: 404,
    BeyondTree: 409,
    Forked: 409,
    OtherSize: 409,
    ProofRefused: 422,
    WitnessRefused: 403,
    KeyNotOpened: 503,
    LogDamaged: 503,
}
Notice = TypeVar("Notice", bound=msgspec.Struct)
PeerView = Callable[[Peer, bytes], HttpResponse]
View = Callable[[HttpRequest], HttpResponseBase]


class _NotAdmitted(FederationError):
    """A request whose signature does not say who is at the door."""


class _TooLarge(FederationError):
    """A body of more bytes than any question at these doors has."""


def identify_peer(request: HttpRequest, body: bytes) -> Peer:
    """The active peer whose request key signed this; `body` as it came over the wire.

    1. The signature names a request key that is pinned and not replaced (PeerUnknown).
    2. It holds (what `requests.verify_request` raises), and its nonce is new (Replayed).
    3. The key's owner is active (PeerUnknown).

    To be called before anything is done, outside a transaction: the nonce is used up.
    """
    now = datetime.now(UTC)
    kid = named_key(request.headers)
    # Look-ups on the unique kid and the peer's primary key.
    key = (
        PeerKey.objects.select_related("peer")
        .filter(kid=kid, purpose=PeerKey.Purpose.REQUEST)
        .first()
    )
    if key is None or key.until is not None:
        raise PeerUnknown(
            f"No peer has the request key {kid} here, or it was replaced; ask this node's operator "
            "to confirm your node, or to refresh its descriptor."
        )
    signer = verify_request(
        request.method or "",
        request.build_absolute_uri(),
        request.headers,
        body,
        bytes(key.public_key),
        now,
    )
    nonces.remember(signer.key_id, signer.nonce, now + LIFETIME)
    if key.peer.state != PeerState.ACTIVE:
        raise PeerUnknown(f"{key.peer.name} is {key.peer.state} at this node.")
    return key.peer


def signed(view: PeerView) -> View:
    """A door for signed POSTs of active peers; the one place where errors become answers."""

    @csrf_exempt
    @require_POST
    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponseBase:
        try:
            body = _read(request)
            return _unkept(view(_admit(request, body), body))
        except FederationError as refusal:
            return _refuse(refusal)
        except DatabaseError:
            return _answer("The database is away; ask again.", 503)

    return answered


def _read(request: HttpRequest) -> bytes:
    body = request.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise _TooLarge(f"The body has more than {MAX_BODY_BYTES} bytes.")
    return body


def _admit(request: HttpRequest, body: bytes) -> Peer:
    try:
        return identify_peer(request, body)
    except _NOT_AUTHENTICATED as refusal:
        # The same words are said of what a body contains; there they don't mean 401.
        raise _NotAdmitted(str(refusal)) from refusal


def _refuse(refusal: FederationError) -> HttpResponse:
    match refusal:
        case OtherSize():
            # C2SP tlog-witness: the size, and nothing else, in a type of its own.
            response = _answer(str(refusal.size), 409)
            response["Content-Type"] = "text/x.tlog.size"
            return response
        case _NotAdmitted():
            return _answer(str(refusal), 401)
        case _TooLarge():
            return _answer(str(refusal), 413)
    return _answer(str(refusal), _STATUSES.get(type(refusal), 400))


def _answer(sentence: str, status: int) -> HttpResponse:
    response = _unkept(HttpResponse(f"{sentence}\n", content_type=_PLAIN, status=status))
    if status == 503:
        response["Retry-After"] = _RETRY_AFTER
    return response


def _unkept(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    return response


def read_notice(body: bytes, kind: type[Notice]) -> Notice:
    """The members of a notice: strict JSON, of exactly the members of `kind`; MalformedRequest."""
    try:
        return msgspec.convert(canonical.parse(body, max_bytes=MAX_BODY_BYTES), kind)
    except (canonical.MalformedJSON, msgspec.ValidationError) as error:
        raise MalformedRequest(f"The notice can't be read: {error}") from error
