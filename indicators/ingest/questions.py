"""Small JSON bodies, read strictly; what is wrong with them is said without quoting them."""

from typing import TypeVar

import msgspec
from django.http import HttpRequest

from federation import canonical
from federation.canonical import MalformedJSON
from indicators.detections.formats.faults import shape_fault, syntax_fault
from indicators.ingest import body
from indicators.ingest.errors import Refused

Q = TypeVar("Q", bound=msgspec.Struct)


def read_question(request: HttpRequest, sent: bytes, expected: type[Q]) -> Q:
    """The body as the expected struct; raises Refused 400, 413, 415 or 422."""
    if request.content_type != "application/json":
        raise Refused(415, "Send the question as application/json.")
    source = b"".join(body.unpacked(sent, request.headers.get("Content-Encoding", "")))
    try:
        value = canonical.parse(source, max_bytes=body.MAX_BYTES)
    except MalformedJSON as error:
        raise Refused(
            400, "The body is not strict JSON (RFC 7493).", errors=[syntax_fault(error)]
        ) from None
    try:
        return msgspec.convert(value, expected)
    except msgspec.ValidationError as error:
        fault = shape_fault(error, expected)
        raise Refused(422, "The body doesn't match the schema.", errors=[fault]) from None
