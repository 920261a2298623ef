"""Pure STIX 2.1: bytes in, validated objects or precise problems out. No framework, no I/O."""

from indicators.stix.extensions import schema
from indicators.stix.ids import observable_id
from indicators.stix.markings import Tlp
from indicators.stix.objects import Parsed, Problem, StixObject, UnreadableInput
from indicators.stix.parsing import extension_definitions, parse_objects
from indicators.stix.vocabulary import VOCABULARY

__all__ = [
    "VOCABULARY",
    "Parsed",
    "Problem",
    "StixObject",
    "Tlp",
    "UnreadableInput",
    "extension_definitions",
    "observable_id",
    "parse_objects",
    "schema",
]
