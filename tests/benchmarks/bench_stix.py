"""How many objects a second one core parses, validates, canonicalizes and hashes.

`python -m tests.benchmarks.bench_stix` prints JSON. Objects are ~1 KB indicators as nodes exchange
them: token indicators, behaviour, and ordinary ones with a pattern over a STIX observable.
"""

import json
import sys
import tracemalloc
from time import process_time
from typing import Any
from uuid import UUID

from indicators.stix import parse_objects

TOKEN_INDICATOR = "extension-definition--594eb5c0-0756-465b-be9f-6d2436faa48f"
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
CREATOR = "identity--be45f992-c008-44ef-8483-6c65e712c2c2"
_TOKENS_EACH = 8
_RUNS = 7


def run(scale: float = 1.0) -> dict[str, Any]:
    """Objects a second of CPU for each kind of indicator, best of seven, and memory for a post."""
    count = max(100, int(5_000 * scale))
    figures = {
        name: _figures([make(number) for number in range(count)])
        for name, make in (("tokens", _tokens), ("behaviour", _behaviour), ("ordinary", _ordinary))
    }
    return {"parse_objects": figures}


def _figures(objects: list[dict[str, Any]]) -> dict[str, Any]:
    source = json.dumps({"objects": objects}, ensure_ascii=False).encode()
    best = min(_seconds(source, len(objects)) for _ in range(_RUNS))
    return {
        "objects": len(objects),
        "bytes_each": round(len(source) / len(objects)),
        "objects_per_second": round(len(objects) / best),
        "peak_memory_per_input_byte": round(_peak(source) / len(source), 1),
    }


def _seconds(source: bytes, expected: int) -> float:
    start = process_time()
    parsed = parse_objects(source, max_bytes=len(source))
    elapsed = process_time() - start
    if len(parsed.objects) != expected:
        raise RuntimeError(f"{parsed.problems[0]}")
    return elapsed


def _peak(source: bytes) -> int:
    tracemalloc.start()
    try:
        parse_objects(source, max_bytes=len(source))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _indicator(number: int, pattern: str) -> dict[str, Any]:
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{UUID(int=number, version=4)}",
        "created_by_ref": CREATOR,
        "created": f"2026-11-22T02:38:00.{number % 1000:03d}Z",
        "modified": f"2026-11-22T02:38:00.{number % 1000:03d}Z",
        "name": f"Accounts of one cluster, part {number}",
        "description": "Accounts that act as one: they were created within minutes, share payment "
        "instruments and send variations of the same prompt templates to one capability.",
        "indicator_types": ["malicious-activity"],
        "pattern": pattern,
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": "2026-11-22T00:00:00Z",
        "valid_until": "2027-02-20T00:00:00Z",
        "labels": ["fraudulent-account-network"],
        "confidence": 85,
        "object_marking_refs": [GREEN],
    }


def _tokens(number: int) -> dict[str, Any]:
    tokens = [
        f"'psi1.abcdefgh.{number * _TOKENS_EACH + each:022d}'" for each in range(_TOKENS_EACH)
    ]
    value = _indicator(number, f"[identifier-token:value IN ({', '.join(tokens)})]")
    value["extensions"] = {
        TOKEN_INDICATOR: {
            "extension_type": "property-extension",
            "match_semantics": "exact",
            "kinds": ["email", "payment-instrument"],
            "token_count": _TOKENS_EACH,
            "basis": "first-party",
            "decay": {"model": "polynomial", "lifetime_days": 90, "speed": 2.5},
        }
    }
    return value


def _behaviour(number: int) -> dict[str, Any]:
    return _indicator(
        number,
        f"[ai-traffic-aggregate:account_count >= {100 + number} AND "
        "ai-traffic-aggregate:prompt_variant_count >= 10000 AND "
        "ai-traffic-aggregate:distinct_capability_count <= 3]",
    )


def _ordinary(number: int) -> dict[str, Any]:
    value = _indicator(
        number,
        f"[domain-name:value = 'reseller-{number}.example' OR url:value LIKE 'https://r{number}/%']",
    )
    value["kill_chain_phases"] = [{"kill_chain_name": "mitre-atlas", "phase_name": "exfiltration"}]
    value["external_references"] = [
        {"source_name": "report", "url": f"https://reports.example/{number}", "external_id": "R-1"}
    ]
    return value


if __name__ == "__main__":
    json.dump(run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0), sys.stdout, indent=2)
