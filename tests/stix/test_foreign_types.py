"""Objects of types and with properties that others define: what everybody reads keeps its form."""

import json
from typing import Any
from uuid import uuid4

import pytest

from indicators.stix import parse_objects

FOREIGN = "extension-definition--00000000-0000-4000-8000-000000000000"
CLAIM = "extension-definition--a80d9b76-acfd-4b61-91da-826eb18ac156"


def observable(**said: Any) -> dict[str, Any]:
    extensions = {FOREIGN: {"extension_type": "new-sco"}}
    return {"type": "x-other", "id": f"x-other--{uuid4()}", "extensions": extensions, **said}


def problems(value: dict[str, Any]) -> list[str]:
    parsed = parse_objects(json.dumps({"objects": [value]}).encode(), max_bytes=1 << 20)
    return [each.pointer for each in parsed.problems]


ODD: dict[str, Any] = {
    "created": "some day",
    "modified": 5,
    "created_by_ref": "a\0b",
    "revoked": "yes",
    "confidence": True,
    "labels": "many",
    "external_references": ["a source"],
}


@pytest.mark.parametrize("name", ODD)
def test_nobody_defines_anew_what_authored_objects_share(name: str) -> None:
    found = problems(observable(**{name: ODD[name]}))
    assert {each.split("/")[1] for each in found} == {name}


def test_what_others_define_is_theirs() -> None:
    assert problems(observable(published="soon", how_many={"value": "x"})) == []


def test_an_observable_may_share_what_authored_objects_do() -> None:
    assert problems(observable(created="2026-03-01T12:00:00.000Z", revoked=False)) == []


@pytest.mark.parametrize("day", ["0000-01-01", "2026-02-30", "20260301", "2026-W09-7"])
def test_a_day_is_one_that_the_calendar_has(day: str) -> None:
    told = {
        "extension_type": "property-extension",
        "claimed_by_ref": f"identity--{uuid4()}",
        "basis": ["not-stated"],
        "status": "alleged",
        "claim_date": day,
    }
    value = {
        "type": "relationship",
        "spec_version": "2.1",
        "id": f"relationship--{uuid4()}",
        "created": "2026-03-01T12:00:00.000Z",
        "modified": "2026-03-01T12:00:00.000Z",
        "relationship_type": "attributed-to",
        "source_ref": f"campaign--{uuid4()}",
        "target_ref": f"threat-actor--{uuid4()}",
        "extensions": {CLAIM: told},
    }
    assert problems(value) == [f"/extensions/{CLAIM}/claim_date"]
