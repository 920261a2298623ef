"""What stix2 3.0.2 and stix2-validator 3.2.0 say about an object."""

import contextlib
import io
import logging
from collections.abc import Iterator
from functools import cache
from typing import Any

import stix2
from stix2validator import ValidationOptions, validate_instance

from tests.stix.corpus.making import Value


def objections(value: Value) -> Iterator[str]:
    """The reasons of each oracle, prefixed with its name; nothing if both accept the object."""
    yield from (f"stix2-validator: {reason}" for reason in _validator(value))
    reason = _library(value)
    if reason:
        yield f"stix2: {reason}"


def _validator(value: Value) -> list[str]:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            results: Any = validate_instance(value, _options())
    except Exception as error:  # it crashes on what it does not expect
        return [f"crash {type(error).__name__}: {error}"]
    return [str(each) for each in results.errors]


@cache
def _options() -> ValidationOptions:
    logging.getLogger("stix2validator").setLevel(logging.CRITICAL)
    return ValidationOptions(version="2.1")


def _library(value: Value) -> str | None:
    try:
        stix2.parse(value, allow_custom=False)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None
