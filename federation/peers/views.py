"""Where a node describes itself, to anybody."""

import hashlib
from collections.abc import Callable

import structlog
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.views.decorators.http import require_safe

from federation.errors import FederationError

View = Callable[..., HttpResponseBase]

log = structlog.get_logger("retort.peers")

_KEPT = "public, max-age=60"


def descriptor(describe: Callable[[str], bytes]) -> View:
    """The door of the descriptor; `describe` makes it for the address that the reader asked at."""

    @require_safe
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            body = describe(request.build_absolute_uri("/"))
        except (FederationError, DatabaseError) as error:
            log.error("this node can't describe itself", why=str(error))
            return _away()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if request.headers.get("If-None-Match") == etag:
            response: HttpResponse = HttpResponseNotModified()
        else:
            response = HttpResponse(body, content_type="application/json")
        response["ETag"] = etag
        response["Cache-Control"] = _KEPT
        return response

    return answer


def _away() -> HttpResponse:
    plain = "text/plain; charset=utf-8"
    response = HttpResponse("The node can't describe itself; ask again.\n", plain, 503)
    response["Retry-After"], response["Cache-Control"] = "5", "no-store"
    return response
