"""Our own format: one finding a line, exactly as the structs of `finding` have it."""

from collections.abc import Iterable, Iterator

import msgspec

from federation.canonical import MalformedJSON, parse
from indicators.detections.finding import Finding
from indicators.detections.formats.faults import prompt_faults, shape_fault, syntax_fault
from indicators.detections.formats.line import LIMITS, Limits, Line, refused
from indicators.detections.formats.meaning import checked
from indicators.detections.formats.splitting import pieces


def read_native(chunks: Iterable[bytes], limits: Limits = LIMITS) -> Iterator[Line]:
    """NDJSON: a finding a line, blank lines skipped. Every fault is an error of its line."""
    for piece in pieces(chunks, limits):
        if piece.error:
            yield refused(piece.number, piece.source, piece.error)
        else:
            yield _line(piece.number, piece.source, limits)


def _line(number: int, source: bytes, limits: Limits) -> Line:
    try:
        value = parse(source, max_bytes=limits.line_bytes)
    except MalformedJSON as error:
        return refused(number, source, syntax_fault(error))
    try:
        finding = msgspec.convert(value, Finding)
    except msgspec.ValidationError as error:
        prompts = prompt_faults(value)
        return refused(number, source, *(prompts or [shape_fault(error, Finding)]))
    return checked(number, finding, source)
