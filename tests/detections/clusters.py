"""Clusters as Alder's detector sees them, drafted without a database."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from federation.canonical import canonical
from indicators.detections.drafts.drafting import ClusterState, Content, Drafted, Part, Terms, draft
from indicators.detections.drafts.facts import ClusterFacts, absorb
from indicators.detections.finding import Finding
from indicators.stix import Tlp

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ALDER = "identity--be45f992-c008-44ef-8483-6c65e712c2c2"
ID_KEY = b"an id key of 32 bytes for tests."
KEY = "abcdefgh"

WINDOW = {
    "start": "2026-02-27T00:00:00Z",
    "seconds": 86400,
    "account_count": 312,
    "request_count": 61240,
    "prompt_variant_count": 41234,
    "distinct_capability_count": 2,
    "top_capability": "coding",
    "synchrony_score": 1.0,
    "cot_elicitation_ratio": 0.71,
    "hours_since_model_release": 17.5,
}
EVERYTHING: Mapping[str, Any] = {
    "uid": "HC-0001",
    "cluster": {
        "key": "hydra-1",
        "size": {"value": 312, "qualifier": "ge", "as_reported": "hundreds"},
        "first_seen": "2026-02-20T00:00:00Z",
        "last_seen": "2026-02-28T00:00:00Z",
    },
    "title": "Wei Chen's accounts",
    "description": "Mail ana@example.org about it.",
    "confidence": 82,
    "expected_false_positive_rate": 0.01,
    "detector_version": "0.1",
    "interaction_count": {"value": 61240, "qualifier": "gt"},
    "output_token_count": {"value": 9_000_000, "qualifier": "approx"},
    "coordination": {
        "method": "synchrony-graph",
        "score": 0.93,
        "time_window_seconds": 30,
        "similarity_metric": "jaccard",
        "similarity_threshold": 0.8,
        "p_value": 0.001,
        "shared_attributes": [
            {"kind": "payment-instrument", "distinct_values": 3, "accounts_covered": 200}
        ],
        "traits": ["load-balancing", "synchronized-timing"],
    },
    "windows": [WINDOW],
    "capability_targets": ["coding", "agentic-reasoning"],
    "elicitation_techniques": ["cot-elicitation"],
    "training_purposes": ["sft-data"],
    "access_paths": ["reseller-proxy"],
    "model_targets": [{"provider": "Alder", "family": "Leaf", "model": "leaf-4.5 large"}],
    "pivots": [
        {
            "trigger": "target-model-release",
            "trigger_time": "2026-02-26T06:30:00Z",
            "latency_hours": 17.5,
            "traffic_share_redirected": 0.5,
            "to_model": "leaf-4.5",
        }
    ],
}


def finding(**changes: Any) -> Finding:
    """A finding of one cluster that says everything; `changes` replace fields, None removes."""
    told = {name: value for name, value in {**EVERYTHING, **changes}.items() if value is not None}
    return msgspec.convert(told, Finding)


def facts(**changes: Any) -> ClusterFacts:
    return absorb(None, [finding(**changes)])


def window(**changes: Any) -> dict[str, Any]:
    return {**WINDOW, **changes}


def token(number: object, key: str = KEY) -> str:
    value = urlsafe_b64encode(sha256(str(number).encode()).digest()[:16]).decode()[:22]
    return f"psi1.{key}.{value}"


def part(kind: str = "email", size: int = 3, *, number: int = 1, is_new: bool = True) -> Part:
    tokens = tuple(token(f"{kind}/{number}/{each}") for each in range(size))
    return Part(kind, KEY, number, tokens, is_new)


def state(told: ClusterFacts | None = None, *parts: Part, **changes: Any) -> ClusterState:
    described: dict[str, Any] = {
        "token": "YWxkZXIncyBjbHVzdGVyIQ",
        "incarnation": 1,
        "is_open": True,
        "facts": facts() if told is None else told,
        "account_count": 312,
        "parts": parts,
        **changes,
    }
    return ClusterState(**described)


def terms(**changes: Any) -> Terms:
    described: dict[str, Any] = {
        "identity_id": ALDER,
        "tlp": Tlp.GREEN,
        "id_key": ID_KEY,
        "now": NOW,
        "detector_name": "hydra-finder",
        **changes,
    }
    return Terms(**described)


def published(*drafts: Drafted) -> dict[str, Content]:
    """What the feed holds after these drafts: what comes back from canonical bytes."""
    return {
        content["id"]: json.loads(canonical(content))
        for each in drafts
        for _, content in each.objects
    }


def by_type(drafted: Drafted, type_name: str) -> list[Content]:
    return [content for _, content in drafted.objects if content["type"] == type_name]


def only(drafted: Drafted, type_name: str) -> Content:
    (content,) = by_type(drafted, type_name)
    return content


def drafted(*parts: Part, **changes: Any) -> Drafted:
    """The first draft of a cluster with these parts; `changes` are of its finding."""
    return draft(state(facts(**changes), *parts), terms(), {})
