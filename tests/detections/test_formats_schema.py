"""The published schema and examples agree with what the readers accept."""

import json
from typing import Any

import jsonschema_rs
import pytest

from indicators.detections.formats import READERS
from indicators.detections.formats.schema import (
    EXAMPLES,
    Example,
    finding_components,
)
from tests.detections.reading import finding, found, read


def finding_schema() -> dict[str, Any]:
    """The schema of a finding as the door publishes it, in a document of its own."""
    one, parts = finding_components("#/$defs/{name}")
    return {**one, "$defs": parts}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_is_accepted(example: Example) -> None:
    body = example.value if isinstance(example.value, str) else json.dumps(example.value)
    for line in read(example.media_type, body.encode()):
        found(line)


def test_the_native_examples_keep_to_the_schema() -> None:
    validator = jsonschema_rs.Draft202012Validator(finding_schema())
    native = [each.value for each in EXAMPLES if each.media_type == "application/x-ndjson"]
    assert [validator.is_valid(value) for value in native] == [True, True]


def test_the_schema_refuses_fields_that_it_does_not_have() -> None:
    validator = jsonschema_rs.Draft202012Validator(finding_schema())
    assert not validator.is_valid(finding(prompt_text="x"))


def test_patterns_in_the_schema_are_those_of_json_schema() -> None:
    assert r"(?!\n)" not in json.dumps(finding_schema()).replace("\\\\", "\\")


def test_the_parts_of_the_schema_are_referred_to_as_asked() -> None:
    one, parts = finding_components("#/components/schemas/{name}")
    assert one == {"$ref": "#/components/schemas/Finding"}
    assert parts["Finding"]["properties"]["cluster"] == {"$ref": "#/components/schemas/SeenCluster"}


def test_every_reader_is_named_by_a_media_type() -> None:
    assert set(READERS) == {
        "application/x-ndjson",
        "application/x-ocsf+ndjson",
        "application/json",
        "application/stix+json",
        "text/csv",
    }
