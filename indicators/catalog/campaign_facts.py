"""What a campaign and its account networks say of themselves, read from their objects. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from indicators.catalog.counts import Count
from indicators.stix.extensions import extensions
from indicators.stix.timestamps import is_timestamp, parse_timestamp

Content = Mapping[str, Any]
Stated = TypeVar("Stated")

#: Of what has no end in our schemas so much is read.
MOST_LISTED = 100
_MOST_SOURCES = 50
#: Of a campaign that states none.
UNSAID_STATUS = "alleged"

_IDS = {each.name: each.id for each in extensions().values()}


class Pivot(msgspec.Struct, frozen=True, rename={"stated_time": "trigger_time"}):
    """When the traffic turned to something else, and why."""

    trigger: str
    stated_time: str = ""
    latency_hours: Count | None = None
    traffic_share_redirected: Count | None = None
    to_model: str = ""

    @property
    def trigger_time(self) -> datetime | None:
        return parse_timestamp(self.stated_time) if self.stated_time else None


class Target(msgspec.Struct, frozen=True):
    """A model that was after."""

    provider: str
    family: str = ""
    model: str = ""
    version: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.provider, self.family, self.model, self.version)))


class CampaignFacts(msgspec.Struct, frozen=True):
    """The extension distillation-campaign; nothing is stated of a campaign without it."""

    allegation_status: str = UNSAID_STATUS
    interaction_count: Count | None = None
    account_count: Count | None = None
    output_token_count: Count | None = None
    capability_targets: tuple[str, ...] = ()
    elicitation_techniques: tuple[str, ...] = ()
    training_purposes: tuple[str, ...] = ()
    access_paths: tuple[str, ...] = ()
    model_targets: tuple[Target, ...] = ()
    pivot_events: tuple[Pivot, ...] = ()
    lifecycle_stage_at_detection: str = ""
    detected_before_model_release: bool | None = None
    region_restriction_circumvented: bool | None = None
    named_party_response: str = ""


class Shared(msgspec.Struct, frozen=True):
    """What accounts of a network have in common."""

    kind: str
    distinct_values: int
    accounts_covered: int


class Coordination(msgspec.Struct, frozen=True):
    """The extension coordination-evidence."""

    method: str = ""
    cluster_size: Count | None = None
    score: float | None = None
    expected_false_positive_rate: float | None = None
    shared_attributes: tuple[Shared, ...] = ()
    traits: tuple[str, ...] = ()


class ClaimFacts(msgspec.Struct, frozen=True):
    """The extension attribution-claim; an empty claimant: the relationship states no claim."""

    claimed_by_ref: str = ""
    claimed_confidence: int | None = None
    claimed_confidence_as_reported: str = ""
    basis: tuple[str, ...] = ()
    claim_date: str = ""
    status: str = "alleged"
    source_grade: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """An external reference. `url` is one that a browser may follow, else ""."""

    name: str
    description: str
    url: str
    external_id: str


def campaign_facts(content: Content) -> CampaignFacts:
    return _stated(content, "distillation-campaign", CampaignFacts)


def coordination(content: Content) -> Coordination:
    return _stated(content, "coordination-evidence", Coordination)


def claim_facts(content: Content) -> ClaimFacts:
    return _stated(content, "attribution-claim", ClaimFacts)


def sources(content: Content) -> tuple[Source, ...]:
    return tuple(
        Source(
            name=each.get("source_name", ""),
            description=each.get("description", ""),
            url=_followed(each.get("url", "")),
            external_id=each.get("external_id", ""),
        )
        for each in content.get("external_references", ())[:_MOST_SOURCES]
    )


def time_of(content: Content, name: str) -> datetime | None:
    """A timestamp of an object; None if it states none, or means something else by the word."""
    stated = content.get(name)
    if not isinstance(stated, str) or not is_timestamp(stated):
        return None
    return parse_timestamp(stated)


def _stated(content: Content, name: str, shape: type[Stated]) -> Stated:
    """Whatever was admitted has the form of our schemas."""
    stated = content.get("extensions", {}).get(_IDS[name], {})
    return msgspec.convert({key: _first(value) for key, value in stated.items()}, shape)


def _first(value: Any) -> Any:
    return value[:MOST_LISTED] if isinstance(value, list) else value


def _followed(url: str) -> str:
    """Others choose what stands here: nothing but a web address becomes a link."""
    return url if url.startswith(("https://", "http://")) else ""
