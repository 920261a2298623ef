"""What STIX asks of an object beyond the structure of its type: values that relate to each other.

Every rule takes an object whose structure has been checked, so its values have the right types.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from indicators.stix.ids import check_observable_id
from indicators.stix.object_types import Family, Finding, ObjectType
from indicators.stix.patterns import MalformedPattern, check_pattern, check_pattern_size
from indicators.stix.timestamps import order_key

_VERSIONED = ("created", "modified", True)


def check_rules(object_type: ObjectType, value: Mapping[str, Any]) -> Iterator[Finding]:
    """Every fault that takes more than one value to see."""
    if object_type.some_of and not any(name in value for name in object_type.some_of):
        yield (), f"At least one of {', '.join(object_type.some_of)} is required."
    if "modified" in value:
        yield from _check_order(value, _VERSIONED)
    for order in object_type.order:
        yield from _check_order(value, order)
    if object_type.family is Family.OBSERVABLE and object_type.name:
        yield from check_observable_id(object_type, value)
    if "granular_markings" in value:
        yield from _check_granular_markings(value)
    if "external_references" in value:
        yield from _check_external_references(value["external_references"])
    if object_type.name == "indicator":
        yield from _check_pattern(value)
    for rule in object_type.rules:
        yield from rule(value)


def _check_order(value: Mapping[str, Any], order: tuple[str, str, bool]) -> Iterator[Finding]:
    earlier, later, may_be_equal = order
    if earlier not in value or later not in value:
        return
    first, second = order_key(value[earlier]), order_key(value[later])
    if second < first or (second == first and not may_be_equal):
        relation = "earlier than" if may_be_equal else "earlier than or the same as"
        yield (later,), f"({value[later]}) is {relation} {earlier} ({value[earlier]})"


_STIX_PATTERN_VERSIONS = ("2.0", "2.1")


def _check_pattern(value: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        if value["pattern_type"] == "stix":
            check_pattern(value["pattern"])
        else:
            check_pattern_size(value["pattern"])
    except MalformedPattern as fault:
        yield ("pattern",), str(fault)
    version = value.get("pattern_version")
    if value["pattern_type"] == "stix" and version not in (None, *_STIX_PATTERN_VERSIONS):
        yield ("pattern_version",), "must be 2.1 or 2.0 for a STIX pattern"


_CVE = re.compile(r"CVE-[0-9]{4}-(?:0[0-9]{3}|[1-9][0-9]{3,})", re.ASCII)
_CAPEC = re.compile(r"CAPEC-[0-9]+", re.ASCII)


def _check_external_references(references: list[Mapping[str, Any]]) -> Iterator[Finding]:
    for index, reference in enumerate(references):
        place = ("external_references", index)
        if not reference.keys() & {"description", "url", "external_id"}:
            yield place, "has a description, a url or an external_id beside source_name"
        source, external_id = reference["source_name"], reference.get("external_id", "")
        for name, form in (("cve", _CVE), ("capec", _CAPEC)):
            if (source == name) is not bool(form.fullmatch(external_id)):
                yield (
                    (*place, "external_id"),
                    f"and source_name must agree: {name} goes with {name.upper()}-…, nothing else",
                )


def _check_granular_markings(value: Mapping[str, Any]) -> Iterator[Finding]:
    for index, marking in enumerate(value["granular_markings"]):
        place = ("granular_markings", index)
        if ("marking_ref" in marking) is ("lang" in marking):
            yield place, "has either marking_ref or lang"
        for number, selector in enumerate(marking["selectors"]):
            if not _selects(value, selector):
                yield (*place, "selectors", number), "selects nothing in this object"


def _selects(value: Any, selector: str) -> bool:
    for step in selector.split("."):
        if step.startswith("["):
            position = step[1:-1]
            if not isinstance(value, list) or len(position) > 9 or int(position) >= len(value):
                return False
            value = value[int(position)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return False
    return True
