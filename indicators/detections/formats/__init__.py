"""Every format of a detection, read into findings, a line at a time."""

from indicators.detections.formats.line import LIMITS, Limits, Line, LineError, Reader
from indicators.detections.formats.native import read_native
from indicators.detections.formats.ocsf import read_ocsf_document, read_ocsf_lines

READERS: dict[str, Reader] = {
    "application/x-ndjson": read_native,
    "application/x-ocsf+ndjson": read_ocsf_lines,
    "application/json": read_ocsf_document,
}
"""By media type, without parameters. A reader takes any chunks and never raises."""

__all__ = ["LIMITS", "READERS", "Limits", "Line", "LineError", "Reader"]
