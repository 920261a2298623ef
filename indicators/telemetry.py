"""Structured logs: one line an event, with the request it belongs to. Never an object's content."""

import logging
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponseBase
from prometheus_client import Counter
from structlog.typing import Processor

log = structlog.get_logger("retort.access")

DETECTIONS = Counter("retort_detections", "Detections sent by detectors, by status", ["status"])
OBJECTS = Counter("retort_objects", "Objects offered to a collection, by verdict", ["verdict"])

_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(form: str, level: str) -> None:
    """Send structlog's and the standard library's records to stderr in one form: json or plain."""
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("django.request").setLevel(logging.ERROR)
    logging.getLogger("axes").setLevel(logging.WARNING)


def places(error: BaseException) -> list[str]:
    """Where an error came from, without its message: that may quote a row, or a value."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames] or ["?"]


class AccessLog:
    """Gives each request an id (`X-Request-Id`) and logs who asked for what, and what it cost."""

    def __init__(self, next_layer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.next_layer = next_layer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        response = self.next_layer(request)
        response["X-Request-Id"] = request_id
        log.info("request", **self._facts(request, response, time.perf_counter() - started))
        return response

    @staticmethod
    def _facts(request: HttpRequest, response: HttpResponseBase, seconds: float) -> dict[str, Any]:
        return {
            "method": request.method,
            "path": _known_path(request),
            "status": response.status_code,
            "milliseconds": round(seconds * 1000, 1),
            "credential": getattr(request, "credential_name", None),
        }


def _known_path(request: HttpRequest) -> str:
    """The path as far as it leads somewhere: behind that somebody may have written an identifier,
    and paths that catch all else call it `rest`."""
    found = request.resolver_match
    if found is None:
        return "(none of ours)"
    rest = found.kwargs.get("rest", "")
    return f"{request.path.removesuffix(rest)}…" if rest else request.path
