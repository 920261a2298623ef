"""Short ways to parse in tests."""

import json
from typing import Any

from indicators.stix import Parsed, Problem, StixObject, parse_objects


def parsed(*values: Any) -> Parsed:
    return parse_objects(json.dumps({"objects": values}).encode(), max_bytes=50_000_000)


def problems(*values: Any) -> list[Problem]:
    return parsed(*values).problems


def accepted(value: Any) -> StixObject:
    """The one object of the input; the problems are the assertion's message."""
    result = parsed(value)
    assert not result.problems, result.problems
    return result.objects[0]


def refusal(value: Any) -> Problem:
    """The first problem of the one object of the input."""
    result = parsed(value)
    assert not result.objects
    return result.problems[0]
