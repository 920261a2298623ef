"""Real requests for the API's description; the tests send each of them as it is shown."""

from typing import Any

import orjson
from drf_spectacular.utils import OpenApiExample

from indicators.detections.formats.schema import EXAMPLES, Example

LOOKUP = {
    "identifiers": [
        {"kind": "email", "value": "k.lowell+1@mail.example"},
        {"kind": "phone", "value": "(202) 555-0143", "region": "US"},
    ]
}
FEEDBACK = {"uid": "hydra-2026-0417", "verdict": "false-positive"}


def shown(example: Example) -> Any:
    """A finding as what is sent: where a format has a finding a line, as a line."""
    if example.media_type.endswith("ndjson") and not isinstance(example.value, str):
        return orjson.dumps(example.value).decode() + "\n"
    return example.value


DETECTIONS = [
    OpenApiExample(
        each.name,
        shown(each),
        summary=each.summary,
        media_type=each.media_type,
        request_only=True,
    )
    for each in EXAMPLES
]
