"""Each refused body is a file with the reason why; the sentence for its sender is part of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.detections.reading import read

REFUSED = Path(__file__).parent.parent / "vectors" / "detections" / "refused"
INDEX: list[dict[str, Any]] = json.loads((REFUSED / "index.json").read_text("utf-8"))


@pytest.mark.parametrize("case", INDEX, ids=lambda case: case["file"])
def test_a_refused_body_says_where_and_why(case: dict[str, Any]) -> None:
    lines = read(case["media_type"], (REFUSED / case["file"]).read_bytes())
    bad = next(line for line in lines if line.errors)
    first = bad.errors[0]
    assert (bad.number, first.pointer, first.message) == (
        case["line"],
        case["pointer"],
        case["message"],
    )


def test_every_file_is_in_the_index() -> None:
    named = {case["file"] for case in INDEX} | {"index.json"}
    assert {path.name for path in REFUSED.iterdir()} == named
