"""Real third-party and public input, from bytes to objects."""

import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import rfc8785

from indicators.stix import Parsed, Tlp, extension_definitions, parse_objects, schema
from tests.stix.reading import accepted

VECTORS = Path(__file__).parent.parent / "vectors" / "stix"


@cache
def read(name: str) -> Parsed:
    return parse_objects((VECTORS / f"{name}.json").read_bytes(), max_bytes=10_000_000)


def test_atlas_is_read_but_for_two_objects() -> None:
    assert (len(read("atlas").objects), len(read("atlas").problems)) == (536, 2)


def test_the_two_objects_of_atlas_were_modified_before_they_were_created() -> None:
    assert {each.pointer for each in read("atlas").problems} == {"/modified"}


def test_contradicting_versions_in_atlas_are_left_to_the_store() -> None:
    versions = Counter((each.id, each.version) for each in read("atlas").objects)
    contents = Counter((each.id, each.version, each.sha256) for each in read("atlas").objects)
    contradicted = {key[0] for key, count in versions.items() if count > 1}
    assert len(contradicted) == 34
    assert all(count == 1 for count in contents.values())


def test_the_core_technique_of_atlas_is_there() -> None:
    bodies = [each.body for each in read("atlas").objects if each.type == "attack-pattern"]
    assert any(b"AML.T0024.002" in body for body in bodies)


def test_the_public_reports_are_read() -> None:
    assert read("public-reports").problems == []


@pytest.mark.parametrize("name", ["atlas", "public-reports"])
def test_every_body_equals_that_of_the_reference(name: str) -> None:
    source = json.loads((VECTORS / f"{name}.json").read_text())["objects"]
    for each in read(name).objects:
        assert each.body == rfc8785.dumps(source[each.index])


def test_the_public_reports_are_clear() -> None:
    marked = {each.tlp for each in read("public-reports").objects if each.type == "campaign"}
    assert marked == {Tlp.CLEAR}


def test_our_eight_extension_definitions_are_valid_objects() -> None:
    assert len(extension_definitions()) == 8
    for each in extension_definitions():
        assert accepted(json.loads(each.body)).sha256 == each.sha256


def test_every_extension_has_its_schema() -> None:
    for each in extension_definitions():
        name = json.loads(each.body)["name"]
        assert schema(name)["title"] == name


def test_an_unknown_schema_is_named() -> None:
    with pytest.raises(KeyError, match="feedback"):
        schema("nothing")
