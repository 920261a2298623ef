"""The native schema for readers of other languages, and findings to start from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from indicators.detections.finding import Finding

# Python's `$` also matches before a last line feed; that of JSON Schema doesn't.
_PYTHON_END, _END = r"(?!\n)$", "$"


@dataclass(frozen=True, slots=True)
class Example:
    """A body that the ingest door accepts: of a JSON format its value, else its text."""

    name: str
    summary: str
    media_type: str
    value: Mapping[str, Any] | str


def finding_components(ref_template: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a finding, and those that it refers to by `ref_template` (with {name})."""
    (one,), components = msgspec.json.schema_components((Finding,), ref_template=ref_template)
    return dict(_without_python(one)), dict(_without_python(components))


def _without_python(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_python(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_python(each) for each in value]
    return value.replace(_PYTHON_END, _END) if isinstance(value, str) else value


_CLUSTER = {
    "uid": "hydra-2026-0417",
    "revision": 1,
    "detected_at": "2026-06-26T06:12:40Z",
    "cluster": {
        "key": "graph-7c1e",
        "size": {"value": 2, "qualifier": "ge"},
        "first_seen": "2026-06-24T22:10:00Z",
        "last_seen": "2026-06-25T23:59:41Z",
    },
    "confidence": 82,
    "expected_false_positive_rate": 0.01,
    "detector_version": "2.3.0",
    "interaction_count": {"value": 61240},
    "coordination": {
        "method": "synchrony-graph",
        "score": 0.93,
        "time_window_seconds": 600,
        "shared_attributes": [
            {"kind": "payment-instrument", "distinct_values": 1, "accounts_covered": 2}
        ],
        "traits": ["load-balancing", "shared-payment-methods"],
    },
    "windows": [
        {
            "start": "2026-06-25T00:00:00Z",
            "seconds": 86400,
            "account_count": 2,
            "request_count": 61240,
            "prompt_variant_count": 41234,
            "distinct_capability_count": 2,
            "top_capability": "agentic-coding",
            "synchrony_score": 0.93,
            "cot_elicitation_ratio": 0.71,
            "model_share_shift_24h": 0.48,
            "hours_since_model_release": 17.5,
        }
    ],
    "capability_targets": ["agentic-coding", "reasoning"],
    "elicitation_techniques": ["cot-elicitation", "template-variation"],
    "access_paths": ["first-party-api"],
    "model_targets": [{"provider": "Alder", "family": "alder-large"}],
    "pivots": [
        {
            "trigger": "target-model-release",
            "trigger_time": "2026-06-24T06:30:00Z",
            "latency_hours": 17.5,
            "traffic_share_redirected": 0.48,
        }
    ],
    "accounts": [
        {
            "ref": "acct-90114",
            "identifiers": [
                {"kind": "email", "value": "k.lowell+1@mail.example"},
                {"kind": "phone", "value": "+12025550143"},
                {"kind": "ip", "value": "198.51.100.24"},
                {"kind": "payment-instrument", "value": "par-V0010013019241883511902476"},
                {"kind": "device", "value": "dv-5e2f0a61"},
            ],
            "first_seen": "2026-06-24T22:10:00Z",
            "last_seen": "2026-06-25T23:59:41Z",
        },
        {
            "ref": "acct-90115",
            "identifiers": [
                {"kind": "email", "value": "k.lowell+2@mail.example"},
                {"kind": "ip", "value": "2001:db8:4b::18"},
                {"kind": "payment-instrument", "value": "par-V0010013019241883511902476"},
            ],
        },
    ],
    "sharing": {"tlp": "amber"},
}

_CLOSURE = {
    "uid": "hydra-2026-0417",
    "revision": 2,
    "status": "closed",
    "closed_because": "false-positive",
    "detected_at": "2026-06-28T09:00:00Z",
    "cluster": {"key": "graph-7c1e"},
}

_OCSF = {
    "class_uid": 2004,
    "category_uid": 2,
    "activity_id": 1,
    "type_uid": 200401,
    "severity_id": 4,
    "status_id": 1,
    "time": 1782454360000,
    "start_time": 1782345600000,
    "end_time": 1782431999000,
    "confidence_score": 82,
    "metadata": {
        "version": "1.6.0",
        "product": {"name": "refdetector", "vendor_name": "Alder", "version": "2.3.0"},
    },
    "finding_info": {
        "uid": "hydra-2026-0418",
        "title": "Coordinated accounts, narrow capability",
        "first_seen_time": 1782345600000,
        "last_seen_time": 1782431999000,
        "analytic": {"type_id": 2, "name": "synchrony-graph", "version": "2.3.0"},
    },
    "evidences": [
        {
            "data": {
                "schema": "ai-traffic-aggregate/1.0",
                "account_count": 312,
                "request_count": 61240,
                "synchrony_score": 0.93,
                "cot_elicitation_ratio": 0.71,
            }
        },
        {
            "actor": {"user": {"uid": "acct-90201", "email_addr": "r.odell@mail.example"}},
            "src_endpoint": {"ip": "203.0.113.77"},
            "device": {"uid": "dv-77c0b912", "type_id": 0},
        },
    ],
    "unmapped": {"exchange": {"tlp": "amber", "capability_targets": ["reasoning"]}},
}

_CSV = """\
cluster_key,account,kind,value,method,tlp
graph-7c20,acct-90310,email,t.varga@mail.example,manual-analysis,amber
graph-7c20,acct-90310,ip,192.0.2.61,,
graph-7c20,acct-90311,device,dv-0c11d2aa,,
"""

EXAMPLES = (
    Example(
        "cluster", "Two accounts that share a payment instrument", "application/x-ndjson", _CLUSTER
    ),
    Example("closure", "The same finding closed", "application/x-ndjson", _CLOSURE),
    Example("ocsf", "An OCSF Detection Finding", "application/json", _OCSF),
    Example("table", "A table of three identifiers", "text/csv", _CSV),
)
