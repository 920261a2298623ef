"""The domain and relationship objects of STIX 2.1 (§4, §5), property by property."""

from collections.abc import Iterator, Mapping
from typing import Any

from indicators.stix import vocabulary
from indicators.stix.object_types import KILL_CHAIN_PHASES, Family, Finding, ObjectType
from indicators.stix.values import (
    BOOLEAN,
    TEXT,
    TIMESTAMP,
    Fragment,
    between,
    dictionary,
    many,
    one_of,
    ref,
    ref_except,
    refs,
    whole,
)

TEXTS = many(TEXT)
META_TYPES = ("bundle", "marking-definition", "language-content", "extension-definition")
OBSERVABLE_TYPES = (
    "artifact",
    "autonomous-system",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "url",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
)
DOMAIN_TYPES = (
    "attack-pattern",
    "campaign",
    "course-of-action",
    "grouping",
    "identity",
    "incident",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "location",
    "malware",
    "malware-analysis",
    "note",
    "observed-data",
    "opinion",
    "report",
    "threat-actor",
    "tool",
    "vulnerability",
)

# A type that we do not know may belong to any family, so families are told by what is excluded.
ANY_OBJECT_REFS = many(ref_except("bundle", "marking-definition", "language-content"))
OBSERVABLE_REF = ref_except(*META_TYPES, *DOMAIN_TYPES, "relationship", "sighting")
OBSERVED_REFS = many(ref_except(*META_TYPES, *DOMAIN_TYPES))
RELATABLE_REF = ref_except(*META_TYPES, "relationship", "sighting")
SIGHTED_REF = ref_except(*META_TYPES, *OBSERVABLE_TYPES, "relationship", "sighting")

_SEEN = {"first_seen": TIMESTAMP, "last_seen": TIMESTAMP}
_SEEN_ORDER = (("first_seen", "last_seen", True),)


def _domain(
    name: str, required: tuple[str, ...], properties: Mapping[str, Fragment], **more: Any
) -> ObjectType:
    described = {"description": TEXT, **properties}
    return ObjectType(name, Family.DOMAIN, described, required, **more)


def _name_of_family(value: Mapping[str, Any]) -> Iterator[Finding]:
    if value.get("is_family") is True and "name" not in value:
        yield ("name",), "is required of a malware family"


def _position(value: Mapping[str, Any]) -> Iterator[Finding]:
    for one, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if one in value and other not in value:
            yield (other,), f"is required beside {one}"
    if "precision" in value and "latitude" not in value:
        yield ("latitude",), "is required beside precision"
    if not value.keys() & {"region", "country", "latitude"}:
        yield (), "A location has a region, a country, or latitude and longitude; name one."


def _one_way_of_observing(value: Mapping[str, Any]) -> Iterator[Finding]:
    if "objects" in value and "object_refs" in value:
        yield ("objects",), "cannot stand beside object_refs; keep object_refs"


def _attribution(value: Mapping[str, Any]) -> Iterator[Finding]:
    """Naming a person or an organization as the actor takes a claim with status and source."""
    named = str(value.get("target_ref", "")).startswith("identity--")
    if value.get("relationship_type") == "attributed-to" and named:
        extensions = value.get("extensions")
        if not isinstance(extensions, dict) or ATTRIBUTION_CLAIM not in extensions:
            yield (
                ("extensions", ATTRIBUTION_CLAIM),
                "is required: who attributes something to an identity states an attribution-claim",
            )


ATTRIBUTION_CLAIM = "extension-definition--a80d9b76-acfd-4b61-91da-826eb18ac156"

DOMAIN_OBJECTS = (
    _domain(
        "attack-pattern",
        ("name",),
        {"name": TEXT, "aliases": TEXTS, "kill_chain_phases": KILL_CHAIN_PHASES},
    ),
    _domain(
        "campaign",
        ("name",),
        {"name": TEXT, "aliases": TEXTS, "objective": TEXT, **_SEEN},
        order=_SEEN_ORDER,
    ),
    _domain("course-of-action", ("name",), {"name": TEXT}),
    _domain(
        "grouping",
        ("context", "object_refs"),
        {"name": TEXT, "context": TEXT, "object_refs": ANY_OBJECT_REFS},
    ),
    _domain(
        "identity",
        ("name",),
        {
            "name": TEXT,
            "roles": TEXTS,
            "identity_class": TEXT,
            "sectors": TEXTS,
            "contact_information": TEXT,
        },
    ),
    _domain("incident", ("name",), {"name": TEXT, "kill_chain_phases": KILL_CHAIN_PHASES}),
    _domain(
        "indicator",
        ("pattern", "pattern_type", "valid_from"),
        {
            "name": TEXT,
            "indicator_types": TEXTS,
            "pattern": TEXT,
            "pattern_type": TEXT,
            "pattern_version": TEXT,
            "valid_from": TIMESTAMP,
            "valid_until": TIMESTAMP,
            "kill_chain_phases": KILL_CHAIN_PHASES,
        },
        order=(("valid_from", "valid_until", False),),
    ),
    _domain(
        "infrastructure",
        ("name",),
        {
            "name": TEXT,
            "infrastructure_types": TEXTS,
            "aliases": TEXTS,
            "kill_chain_phases": KILL_CHAIN_PHASES,
            **_SEEN,
        },
        order=_SEEN_ORDER,
    ),
    _domain(
        "intrusion-set",
        ("name",),
        {
            "name": TEXT,
            "aliases": TEXTS,
            "goals": TEXTS,
            "resource_level": TEXT,
            "primary_motivation": TEXT,
            "secondary_motivations": TEXTS,
            **_SEEN,
        },
        order=_SEEN_ORDER,
    ),
    _domain(
        "location",
        (),
        {
            "name": TEXT,
            "latitude": between(-90, 90),
            "longitude": between(-180, 180),
            "precision": {"type": "number", "minimum": 0},
            "region": TEXT,
            "country": TEXT,
            "administrative_area": TEXT,
            "city": TEXT,
            "street_address": TEXT,
            "postal_code": TEXT,
        },
        rules=(_position,),
    ),
    _domain(
        "malware",
        ("is_family",),
        {
            "name": TEXT,
            "malware_types": TEXTS,
            "is_family": BOOLEAN,
            "aliases": TEXTS,
            "kill_chain_phases": KILL_CHAIN_PHASES,
            "operating_system_refs": refs("software"),
            "architecture_execution_envs": TEXTS,
            "implementation_languages": TEXTS,
            "capabilities": TEXTS,
            "sample_refs": refs("artifact", "file"),
            **_SEEN,
        },
        order=_SEEN_ORDER,
        rules=(_name_of_family,),
    ),
    ObjectType(
        "malware-analysis",
        Family.DOMAIN,
        {
            "product": TEXT,
            "version": TEXT,
            "host_vm_ref": ref("software"),
            "operating_system_ref": ref("software"),
            "installed_software_refs": refs("software"),
            "configuration_version": TEXT,
            "modules": TEXTS,
            "analysis_engine_version": TEXT,
            "analysis_definition_version": TEXT,
            "submitted": TIMESTAMP,
            "analysis_started": TIMESTAMP,
            "analysis_ended": TIMESTAMP,
            "result_name": TEXT,
            "result": TEXT,
            "analysis_sco_refs": many(OBSERVABLE_REF),
            "sample_ref": ref("artifact", "file", "network-traffic"),
        },
        ("product",),
        some_of=("result", "analysis_sco_refs"),
    ),
    ObjectType(
        "note",
        Family.DOMAIN,
        {"abstract": TEXT, "content": TEXT, "authors": TEXTS, "object_refs": ANY_OBJECT_REFS},
        ("content", "object_refs"),
    ),
    ObjectType(
        "observed-data",
        Family.DOMAIN,
        {
            "first_observed": TIMESTAMP,
            "last_observed": TIMESTAMP,
            "number_observed": whole(1, 999_999_999),
            "objects": dictionary({"type": "object"}),
            "object_refs": OBSERVED_REFS,
        },
        ("first_observed", "last_observed", "number_observed"),
        some_of=("object_refs", "objects"),
        order=(("first_observed", "last_observed", True),),
        rules=(_one_way_of_observing,),
    ),
    ObjectType(
        "opinion",
        Family.DOMAIN,
        {
            "explanation": TEXT,
            "authors": TEXTS,
            "opinion": one_of(vocabulary.OPINIONS),
            "object_refs": ANY_OBJECT_REFS,
        },
        ("opinion", "object_refs"),
    ),
    _domain(
        "report",
        ("name", "published", "object_refs"),
        {
            "name": TEXT,
            "report_types": TEXTS,
            "published": TIMESTAMP,
            "object_refs": ANY_OBJECT_REFS,
        },
    ),
    _domain(
        "threat-actor",
        ("name",),
        {
            "name": TEXT,
            "threat_actor_types": TEXTS,
            "aliases": TEXTS,
            "roles": TEXTS,
            "goals": TEXTS,
            "sophistication": TEXT,
            "resource_level": TEXT,
            "primary_motivation": TEXT,
            "secondary_motivations": TEXTS,
            "personal_motivations": TEXTS,
            **_SEEN,
        },
        order=_SEEN_ORDER,
    ),
    _domain(
        "tool",
        ("name",),
        {
            "name": TEXT,
            "tool_types": TEXTS,
            "aliases": TEXTS,
            "kill_chain_phases": KILL_CHAIN_PHASES,
            "tool_version": TEXT,
        },
    ),
    _domain("vulnerability", ("name",), {"name": TEXT}),
)

RELATIONSHIP_OBJECTS = (
    ObjectType(
        "relationship",
        Family.RELATIONSHIP,
        {
            "relationship_type": {
                "type": "string",
                "pattern": "^[a-z0-9-]+$",
                "sentence": "must be a relationship type: a-z, 0-9 and hyphens",
            },
            "description": TEXT,
            "source_ref": RELATABLE_REF,
            "target_ref": RELATABLE_REF,
            "start_time": TIMESTAMP,
            "stop_time": TIMESTAMP,
        },
        ("relationship_type", "source_ref", "target_ref"),
        order=(("start_time", "stop_time", False),),
        rules=(_attribution,),
    ),
    ObjectType(
        "sighting",
        Family.RELATIONSHIP,
        {
            "description": TEXT,
            "count": whole(0, 999_999_999),
            "sighting_of_ref": SIGHTED_REF,
            "observed_data_refs": refs("observed-data"),
            "where_sighted_refs": refs("identity", "location"),
            "summary": BOOLEAN,
            **_SEEN,
        },
        ("sighting_of_ref",),
        order=_SEEN_ORDER,
    ),
)
