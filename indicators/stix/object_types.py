"""What a STIX object type is made of, and what all objects of a family share (STIX 2.1 §3)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from indicators.stix import vocabulary
from indicators.stix.values import (
    BINARY,
    BOOLEAN,
    HEX,
    ID,
    LANGUAGE,
    PRESENT,
    PROPERTY_NAME,
    TEXT,
    TYPE_NAME,
    URL,
    UUID,
    VERSION_TIMESTAMP,
    VOCABULARY_HASHES,
    Fragment,
    embedded,
    keyed,
    many,
    one_of,
    ref,
    refs,
    whole,
)

Finding = tuple[tuple[str | int, ...], str]
"""The path of a fault inside an object, and a sentence about it."""

Rule = Callable[[Mapping[str, Any]], Iterator[Finding]]


class Family(Enum):
    """How a type is versioned and which properties it shares (§3.2)."""

    DOMAIN = "domain object"
    RELATIONSHIP = "relationship object"
    OBSERVABLE = "observable"
    META = "meta object"


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One type: its properties beside the common ones, and rules that cross properties.

    some_of: one of these must be there. order: (earlier, later, may be equal).
    identity: the properties that the deterministic id of an observable is made of (§2.9).
    extensions: the predefined extensions of an observable, by key.
    lacks: the common properties of the family that this type does not have.
    """

    name: str
    family: Family
    properties: Mapping[str, Fragment]
    required: tuple[str, ...] = ()
    some_of: tuple[str, ...] = ()
    order: tuple[tuple[str, str, bool], ...] = ()
    identity: tuple[str, ...] = ()
    extensions: Mapping[str, Fragment] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    lacks: tuple[str, ...] = ()


KILL_CHAIN_PHASES = many(
    embedded({"kill_chain_name": TEXT, "phase_name": TEXT}, "kill_chain_name", "phase_name")
)
EXTERNAL_REFERENCE = {
    **embedded(
        {
            "source_name": TEXT,
            "description": TEXT,
            "url": URL,
            "hashes": VOCABULARY_HASHES,
            "external_id": TEXT,
        },
        "source_name",
    ),
}
SELECTOR: Fragment = {
    "type": "string",
    "pattern": r"^(?:[a-z0-9_-]{3,250}(?:\.(?:\[[0-9]+\]|[a-zA-Z0-9_-]{1,250}))*|id)$",
    "sentence": "must be a selector such as description or external_references.[0].url",
}
GRANULAR_MARKINGS = many(
    embedded(
        {"selectors": many(SELECTOR), "marking_ref": ref("marking-definition"), "lang": LANGUAGE},
        "selectors",
    )
)
EXTENSION: Fragment = {
    "type": "object",
    "required": ["extension_type"],
    "properties": {"extension_type": one_of(vocabulary.EXTENSION_TYPES)},
    **keyed(
        {f"^{PROPERTY_NAME}$": PRESENT, "_bin$": BINARY, "_hex$": HEX},
        "is no property name: a-z, 0-9 and _, 3 to 250 long, a letter first",
    ),
}
EXTENSION_KEY = f"^extension-definition--{UUID}$"

_SHARED: Mapping[str, Fragment] = {
    "type": {
        "type": "string",
        "pattern": f"^{TYPE_NAME}$",
        "minLength": 3,
        "maxLength": 250,
        "not": {"const": "action"},
        "sentence": "must be a type name: a-z, 0-9 and single hyphens, 3 to 250 long",
    },
    "spec_version": {"const": "2.1", "sentence": "must be 2.1, the only version read here"},
    "id": ID,
    "object_marking_refs": refs("marking-definition"),
    "granular_markings": GRANULAR_MARKINGS,
    "extensions": {"type": "object"},  # filled in for each type
}
_AUTHORED: Mapping[str, Fragment] = {
    **_SHARED,
    "created_by_ref": ref("identity"),
    "created": VERSION_TIMESTAMP,
    "modified": VERSION_TIMESTAMP,
    "revoked": BOOLEAN,
    "labels": many(TEXT),
    "confidence": whole(0, 100),
    "lang": LANGUAGE,
    "external_references": many(EXTERNAL_REFERENCE),
}

COMMON: Mapping[Family, Mapping[str, Fragment]] = {
    Family.DOMAIN: _AUTHORED,
    Family.RELATIONSHIP: _AUTHORED,
    Family.OBSERVABLE: {**_SHARED, "defanged": BOOLEAN},
    Family.META: _AUTHORED,
}
REQUIRED: Mapping[Family, tuple[str, ...]] = {
    Family.DOMAIN: ("type", "spec_version", "id", "created", "modified"),
    Family.RELATIONSHIP: ("type", "spec_version", "id", "created", "modified"),
    Family.OBSERVABLE: ("type", "id"),
    Family.META: ("type", "spec_version", "id", "created"),
}
