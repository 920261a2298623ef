"""The door that every TAXII request comes through: authenticate, negotiate, then one function."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import orjson
import zstandard
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from isal import igzip

from indicators import access
from indicators.models import Scope
from indicators.taxii import media
from indicators.taxii.errors import Refused, answer

P = ParamSpec("P")
View = Callable[..., HttpResponse]
_SMALL = 1024
_SLASHES = re.compile(r"/{2,}")


class SingleSlashes:
    """Middleware: doubled slashes in a TAXII path mean one; clients join URLs carelessly."""

    def __init__(self, next_layer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.next_layer = next_layer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if "//" in path and path.lstrip("/").startswith("taxii2"):
            request.path_info = _SLASHES.sub("/", path)
        return self.next_layer(request)


def door(
    *methods: str,
) -> Callable[[Callable[Concatenate[HttpRequest, access.Caller, P], HttpResponse]], View]:
    """Let a view see only requests of a known caller that accept TAXII 2.1, by these methods."""
    allowed = (*methods, "HEAD") if "GET" in methods else methods

    def wrap(view: Callable[Concatenate[HttpRequest, access.Caller, P], HttpResponse]) -> View:
        @csrf_exempt
        @wraps(view)
        def enter(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                caller = identify(request)
                if request.method not in allowed:
                    raise Refused(
                        405, f"Here: {', '.join(allowed)}.", {"Allow": ", ".join(allowed)}
                    )
                if not media.accepts_taxii(request.headers.get("Accept")):
                    raise Refused(406, f"Answers come as {media.TAXII} only.")
                return view(request, caller, *args, **kwargs)
            except Exception as error:  # every failure gets a TAXII error message
                return answer(error)

        return enter

    return wrap


def identify(request: HttpRequest) -> access.Caller:
    """The caller, if its credential is for the feed. A POST's body is verified when it is read."""
    caller = access.identify(request, Scope.FEED)
    if request.method != "POST":
        access.verify_signed(request, caller, b"")
    return caller


def readable(caller: access.Caller, collection: str) -> access.Permission:
    """The collection if the caller may read it: 403 where it may know of it, else 404."""
    found = known(caller, collection)
    if not found.can_read:
        raise Refused(403, "You may not read this collection; ask its owner for a grant.")
    return found


def known(caller: access.Caller, collection: str) -> access.Permission:
    found = access.permission(caller.member, collection)
    if found is None:
        raise Refused(404, "There is no such collection for you.")
    return found


def json_answer(content: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(content), status=status, content_type=media.TAXII)


def send(request: HttpRequest, body: bytes, *, etag: str, headers: dict[str, str]) -> HttpResponse:
    """A body in the coding that the client likes best, or 304 if it has it already."""
    coding = media.encoding(request.headers.get("Accept-Encoding"))
    if len(body) < _SMALL:
        coding = "identity"
    tagged = coded_tag(etag, coding)
    if has_already(request, tagged):
        return not_modified(tagged, headers)
    if coding == "zstd":
        body = zstandard.compress(body, 1)
    elif coding == "gzip":
        body = igzip.compress(body, 2, mtime=0)
    return coded(body, coding, tagged, headers)


def coded(body: bytes, coding: str, tagged: str, headers: dict[str, str]) -> HttpResponse:
    response = HttpResponse(body, content_type=media.TAXII, headers=headers)
    if coding != "identity":
        response["Content-Encoding"] = coding
    response["ETag"] = tagged
    response["Vary"] = "Accept-Encoding, Authorization"
    response["Cache-Control"] = "private, no-cache"
    return response


def not_modified(tagged: str, headers: dict[str, str]) -> HttpResponse:
    kept = {"ETag": tagged, "Vary": "Accept-Encoding, Authorization"}
    return HttpResponse(status=304, content_type=media.TAXII, headers=headers | kept)


def coded_tag(etag: str, coding: str) -> str:
    """A strong tag names bytes, so each coding has its own."""
    return f'"{etag}"' if coding == "identity" else f'"{etag}-{coding}"'


def has_already(request: HttpRequest, tagged: str) -> bool:
    """If-None-Match (RFC 9110 §13.1.2): a list of tags or `*`, compared weakly."""
    known_tags = request.headers.get("If-None-Match", "")
    return known_tags.strip() == "*" or tagged in (
        tag.strip().removeprefix("W/") for tag in known_tags.split(",")
    )
