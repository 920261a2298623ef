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


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Django's answer; a whole one as a list, which granian sends at once and with its length.

    Anything else it takes for a stream, and sends in chunks.
    """
    response = _django(environ, start_response)
    if not isinstance(response, HttpResponse):
        return cast(Iterable[bytes], response)
    try:
        return [response.content]
    finally:
        response.close()
