"""Every format of a detection, read into findings, a line at a time."""

from indicators.detections.formats.csv import read_csv
from indicators.detections.formats.line import LIMITS, Limits, Line, LineError, Reader
from indicators.detections.formats.native import read_native
from indicators.detections.formats.ocsf import read_ocsf_document, read_ocsf_lines
from indicators.detections.formats.stix import read_stix

READERS: dict[str, Reader] = {
    "application/x-ndjson": read_native,
    "application/x-ocsf+ndjson": read_ocsf_lines,
    "application/json": read_ocsf_document,
    "application/stix+json": read_stix,
    "text/csv": read_csv,
}
"""By media type, without parameters."""

__all__ = ["LIMITS", "READERS", "Limits", "Line", "LineError", "Reader"]
