"""What the TAXII door refuses, and its answer: the one place where failures meet status codes."""

import uuid
from collections.abc import Mapping

import orjson
import structlog
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import HttpResponse

from indicators.access import NotAuthenticated, OutsideScope
from indicators.stix import UnreadableInput
from indicators.store.errors import NotTheOwner, UnknownObject
from indicators.taxii.media import TAXII

log = structlog.get_logger("retort.taxii")


class Refused(Exception):
    """A request that this door does not serve; `status` is the HTTP status code."""

    def __init__(self, status: int, details: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(details)
        self.status = status
        self.details = details
        self.headers = headers or {}


_TITLES = {
    400: "The request is malformed",
    401: "Authentication is needed",
    403: "Not permitted",
    404: "Not found",
    405: "Method not allowed",
    406: "No acceptable media type",
    413: "The request is too large",
    415: "Unsupported media type",
    422: "The content can't be used",
    500: "The server failed",
    503: "The server is not ready",
}
CHALLENGE = {"WWW-Authenticate": 'Basic realm="TAXII", charset="UTF-8", Bearer realm="TAXII"'}


def answer(error: Exception) -> HttpResponse:
    """The TAXII error message for any exception; what we did not foresee is logged by its id."""
    match error:
        case Refused():
            return _message(error.status, error.details, error.headers)
        case OutsideScope():
            return _message(403, str(error))
        case NotAuthenticated():
            return _message(401, str(error), CHALLENGE)
        case UnknownObject():
            return _message(404, str(error))
        case NotTheOwner():
            return _message(403, str(error))
        case UnreadableInput():
            return _message(422, str(error))
        case SuspiciousOperation():
            return _message(400, "The request's host or headers are not usable here.")
        case OperationalError():
            error_id = _logged(error)
            details = "The database does not answer; nothing was lost. Try again."
            return _message(503, details, {"Retry-After": "5"}, error_id)
    return _message(500, "Our fault; the log has the cause under this id.", {}, _logged(error))


def _logged(error: Exception) -> str:
    error_id = str(uuid.uuid4())
    log.error("request failed", error_id=error_id, exc_info=error)
    return error_id


def _message(
    status: int,
    details: str,
    headers: Mapping[str, str] | None = None,
    error_id: str | None = None,
) -> HttpResponse:
    body = {
        "title": _TITLES.get(status, "The request failed"),
        "description": details,
        "error_id": error_id or str(uuid.uuid4()),
        "http_status": str(status),
        "details": {"reason": details},
    }
    return HttpResponse(
        orjson.dumps(body), status=status, content_type=TAXII, headers=dict(headers or {})
    )
