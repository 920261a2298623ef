"""The STIX 2.1 objects of a cluster, each from the facts that may be shared of it.

They come without `created` and `modified`, which are a matter of what was published before. Ratios
that are whole are written as integers: that is their RFC 8785 form, and what comes back is equal.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import uuid5

from indicators.detections.drafts.facts import ClusterFacts
from indicators.detections.finding import Coordination, Count, ModelTarget, Pivot, Window
from indicators.stix import Tlp
from indicators.stix.extensions import extensions
from indicators.stix.ids import NAMESPACE
from indicators.stix.markings import TLP_2_MARKINGS
from indicators.stix.vocabulary import OPINIONS

Content = dict[str, Any]

EXTRACT_AI_MODEL = "attack-pattern--3f567912-629a-5e0b-ab0c-0102977c2d6c"
"""ATLAS AML.T0024.002 under MITRE's own id: every cluster that we draft is alleged to do it."""

MARKINGS: Mapping[Tlp, str] = {tlp: marking for marking, tlp in TLP_2_MARKINGS.items()}
EXTENSIONS: Mapping[str, str] = {each.name: each.id for each in extensions().values()}

# One band alone says little: at a similarity of 0.5 one pair of prompts in 16 shares one by chance.
_MIN_BANDS = 2
_MAX_OBSERVED = 999_999_999

_LABEL = "[a-z2-7]{8}"
GENERATED_NAME = re.compile(
    rf"Alleged distillation campaign {_LABEL}|Account network {_LABEL}"
    rf"|Tokens of kind [a-z0-9-]+, part [0-9]+, of account network {_LABEL}"
    r"|Do not act before [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,12}Z"
)
"""The names that we give to objects: they tell nothing but which cluster it is."""

CONSTANTS = frozenset(
    {
        "2.1",
        "stix",
        "new-sco",
        "uses",
        "indicates",
        "attributed-to",
        "organization",
        "internally-visible-actions",
        "anomalous-activity",
        "fraudulent-account-network",
        *OPINIONS,
    }
)
"""Texts that our objects hold beside the terms of our extensions' schemas."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What all objects of a draft have in common."""

    identity_id: str
    marking: str
    confidence: int | None
    label: str
    hold: str | None = None


@lru_cache(maxsize=1024)  # all objects of a batch carry one time
def stamp(when: datetime) -> str:
    """A STIX timestamp in milliseconds."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def campaign(frame: Frame, object_id: str, facts: ClusterFacts, account_count: int) -> Content:
    content = authored(frame, "campaign", object_id)
    content["name"] = f"Alleged distillation campaign {frame.label}"
    content |= _seen(facts)
    evidence: Content = {
        "extension_type": "property-extension",
        "allegation_status": "alleged",
        "interaction_count": _count(facts.interaction_count),
        "account_count": _size(facts, account_count),
        "output_token_count": _count(facts.output_token_count),
        "capability_targets": list(facts.capability_targets),
        "elicitation_techniques": list(facts.elicitation_techniques),
        "training_purposes": list(facts.training_purposes),
        "access_paths": list(facts.access_paths),
        "model_targets": [_model_target(each) for each in facts.model_targets],
        "pivot_events": [_pivot(each) for each in facts.pivots],
    }
    content["extensions"] = {EXTENSIONS["distillation-campaign"]: present(evidence)}
    return content


def infrastructure(
    frame: Frame, object_id: str, facts: ClusterFacts, account_count: int, detector: tuple[str, str]
) -> Content:
    """The account network; without a stated method there is no evidence to describe.

    detector: name and registered version; a version that the findings state goes before it.
    """
    content = authored(frame, "infrastructure", object_id)
    content["name"] = f"Account network {frame.label}"
    content["labels"] = ["fraudulent-account-network"]
    content |= _seen(facts)
    if facts.coordination is not None:
        evidence = _evidence(facts.coordination, facts)
        evidence["cluster_size"] = _size(facts, account_count)
        name, version = detector
        if name:
            stated = facts.detector_version or version or None
            evidence["detector"] = present({"name": name, "version": stated})
        content["extensions"] = {EXTENSIONS["coordination-evidence"]: present(evidence)}
    return content


def relationship(
    frame: Frame, object_id: str, source: str, relationship_type: str, target: str
) -> Content:
    content = authored(frame, "relationship", object_id)
    content["relationship_type"] = relationship_type
    content["source_ref"] = source
    content["target_ref"] = target
    return content


def indicator(
    frame: Frame, object_id: str, kind: str, number: int, tokens: Iterable[str]
) -> Content:
    """The indicator of a part, but for its validity; any one token matches, or some bands do."""
    content = authored(frame, "indicator", object_id)
    listed = sorted(tokens)
    literals = "', '".join(listed)
    content["name"] = f"Tokens of kind {kind}, part {number}, of account network {frame.label}"
    content["indicator_types"] = ["anomalous-activity"]
    content["pattern"] = f"[identifier-token:value IN ('{literals}')]"
    content["pattern_type"] = "stix"
    content["pattern_version"] = "2.1"
    semantics: Content = {"match_semantics": "exact"}
    if kind == "prompt-band":
        enough = min(_MIN_BANDS, len(listed))
        semantics = {"match_semantics": "candidate", "min_matches": enough}
    content["extensions"] = {
        EXTENSIONS["token-indicator"]: {
            "extension_type": "property-extension",
            **semantics,
            "kinds": [kind],
            "token_count": len(listed),
            "part": number,
            "basis": "first-party",
        }
    }
    return content


def with_validity(
    content: Content, created: str, last_seen: datetime | None, lifetime_days: int
) -> Content:
    """The indicator with times: from its making until `lifetime_days` after the last trace."""
    since = datetime.fromisoformat(created)
    latest = max(since, last_seen) if last_seen else since
    content["valid_from"] = created
    content["valid_until"] = stamp(latest + timedelta(days=lifetime_days))
    decay = {"model": "polynomial", "lifetime_days": lifetime_days}
    content["extensions"][EXTENSIONS["token-indicator"]]["decay"] = decay
    return content


def observed_data(frame: Frame, object_id: str, window: Window, aggregate_id: str) -> Content:
    content = authored(frame, "observed-data", object_id)
    content["first_observed"] = stamp(window.start)
    content["last_observed"] = stamp(window.start + timedelta(seconds=window.seconds))
    content["number_observed"] = min(window.request_count, _MAX_OBSERVED)
    content["object_refs"] = [aggregate_id]
    return content


_MEASURES = tuple(name for name in Window.__struct_fields__ if name not in ("start", "seconds"))


def traffic(frame: Frame, window: Window) -> Content:
    """The ai-traffic-aggregate of a window, but for the key that names its cluster, and its id."""
    content: Content = {
        "type": "ai-traffic-aggregate",
        "spec_version": "2.1",
        "window_start": stamp(window.start),
        "window_seconds": window.seconds,
        "object_marking_refs": [frame.marking],
        "extensions": {EXTENSIONS["ai-traffic-aggregate"]: {"extension_type": "new-sco"}},
    }
    for name in _MEASURES:
        value = getattr(window, name)
        if value is not None:
            content[name] = _number(value)
    return content


def named_traffic(content: Content, cluster_key: str) -> Content:
    """The aggregate under a cluster key, with the id that follows from it (STIX 2.1 §2.9)."""
    start, seconds = content["window_start"], content["window_seconds"]
    # The canonical form of the three properties that make the id; all are ASCII without escapes.
    identity = (
        f'{{"cluster_key":"{cluster_key}","window_seconds":{seconds},"window_start":"{start}"}}'
    )
    object_id = f"ai-traffic-aggregate--{uuid5(NAMESPACE, identity)}"
    return {**content, "id": object_id, "cluster_key": cluster_key}


def authored(frame: Frame, type_name: str, object_id: str) -> Content:
    content: Content = {
        "type": type_name,
        "spec_version": "2.1",
        "id": object_id,
        "created_by_ref": frame.identity_id,
        "object_marking_refs": [frame.marking, *([frame.hold] if frame.hold else [])],
    }
    if frame.confidence is not None:
        content["confidence"] = frame.confidence
    return content


def _seen(facts: ClusterFacts) -> Content:
    """Two detectors' findings may disagree on what came first: then only the start is sure."""
    first, last = facts.first_seen, facts.last_seen
    if first and last and last < first:
        last = None
    return {
        name: stamp(when) for name, when in (("first_seen", first), ("last_seen", last)) if when
    }


def _evidence(coordination: Coordination, facts: ClusterFacts) -> Content:
    return {
        "extension_type": "property-extension",
        "method": coordination.method,
        "score": _maybe(coordination.score),
        "time_window_seconds": coordination.time_window_seconds,
        "similarity_metric": coordination.similarity_metric,
        "similarity_threshold": _maybe(coordination.similarity_threshold),
        "p_value": _maybe(coordination.p_value),
        "expected_false_positive_rate": _maybe(facts.expected_false_positive_rate),
        "shared_attributes": [
            {
                "kind": each.kind,
                "distinct_values": each.distinct_values,
                "accounts_covered": each.accounts_covered,
            }
            for each in coordination.shared_attributes
        ],
        "traits": list(dict.fromkeys(coordination.traits)),
        "observation_window": _observed(facts),
    }


def _observed(facts: ClusterFacts) -> Content | None:
    seen = _seen(facts)
    if len(seen) == 2:
        return {"start": seen["first_seen"], "end": seen["last_seen"]}
    if not facts.windows:
        return None
    end = max(each.start + timedelta(seconds=each.seconds) for each in facts.windows)
    return {"start": stamp(min(each.start for each in facts.windows)), "end": stamp(end)}


def _model_target(target: ModelTarget) -> Content:
    return present(
        {
            "provider": target.provider,
            "family": target.family,
            "model": target.model,
            "version": target.version,
        }
    )


def _pivot(pivot: Pivot) -> Content:
    return present(
        {
            "trigger": pivot.trigger,
            "trigger_time": stamp(pivot.trigger_time) if pivot.trigger_time else None,
            "latency_hours": _exactly(pivot.latency_hours),
            "traffic_share_redirected": _exactly(pivot.traffic_share_redirected),
            "to_model": pivot.to_model,
        }
    )


def _size(facts: ClusterFacts, account_count: int) -> Content | None:
    """As the detector states it, else by the accounts that it sent; two findings may share some."""
    if facts.size is None and account_count:
        return {"value": account_count, "qualifier": "approx"}
    return _count(facts.size)


def _exactly(value: float | None) -> Content | None:
    return None if value is None else {"value": _number(value), "qualifier": "exact"}


def _count(count: Count | None) -> Content | None:
    return None if count is None else {"value": count.value, "qualifier": count.qualifier}


def _maybe(value: float | None) -> float | None:
    return None if value is None else _number(value)


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def present(content: Content) -> Content:
    """Without what was not stated: STIX has neither null nor empty lists."""
    return {name: value for name, value in content.items() if value is not None and value != []}
