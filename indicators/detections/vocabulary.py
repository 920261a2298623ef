"""The open vocabularies of our extensions. Any term may be sent; one that isn't in them is new to
the people who read the feed, and so it is for a person to approve."""

from collections.abc import Mapping
from functools import cache

from indicators.stix import schema

_LISTS = (
    "capability_targets",
    "elicitation_techniques",
    "training_purposes",
    "access_paths",
)


@cache
def vocabularies() -> Mapping[str, frozenset[str]]:
    """The known terms of each field of a finding that takes terms."""
    campaign = schema("distillation-campaign")["properties"]
    coordination = schema("coordination-evidence")["properties"]
    known = {name: frozenset(campaign[name]["x-open-vocab"]) for name in _LISTS}
    return {
        **known,
        "traits": frozenset(coordination["traits"]["x-open-vocab"]),
        "top_capability": known["capability_targets"],
    }
