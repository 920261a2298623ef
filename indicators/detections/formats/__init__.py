"""Every format of a detection, read into findings, a line at a time."""

from indicators.detections.formats.line import LIMITS, Limits, Line, LineError, Reader
from indicators.detections.formats.native import read_native

READERS: dict[str, Reader] = {
    "application/x-ndjson": read_native,
}
"""By media type, without parameters. A reader takes any chunks and never raises."""

__all__ = ["LIMITS", "READERS", "Limits", "Line", "LineError", "Reader"]
