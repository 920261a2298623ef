"""The abuse report has the shape of XARF 4's core and of its type `threat_intelligence`.

The shape is written down here from the specification (https://xarf.org, version 4.0.0).
"""

import base64
import hashlib
import json
from typing import Any

import jsonschema_rs
import pytest

from indicators.referrals.packing import files
from tests.referrals.test_packing import content

CONTACT = {
    "type": "object",
    "required": ["org", "contact", "domain"],
    "additionalProperties": False,
    "properties": {
        "org": {"type": "string", "maxLength": 200},
        "contact": {"type": "string", "format": "email"},
        "domain": {"type": "string", "format": "hostname"},
    },
}
EVIDENCE = {
    "type": "object",
    "required": ["content_type", "payload"],
    "additionalProperties": False,
    "properties": {
        "content_type": {"type": "string"},
        "description": {"type": "string", "maxLength": 500},
        "payload": {"type": "string"},
        "hash": {"type": "string", "pattern": "^(md5|sha1|sha256|sha512):[a-fA-F0-9]+$"},
        "size": {"type": "integer", "minimum": 0, "maximum": 5242880},
    },
}
SHAPE = {
    "type": "object",
    "required": [
        "xarf_version", "report_id", "timestamp", "reporter", "sender", "source_identifier",
        "category", "type", "threat_type",
    ],
    "properties": {
        "xarf_version": {"type": "string", "pattern": "^4\\.[0-9]+\\.[0-9]+$"},
        "report_id": {"type": "string", "format": "uuid"},
        "timestamp": {"type": "string", "format": "date-time"},
        "reporter": CONTACT,
        "sender": CONTACT,
        "source_identifier": {"type": "string"},
        "category": {"const": "reputation"},
        "type": {"const": "threat_intelligence"},
        "evidence_source": {"type": "string"},
        "evidence": {"type": "array", "items": EVIDENCE, "maxItems": 50},
        "tags": {
            "type": "array",
            "maxItems": 20,
            "items": {"pattern": "^[a-z0-9][a-z0-9_+-]*:[a-z0-9][a-z0-9_+-.]*$"},
        },
        "description": {"type": "string", "maxLength": 1000},
    },
}  # fmt: skip


def rendered(**changes: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(files(content(**changes))["abuse-report.xarf.json"])
    return read


def test_the_report_has_the_shape_of_the_format() -> None:
    jsonschema_rs.validate(SHAPE, rendered(), validate_formats=True)


def test_a_long_summary_is_cut_to_what_the_format_takes() -> None:
    jsonschema_rs.validate(SHAPE, rendered(summary="Long. " * 500))


def test_its_evidence_is_the_bundle_of_the_pack() -> None:
    [evidence] = rendered()["evidence"]
    bundle = files(content())["objects.stix.json"]
    assert base64.b64decode(evidence["payload"]) == bundle
    assert evidence["hash"] == f"sha256:{hashlib.sha256(bundle).hexdigest()}"


@pytest.mark.parametrize("marking", ["TLP:CLEAR", "TLP:AMBER+STRICT"])
def test_every_marking_makes_a_tag(marking: str) -> None:
    from indicators.referrals.content import Recipient

    recipient = Recipient("Provider", "provider", "", marking)
    jsonschema_rs.validate(SHAPE, rendered(recipient=recipient))
