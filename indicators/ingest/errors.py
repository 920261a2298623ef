"""What the ingest door refuses, as RFC 9457 problems: the one place of its status codes."""

import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec
import structlog
from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from rest_framework.exceptions import MethodNotAllowed

from federation.errors import KeyHolderLied, KeyHolderUnavailable, QuotaExceeded
from indicators.access import NotAuthenticated, OutsideScope
from indicators.detections.feedback import UnknownFinding
from indicators.detections.formats import LineError
from indicators.pipeline import IdempotencyConflict
from indicators.telemetry import places

log = structlog.get_logger("retort.ingest")

PROBLEM = "application/problem+json"
CHALLENGE = {"WWW-Authenticate": 'Basic realm="ingest", charset="UTF-8", Bearer realm="ingest"'}
#: Errors whose own sentence is the answer.
_STATUSES: dict[type, int] = {
    NotAuthenticated: 401,
    OutsideScope: 403,
    UnknownFinding: 404,
    IdempotencyConflict: 409,
    KeyHolderLied: 502,
}
#: A database that restarts is back in seconds.
_SECONDS_TO_RECOVER = 5


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457. `errors` says where in the body; `error_id` names our log's entry of a fault."""

    title: str
    status: int
    detail: str
    errors: tuple[LineError, ...] = ()
    error_id: str | None = None


class Refused(Exception):
    """A request that this door does not serve; `status` is the HTTP status code."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[LineError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def answer(error: Exception) -> HttpResponse:
    """The problem for any exception; what we did not foresee is logged by its id."""
    match error:
        case Refused():
            return _problem(error.status, error.detail, error.errors, error.headers)
        case QuotaExceeded():
            return _problem(429, str(error), headers=_later(error.retry_after))
        case KeyHolderUnavailable():
            return _problem(503, str(error), headers=_later(error.retry_after))
        case MethodNotAllowed():
            return _problem(405, "This resource has no such method; see Allow.")
        case SuspiciousOperation():
            return _problem(400, "The request's host or headers are not usable here.")
        case OperationalError() | InterfaceError():
            detail = "The database does not answer; nothing was lost. Try again."
            error_id = _logged(error)
            return _problem(503, detail, headers=_later(_SECONDS_TO_RECOVER), error_id=error_id)
    status = next((_STATUSES[kind] for kind in type(error).mro() if kind in _STATUSES), None)
    if status is not None:
        return _problem(status, str(error), headers=CHALLENGE if status == 401 else None)
    detail = "Our fault; the log has the cause under this id."
    return _problem(500, detail, error_id=_logged(error))


def _later(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}


def _logged(error: Exception) -> str:
    """Only the kind and the place of a fault: its message, or a row in it, may say whose it is."""
    error_id = str(uuid.uuid4())
    log.error("request failed", error_id=error_id, kind=type(error).__name__, at=places(error))
    return error_id


def _problem(
    status: int,
    detail: str,
    errors: tuple[LineError, ...] = (),
    headers: Mapping[str, str] | None = None,
    error_id: str | None = None,
) -> HttpResponse:
    problem = Problem(HTTPStatus(status).phrase, status, detail, errors, error_id)
    body = msgspec.json.encode(problem)
    return HttpResponse(body, status=status, content_type=PROBLEM, headers=dict(headers or {}))
