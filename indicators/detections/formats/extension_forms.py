"""What our STIX extensions say, wherever it travels: in a STIX bundle or in an OCSF evidence.

Each struct has the properties of one extension under the extension's names. What a finding has no
field for (allegation status, named party's response, digests) is the analysts' business: read over.
"""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from indicators.detections.finding import (
    Coordination,
    Count,
    ModelTarget,
    Qualifier,
    Ratio,
    Strict,
    Terms,
    Time,
    Window,
    WindowSeconds,
)

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


def _plain(wanted: type[_Struct], form: _Struct) -> _Struct:
    """The struct that a form extends, under our own names."""
    return wanted(**{name: getattr(form, name) for name in wanted.__struct_fields__})


class Aggregate(Window, frozen=True, kw_only=True):
    """ai-traffic-aggregate."""

    start: Time = msgspec.field(name="window_start")
    seconds: WindowSeconds = msgspec.field(name="window_seconds")
    type: Any = None
    spec_version: Any = None
    id: Any = None
    cluster_key: Any = None
    object_marking_refs: Any = None
    defanged: Any = None
    extensions: Any = None

    def window(self) -> Window:
        return _plain(Window, self)


class NamedDetector(Strict, frozen=True):
    """Who found it."""

    name: Annotated[str, Meta(max_length=200)]
    version: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    config_hash: Any = None


class CoordinationEvidence(Coordination, frozen=True):
    """coordination-evidence."""

    extension_type: Any = None
    detector: NamedDetector | None = None
    cluster_size: Count | None = None
    expected_false_positive_rate: Ratio | None = None
    observation_window: Any = None
    evidence_digest: Any = None

    def coordination(self) -> Coordination:
        return _plain(Coordination, self)


class Quantity(Strict, frozen=True):
    """A count that may be a fraction."""

    value: Annotated[float, Meta(ge=0, le=100_000)]
    qualifier: Qualifier = "exact"
    as_reported: Annotated[str, Meta(max_length=500)] | None = None


class PivotEvent(Strict, frozen=True):
    """One of distillation-campaign's pivot_events."""

    trigger: str
    trigger_time: Time | None = None
    latency_hours: Quantity | None = None
    traffic_share_redirected: Quantity | None = None
    to_model: str | None = None


class CampaignProperties(Strict, frozen=True):
    """distillation-campaign."""

    extension_type: Any = None
    allegation_status: Any = None
    interaction_count: Count | None = None
    account_count: Count | None = None
    output_token_count: Count | None = None
    capability_targets: Terms = ()
    elicitation_techniques: Terms = ()
    training_purposes: Terms = ()
    access_paths: Terms = ()
    model_targets: Annotated[tuple[ModelTarget, ...], Meta(max_length=50)] = ()
    pivot_events: Annotated[tuple[PivotEvent, ...], Meta(max_length=50)] = ()
    lifecycle_stage_at_detection: Any = None
    detected_before_model_release: Any = None
    region_restriction_circumvented: Any = None
    named_party_response: Any = None

    def fields(self) -> dict[str, object]:
        """The fields of a finding."""
        names = (
            "interaction_count",
            "output_token_count",
            "capability_targets",
            "elicitation_techniques",
            "training_purposes",
            "access_paths",
            "model_targets",
        )
        held = {name: getattr(self, name) for name in names if getattr(self, name)}
        return {**held, "pivots": [_pivot(event) for event in self.pivot_events]}


def _pivot(event: PivotEvent) -> dict[str, object]:
    pivot: dict[str, object] = {"trigger": event.trigger, "trigger_time": event.trigger_time}
    for name in ("latency_hours", "traffic_share_redirected"):
        quantity = getattr(event, name)
        pivot[name] = quantity and quantity.value
    return {**pivot, "to_model": event.to_model}
