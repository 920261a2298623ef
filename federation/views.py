"""The log endpoints: C2SP tlog-tiles, and proofs for those who skip the replay.

Thin doors: parse, call `transparency.log`, render. Who may read is decided by the guard that
`urls.log_urls` puts around each view. A tile's bytes never change once it is full, so full tiles
are cached for ever, privately, since a collection's readers are its own.
"""

import base64
from collections.abc import Callable, Sequence
from functools import wraps
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from federation.errors import BeyondTree, FederationError, MalformedTilePath, UnknownLog
from federation.transparency import log
from federation.transparency.checkpoint import parse_size
from federation.transparency.tiles import WIDTH, TilePath

View = Callable[..., HttpResponseBase]

_FOR_EVER = "private, max-age=31536000, immutable"
_NOT_YET = "private, no-store"
_ABSENT = (BeyondTree, MalformedTilePath, UnknownLog)


def _refusals_answered(view: Callable[..., HttpResponse]) -> View:
    """The one place where errors become answers: absent things 404, unreadable questions 400."""

    @require_safe
    @wraps(view)
    def answered(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except _MalformedQuestion as refusal:
            return _refuse(400, refusal)
        except _ABSENT as refusal:
            return _refuse(404, refusal)

    return answered


def _refuse(status: int, refusal: FederationError) -> HttpResponse:
    plain = "text/plain; charset=utf-8"
    response = HttpResponse(f"{refusal}\n", content_type=plain, status=status)
    response["Cache-Control"] = _NOT_YET
    return response


class _MalformedQuestion(FederationError):
    """A proof was asked for without the numbers that it takes."""


@_refusals_answered
def checkpoint(request: HttpRequest, log_id: UUID) -> HttpResponse:
    """The newest signed checkpoint."""
    response = HttpResponse(log.checkpoint(log_id), content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = _NOT_YET
    return response


@_refusals_answered
def tile(request: HttpRequest, log_id: UUID, path: str) -> HttpResponse:
    """A tile or entry bundle; partial ones stay available when the full one exists."""
    wanted = TilePath.parse(path)
    content = log.tile(log_id, wanted)
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Cache-Control"] = _FOR_EVER if wanted.width == WIDTH else _NOT_YET
    return response


@_refusals_answered
def inclusion_proof(request: HttpRequest, log_id: UUID) -> HttpResponse:
    """`?index=&size=`: that entry `index` is in the tree of `size` entries."""
    index, size = _numbers(request, "index", "size")
    return _proof({"index": index, "size": size}, log.inclusion(log_id, index, size))


@_refusals_answered
def consistency_proof(request: HttpRequest, log_id: UUID) -> HttpResponse:
    """`?from=&to=`: that the tree of `to` entries extends the tree of `from`."""
    old, new = _numbers(request, "from", "to")
    return _proof({"from": old, "to": new}, log.consistency(log_id, old, new))


Withdrawn = Callable[[UUID, int], tuple[Sequence[int], bool]]
"""The withdrawn entries of a log from an index on, rising, and whether there are more behind."""


def withdrawn_of(listed: Withdrawn) -> View:
    """`?from=`: the entries from there on whose objects have left the feed."""

    @_refusals_answered
    def withdrawn(request: HttpRequest, log_id: UUID) -> HttpResponse:
        (start,) = _numbers(request, "from")
        indexes, more = listed(log_id, start)
        response = JsonResponse({"withdrawn": list(indexes), "more": more})
        response["Cache-Control"] = _NOT_YET
        return response

    return withdrawn


def _numbers(request: HttpRequest, *names: str) -> list[int]:
    """The named numbers, each given once, and nothing else in the query."""
    if set(request.GET) != set(names) or any(len(request.GET.getlist(n)) != 1 for n in names):
        raise _MalformedQuestion(f"Ask with {' and '.join(names)}, each once, and nothing else.")
    try:
        return [parse_size(request.GET[name]) for name in names]
    except FederationError as error:
        raise _MalformedQuestion(str(error)) from error


def _proof(question: dict[str, int], hashes: Sequence[bytes]) -> HttpResponse:
    proof = [base64.b64encode(each).decode() for each in hashes]
    response = JsonResponse({**question, "proof": proof})
    response["Cache-Control"] = _FOR_EVER
    return response
