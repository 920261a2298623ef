"""The key-holder's doors for members: its public keys, and evaluation of what they blinded.

Thin: parse, charge, evaluate, render. Elements and proofs live as long as the request; what stays
is who had how many of which kind evaluated, and when.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps

import msgspec
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_POST, require_safe

from federation import canonical
from federation.errors import FederationError, KeyNotOpened, QuotaExceeded, UnknownTokenKey
from federation.pseudonyms import epochs, quota
from federation.pseudonyms.answers import Evaluated, KeyList, KeyLog, ListedKey, Question
from federation.pseudonyms.voprf import ELEMENT_BYTES, MAX_BATCH
from federation.transparency import checkpoint, log

View = Callable[..., HttpResponseBase]

MAX_QUESTION_BYTES = 64 * 1024
_JSON = "application/json"
_RETRY_AFTER = "5"


class _NotKeyHolder(FederationError):
    """This node has another node's tokens, so it holds no keys."""


class _TooLarge(FederationError):
    """The body can't be a batch of at most 1,000 elements."""


class _NotAQuestion(FederationError):
    """JSON, but not what this door asks for."""


_STATUSES: dict[type[FederationError], int] = {
    KeyNotOpened: 503,
    QuotaExceeded: 429,
    UnknownTokenKey: 404,
    _NotKeyHolder: 404,
    _TooLarge: 413,
}


def _refusals_answered(view: Callable[..., HttpResponse]) -> View:
    """The one place where errors become answers; all others of the protocol's are 400."""

    @wraps(view)
    def answered(request: HttpRequest, member: str) -> HttpResponse:
        try:
            if settings.KEYHOLDER_URL:
                raise _NotKeyHolder("This node is no key-holder: it has its tokens from another.")
            return view(request, member)
        except FederationError as refusal:
            return _refuse(refusal)
        except DatabaseError:
            return _answer({"error": "The database is away; ask again."}, 503)

    return answered


def _refuse(refusal: FederationError) -> HttpResponse:
    response = _answer({"error": str(refusal)}, _STATUSES.get(type(refusal), 400))
    if isinstance(refusal, QuotaExceeded):
        response["Retry-After"] = str(refusal.retry_after)
    return response


def _answer(content: object, status: int = 200) -> HttpResponse:
    response = HttpResponse(msgspec.json.encode(content), content_type=_JSON, status=status)
    response["Cache-Control"] = "private, no-store"
    if status == 503:
        response["Retry-After"] = _RETRY_AFTER
    return response


@require_safe
@_refusals_answered
def keys(request: HttpRequest, member: str) -> HttpResponse:
    """Every public key in the order of the key-holder's log, with the log's newest checkpoint."""
    if not epochs.all_keys(1):
        epochs.rotate_epochs(datetime.now(UTC))
    note = log.checkpoint(epochs.log_id())  # read first: the keys it covers stay where they are
    verifier = log.verifier(epochs.log_id())
    head = checkpoint.verify(note, verifier.name, verifier)
    listed = [
        ListedKey(
            key.kind, key.epoch, key.public_key, key.not_before, key.not_after, key.dropped_at
        )
        for key in epochs.all_keys(head.size)
    ]
    return _answer(
        KeyList(settings.TOKEN_GROUP, KeyLog(head.origin, verifier.vkey, note.decode()), listed)
    )


@require_POST
@_refusals_answered
def evaluate(request: HttpRequest, member: str) -> HttpResponse:
    """Evaluate a batch for a member, after charging it."""
    question = _read(request)
    now = datetime.now(UTC)
    _, evaluator = epochs.open_evaluator(question.kind, question.epoch, now)
    quota.charge(member, question.kind, question.epoch, len(question.elements), now)
    evaluated, proof = evaluator.evaluate(question.elements)
    return _answer(Evaluated(evaluated, proof))


def _read(request: HttpRequest) -> Question:
    """The question, of a size that may be charged; whose bytes they are, evaluation finds out."""
    body = request.read(MAX_QUESTION_BYTES + 1)
    if len(body) > MAX_QUESTION_BYTES:
        raise _TooLarge(f"A batch of {MAX_BATCH} elements fits in {MAX_QUESTION_BYTES} bytes.")
    try:
        question = msgspec.convert(canonical.parse(body, max_bytes=MAX_QUESTION_BYTES), Question)
    except msgspec.ValidationError:
        raise _NotAQuestion(
            "Ask with kind (text), epoch (number) and elements (base64), and nothing else."
        ) from None
    count = len(question.elements)
    if not 1 <= count <= MAX_BATCH:
        raise _NotAQuestion(f"A batch has 1 to {MAX_BATCH} elements, not {count}; divide it.")
    if any(len(each) != ELEMENT_BYTES for each in question.elements):
        raise _NotAQuestion(f"An element has {ELEMENT_BYTES} bytes, in base64.")
    return question
