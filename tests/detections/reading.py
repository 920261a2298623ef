"""Bodies for the readers, and what they make of them."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from indicators.detections.finding import Finding
from indicators.detections.formats import LIMITS, READERS, Limits, Line

NATIVE = "application/x-ndjson"
OCSF_LINES = "application/x-ocsf+ndjson"
OCSF = "application/json"
STIX = "application/stix+json"
CSV = "text/csv"

JUNE = datetime(2026, 6, 25, tzinfo=UTC)


def finding(**changes: Any) -> dict[str, Any]:
    """The least finding; `changes` add or replace fields."""
    return {"uid": "hydra-1", "cluster": {"key": "graph-1"}, **changes}


def account(ref: str, *values: str, kind: str = "device") -> dict[str, Any]:
    return {"ref": ref, "identifiers": [{"kind": kind, "value": value} for value in values]}


def ndjson(*values: Mapping[str, Any]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def read(media_type: str, body: bytes | Iterable[bytes], limits: Limits = LIMITS) -> list[Line]:
    chunks = [body] if isinstance(body, bytes) else body
    return list(READERS[media_type](chunks, limits))


def read_one(media_type: str, body: bytes) -> Line:
    (line,) = read(media_type, body)
    return line


def found(line: Line) -> Finding:
    """The line's finding; an assertion that shows the errors if there is none."""
    assert line.errors == ()
    assert line.finding is not None
    return line.finding


def faults(line: Line) -> list[tuple[str, str]]:
    assert line.finding is None
    return [(error.pointer, error.message) for error in line.errors]


def pointers(line: Line) -> list[str]:
    return [pointer for pointer, _ in faults(line)]
