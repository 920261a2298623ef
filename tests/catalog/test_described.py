"""What the catalog keeps of an object, whatever its author wrote into it."""

import json
from pathlib import Path
from typing import Any

import pytest

from indicators.catalog.described import NAME, Described, Said, describe, name_of
from indicators.detections.drafts.objects import EXTENSIONS
from tests.objects import START, id_of, indicator

VECTORS = Path(__file__).parents[1] / "vectors" / "stix"
TOKEN = "psi1.aaaaaaaa." + "B" * 21 + "A"


def told(content: dict[str, Any]) -> Described:
    return describe(content, START)


def test_a_name_is_not_longer_than_its_column() -> None:
    assert len(told(indicator("a", name="x" * 5_000)).name) == NAME


def test_no_text_has_a_nul() -> None:
    found = told(indicator("a", name="a\0b", description="c\0d", labels=["e\0f"]))
    assert "\0" not in found.name + found.summary + found.text


def test_a_relationship_is_named_by_what_it_says() -> None:
    assert name_of({"type": "relationship", "relationship_type": "uses"}) == "uses"


def test_tokens_are_counted_and_not_searched() -> None:
    found = told(indicator("a", pattern=f"[identifier-token:value IN ('{TOKEN}')]"))
    assert (found.token_count, "psi1" in found.text) == (1, False)


def test_terms_of_our_extensions_are_kept() -> None:
    said = {"extension_type": "property-extension", "capability_targets": ["coding", "tool-use"]}
    content = {
        "type": "campaign",
        "id": id_of("campaign", "c"),
        "extensions": {EXTENSIONS["distillation-campaign"]: said},
    }
    assert told(content).terms == ("coding", "tool-use")


def test_terms_of_a_foreign_extension_are_not() -> None:
    foreign = {"extension-definition--00000000-0000-4000-8000-000000000000": {"method": "magic"}}
    assert told(indicator("a", extensions=foreign)).terms == ()


def test_a_sighting_refers_by_itself() -> None:
    sighting = {
        "type": "sighting",
        "id": id_of("sighting", "s"),
        "sighting_of_ref": id_of("indicator", "a"),
        "where_sighted_refs": [id_of("identity", "Birch")],
        "created_by_ref": id_of("identity", "Cedar"),
    }
    assert told(sighting).said == (
        Said(sighting["id"], "sighting-of", id_of("indicator", "a")),
        Said(sighting["id"], "where-sighted", id_of("identity", "Birch")),
    )


def test_what_is_no_id_is_no_reference() -> None:
    assert (
        told({"type": "x-a", "id": id_of("x-a"), "some_ref": "a\0b", "more_refs": [1]}).said == ()
    )


ODD: dict[str, dict[str, Any]] = {
    "confidence is a text": {"confidence": "high"},
    "confidence is yes": {"confidence": True},
    "name is a number": {"name": 7},
    "labels are a mapping": {"labels": {"a": 1}},
    "references are a text": {"external_references": "none"},
    "references are texts": {"external_references": ["none"]},
    "an end of another meaning": {"valid_until": "someday"},
    "extensions of a text": {"extensions": {"extension-definition--x": "y"}},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_type_of_others_may_mean_something_else(odd: dict[str, Any]) -> None:
    found = told({"type": "x-other", "id": id_of("x-other"), **odd})
    assert (found.ends_at, found.confidence) == (None, None)


@pytest.mark.parametrize("name", ["public-reports", "atlas"])
def test_every_object_of_a_real_bundle_can_be_described(name: str) -> None:
    objects = json.loads((VECTORS / f"{name}.json").read_text())["objects"]
    assert all(told(each).text for each in objects)
