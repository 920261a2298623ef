"""What a reader makes of one line: a finding, or what is wrong with it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from indicators.detections.finding import Finding

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one body may hold. `body_bytes` counts after decompression; blank lines count, too.
    A table may have more rows than other formats lines, as a row is only part of a finding."""

    lines: int = 10_000
    rows: int = 250_000
    line_bytes: int = 16 * MEBIBYTE
    body_bytes: int = 16 * MEBIBYTE


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class LineError:
    """A fault: where (RFC 6901 pointer into the line) and a sentence that never quotes a value."""

    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class Line:
    """One finding of a body, or the errors in its place.

    number: from 1: the line (NDJSON, CSV) or the place among its siblings (JSON list, bundle).
    finding: None if there are errors; its times are UTC.
    digest_source: bytes that are equal for equal meaning, whatever the spelling, key order or
        format. Of a line with errors: what was read of it, which may be nothing.
    """

    number: int
    finding: Finding | None
    digest_source: bytes
    errors: tuple[LineError, ...] = ()


class Reader(Protocol):
    """Reads a body of any chunks. It raises nothing of its own: all that is wrong is in lines."""

    def __call__(self, chunks: Iterable[bytes], limits: Limits = LIMITS, /) -> Iterator[Line]: ...


def refused(number: int, source: bytes, *errors: LineError) -> Line:
    """A line that yields no finding."""
    return Line(number, None, source, errors)
