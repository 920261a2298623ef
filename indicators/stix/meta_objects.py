"""The meta objects of STIX 2.1 (§7): markings, translations, extension definitions."""

from collections.abc import Iterator, Mapping
from typing import Any

from indicators.stix import vocabulary
from indicators.stix.domain_objects import META_TYPES
from indicators.stix.markings import OFFICIAL_TLP, TLP_2_EXTENSION
from indicators.stix.object_types import Family, Finding, ObjectType
from indicators.stix.values import (
    LANGUAGE,
    PRESENT,
    PROPERTY_NAME,
    TEXT,
    TIMESTAMP,
    Fragment,
    keyed,
    many,
    one_of,
    ref_except,
)

_TRANSLATIONS: Fragment = {
    "type": "object",
    "minProperties": 1,
    **keyed(
        {
            LANGUAGE["pattern"]: {
                "type": "object",
                "minProperties": 1,
                **keyed({f"^{PROPERTY_NAME}$": PRESENT}, "is no property name"),
            }
        },
        str(LANGUAGE["sentence"]),
    ),
}


def _form_of_marking(value: Mapping[str, Any]) -> Iterator[Finding]:
    """A marking is defined by definition and definition_type, or else by an extension."""
    kind, definition = value.get("definition_type"), value.get("definition")
    if kind is None and definition is None:
        if "extensions" not in value:
            yield ("definition",), "is required of a marking without extensions"
    elif kind is None or definition is None:
        missing = "definition_type" if kind is None else "definition"
        yield (missing,), "is required: definition_type and definition go together"
    elif kind not in ("statement", "tlp"):
        yield ("definition_type",), "must be statement or tlp; define other markings by extension"
    elif kind == "statement" and not _is_statement(definition):
        yield ("definition",), "must be an object with the text property statement and no other"


def _is_statement(definition: object) -> bool:
    return (
        isinstance(definition, dict)
        and definition.keys() == {"statement"}
        and isinstance(definition["statement"], str)
    )


def _official_tlp(value: Mapping[str, Any]) -> Iterator[Finding]:
    official = OFFICIAL_TLP.get(str(value.get("id")))
    if official is not None:
        if value != official:
            yield (), "A TLP marking equals the published object; send that or leave it out."
    elif value.get("definition_type") == "tlp" or TLP_2_EXTENSION in value.get("extensions", ()):
        yield ("id",), "must be the id of a published TLP marking; TLP cannot be redefined"


def _no_circle(value: Mapping[str, Any]) -> Iterator[Finding]:
    for index, ref in enumerate(value.get("object_marking_refs", ())):
        if ref == value.get("id"):
            yield ("object_marking_refs", index), "cannot mark itself"
    for index, marking in enumerate(value.get("granular_markings", ())):
        if isinstance(marking, dict) and marking.get("marking_ref") == value.get("id"):
            yield ("granular_markings", index, "marking_ref"), "cannot mark itself"


def _names_its_properties(value: Mapping[str, Any]) -> Iterator[Finding]:
    toplevel = "toplevel-property-extension" in value.get("extension_types", ())
    if "extension_properties" in value and not toplevel:
        yield ("extension_properties",), "belongs to toplevel-property-extension only"


META_OBJECTS = (
    ObjectType(
        "marking-definition",  # it is never versioned (§7.2.1), hence what it lacks
        Family.META,
        {
            "name": TEXT,
            "definition_type": TEXT,
            "definition": {"type": "object"},
        },
        rules=(_form_of_marking, _official_tlp, _no_circle),
        lacks=("modified", "revoked", "labels", "confidence", "lang"),
    ),
    ObjectType(
        "language-content",
        Family.META,
        {
            "object_ref": ref_except(*META_TYPES),
            "object_modified": TIMESTAMP,
            "contents": _TRANSLATIONS,
        },
        ("modified", "object_ref", "contents"),
        lacks=("lang",),
    ),
    ObjectType(
        "extension-definition",
        Family.META,
        {
            "name": TEXT,
            "description": TEXT,
            "schema": TEXT,
            "version": TEXT,
            "extension_types": many(one_of(vocabulary.EXTENSION_TYPES)),
            "extension_properties": many(
                {
                    "type": "string",
                    "pattern": f"^{PROPERTY_NAME}$",
                    "sentence": "must be a property name",
                }
            ),
        },
        ("modified", "created_by_ref", "name", "schema", "version", "extension_types"),
        rules=(_names_its_properties,),
        lacks=("confidence", "lang"),
    ),
)
