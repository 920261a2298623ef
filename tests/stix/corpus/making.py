"""How objects of the corpus are made, and what they refer to."""

from typing import Any
from uuid import UUID, uuid5

from federation.canonical import canonical

Value = dict[str, Any]

NAMESPACE = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
CREATOR = "identity--be45f992-c008-44ef-8483-6c65e712c2c2"
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
STATEMENT = "marking-definition--d81f86b8-975b-4c0b-875e-810c5ad45a4f"
PAP_EXTENSION = "extension-definition--f8d78575-edfd-406e-8e84-6162a8450f5b"
IEP_EXTENSION = "extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a"
TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
ORIGIN_SIGNATURE = "extension-definition--4f14e45b-cb04-4bb9-aa0a-09a96b755622"
IDENTIFIER_TOKEN = "extension-definition--539f9e11-e9a6-4178-bda4-3ef0f3529eea"
AI_TRAFFIC_AGGREGATE = "extension-definition--6409d51f-f7ea-482c-8581-b5e1882c3a55"
TOKEN_INDICATOR = "extension-definition--594eb5c0-0756-465b-be9f-6d2436faa48f"
DISTILLATION_CAMPAIGN = "extension-definition--1d05ae00-88c7-463e-8fcd-601f2889970a"
ATTRIBUTION_CLAIM = "extension-definition--a80d9b76-acfd-4b61-91da-826eb18ac156"
COORDINATION_EVIDENCE = "extension-definition--fa239251-8341-442b-bd2d-4b973dad8dae"
FEEDBACK = "extension-definition--3ef51111-ce9c-4ffd-a32f-3008c6475752"
FOREIGN_EXTENSION = "extension-definition--71736db5-10db-43d3-b0e3-65cf81601fe1"

SEEN = {"first_seen": "2026-02-01T00:00:00Z", "last_seen": "2026-03-01T00:00:00.5Z"}
PHASES = [{"kill_chain_name": "mitre-atlas", "phase_name": "exfiltration"}]
COUNT = {"value": 16_000_000, "qualifier": "gt", "as_reported": "over 16 million"}


def ref(type_name: str, number: int = 1) -> str:
    return f"{type_name}--{UUID(int=number, version=4)}"


def authored(type_name: str, **properties: Any) -> Value:
    """A domain or relationship object with every common property."""
    return {
        "type": type_name,
        "spec_version": "2.1",
        "id": ref(type_name),
        "created_by_ref": CREATOR,
        "created": "2026-11-20T09:00:00.000Z",
        "modified": "2026-11-21T09:00:00.123Z",
        "revoked": False,
        "labels": ["ai-abuse"],
        "confidence": 70,
        "lang": "en",
        "external_references": [
            {
                "source_name": "report",
                "description": "Public report",
                "url": "https://reports.example/2026/1",
                "hashes": {"SHA-256": "ab" * 32},
                "external_id": "R-2026-1",
            },
            {"source_name": "capec", "external_id": "CAPEC-163"},
        ],
        "object_marking_refs": [GREEN],
        "granular_markings": [{"marking_ref": STATEMENT, "selectors": ["labels.[0]"]}],
        "extensions": {FOREIGN_EXTENSION: {"extension_type": "property-extension", "rank": 5}},
        **properties,
    }


def observable(type_name: str, identity: dict[str, Any] | None, **properties: Any) -> Value:
    """An observable whose id is made of `identity`, or random if that is None."""
    made = (
        f"{type_name}--{uuid5(NAMESPACE, canonical(identity).decode())}"
        if identity
        else ref(type_name)
    )
    return {
        "type": type_name,
        "spec_version": "2.1",
        "id": made,
        "object_marking_refs": [GREEN],
        "defanged": False,
        **(identity or {}),
        **properties,
    }
