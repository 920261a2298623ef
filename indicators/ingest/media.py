"""What a body says that it is: the reader of its format, and what its lines are counted by."""

from collections.abc import Iterable, Iterator

from django.http import HttpRequest

from indicators.detections.formats import READERS, Line
from indicators.ingest.body import Measure
from indicators.ingest.errors import Refused

#: Formats with a finding, or a part of one, a line. Of the others a kibibyte counts as a line.
BY_LINE = frozenset({"application/x-ndjson", "application/x-ocsf+ndjson", "text/csv"})
_KIBIBYTE = 1024
_PARAMETERS = {
    "application/stix+json": {"version": "2.1"},
    "text/csv": {"header": "present"},
}


def media_type(request: HttpRequest) -> str:
    """The key of READERS that the Content-Type names; raises Refused 415."""
    said = request.content_type or ""
    parameters = dict(request.content_params or {})
    charset = parameters.pop("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Refused(415, "Send the body as UTF-8.")
    # A parameter that isn't said has the only value that there is.
    if said in READERS and parameters.items() <= _PARAMETERS.get(said, {}).items():
        return said
    accepted = ", ".join(READERS)
    raise Refused(415, f"Send detections as one of {accepted}.", headers={"Accept-Post": accepted})


def read(name: str, pieces: Iterable[bytes]) -> Iterator[Line]:
    return READERS[name](pieces)


def lines_in(name: str, measure: Measure) -> int:
    """What a body takes from its sender's allowance."""
    return 1 + (measure.line_ends if name in BY_LINE else measure.size // _KIBIBYTE)
