"""A POST's body: of the right type, in bounded memory."""

from typing import BinaryIO, cast

from django.conf import settings
from django.http import HttpRequest

from indicators.taxii import media
from indicators.taxii.errors import Refused


def read_body(request: HttpRequest) -> bytes:
    """The whole body; raises Refused 415 or 413 before more than the limit was read."""
    if not media.is_taxii(request.headers.get("Content-Type")):
        raise Refused(415, f"Send objects as {media.TAXII}.")
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Refused(415, "Send the body uncompressed; answers are compressed on request.")
    most = settings.MAX_CONTENT_LENGTH
    if int(request.META.get("CONTENT_LENGTH") or 0) > most:
        raise _too_large(most)
    body = _stream(request).read(most + 1)
    if len(body) > most:
        raise _too_large(most)
    return body


def _stream(request: HttpRequest) -> BinaryIO:
    """The body, chunked ones too: Django alone takes a missing length for an empty one."""
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    return cast(BinaryIO, request.META["wsgi.input"] if chunked else request)


def _too_large(most: int) -> Refused:
    return Refused(
        413, f"The body has more than {most:,} bytes (max_content_length); send several."
    )
