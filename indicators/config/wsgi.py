"""The web processes' entry point: `granian --interface wsgi indicators.config.wsgi:application`."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import get_resolver

from indicators.config.structs import learn_all

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "indicators.config.settings")
_django = get_wsgi_application()
# Otherwise the first requests would load the views, in threads.
get_resolver().url_patterns  # noqa: B018 - asking is what loads them
learn_all()


#: Bytes of a request that nobody wanted to read which are read for its sender's sake.
_LEFT_OVER = 64 * 1024


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Django's answer; a whole one as a list, which granian sends at once and with its length.

    Anything else it takes for a stream, and sends in chunks.
    """

    def start(status: str, headers: list[tuple[str, str]]) -> object:
        if not _is_read_to_the_end(environ):
            headers = [*headers, ("Connection", "close")]
        return start_response(status, headers)

    response = _django(environ, cast("StartResponse", start))
    if not isinstance(response, HttpResponse):
        return cast(Iterable[bytes], response)
    try:
        return [response.content]
    finally:
        response.close()


def _is_read_to_the_end(environ: "WSGIEnvironment") -> bool:
    """Whether the sender may use its connection again.

    A request that is refused for its address, its headers or its key is answered before its body
    is read. granian closes the connection then, without a word if the body is still on its way:
    the sender's next request would be lost. So what is small is read, and of what is not the sender
    is told.
    """
    return len(environ["wsgi.input"].read(_LEFT_OVER)) < _LEFT_OVER
