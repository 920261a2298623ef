"""The key-holder's doors as an application mounts them: a guard that knows its members."""

import base64
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from federation.pseudonyms.views import View
from federation.urls import keyholder_urls

SIGNED: list[tuple[str, str, dict[str, str], bytes]] = []
"""What the guard saw of each request: method, URL, headers, body."""


def guard(view: View) -> View:
    """Basic authentication by name alone; the member is the name."""

    @wraps(view)
    def guarded(request: HttpRequest) -> Any:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return HttpResponse(status=401)
        SIGNED.append(
            (
                str(request.method),
                request.build_absolute_uri(),
                dict(request.headers),
                request.body,
            )
        )
        member = base64.b64decode(value).decode().partition(":")[0]
        if member == "mallory":
            return HttpResponse(status=403)
        return view(request, member=member)

    return guarded


urlpatterns = keyholder_urls(guard)
