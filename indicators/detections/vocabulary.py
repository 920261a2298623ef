"""The open vocabularies of our extensions. Any term may be sent; one that isn't in them is new to
the people who read the feed, and so it is for a person to approve."""

from collections.abc import Iterator, Mapping
from functools import cache

from indicators.detections.finding import Finding
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


def unknown_terms(finding: Finding) -> list[tuple[str, str]]:
    """(field, term) of each term that no vocabulary has, once each, in the order of the finding."""
    known = vocabularies()
    found = (said for said in _terms(finding) if said[1] not in known[said[0]])
    return list(dict.fromkeys(found))


def _terms(finding: Finding) -> Iterator[tuple[str, str]]:
    for name in _LISTS:
        for term in getattr(finding, name):
            yield name, term
    if finding.coordination:
        for trait in finding.coordination.traits:
            yield "traits", trait
    for window in finding.windows:
        if window.top_capability:
            yield "top_capability", window.top_capability
