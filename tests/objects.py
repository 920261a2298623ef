"""Valid STIX objects for tests, and what the store takes of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from indicators.stix import StixObject, parse_objects

START = datetime(2026, 3, 1, 12, tzinfo=UTC)

TLP_CLEAR = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
TLP_GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
TLP_AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
TLP_AMBER_STRICT = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"
TLP_RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"

_OBSERVABLES = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")


def moment(version: int) -> datetime:
    """The `modified` of an object's version number: a second apart, from 0."""
    return START + timedelta(seconds=version)


def stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def indicator(key: object = None, *, version: int = 0, **changes: Any) -> dict[str, Any]:
    """An indicator; one `key` always gives one id, none a new one. `changes` replace properties."""
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": id_of("indicator", key),
        "created": stamp(START),
        "modified": stamp(moment(version)),
        "name": f"Account cluster {key}",
        "pattern": "[domain-name:value = 'relay.example']",
        "pattern_type": "stix",
        "valid_from": stamp(START),
        **changes,
    }


def malware(key: object = None, *, version: int = 0, **changes: Any) -> dict[str, Any]:
    """An object of another type than `indicator`."""
    return {
        "type": "malware",
        "spec_version": "2.1",
        "id": id_of("malware", key),
        "created": stamp(START),
        "modified": stamp(moment(version)),
        "is_family": False,
        **changes,
    }


def identity(identity_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": identity_id,
        "created": stamp(START),
        "modified": stamp(START),
        "name": "An organization",
        **changes,
    }


def marking(key: object = None, **changes: Any) -> dict[str, Any]:
    """A statement marking: it has `created` and no `modified`."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": id_of("marking-definition", key),
        "created": stamp(START),
        "definition_type": "statement",
        "definition": {"statement": "Shared under the community's terms."},
        **changes,
    }


def domain_name(value: str, **changes: Any) -> dict[str, Any]:
    """An observable: its id follows from its value, and it has no times."""
    named = json.dumps({"value": value}, separators=(",", ":"))
    return {
        "type": "domain-name",
        "spec_version": "2.1",
        "id": f"domain-name--{uuid5(_OBSERVABLES, named)}",
        "value": value,
        **changes,
    }


def id_of(kind: str, key: object = None) -> str:
    return f"{kind}--{uuid4() if key is None else uuid5(NAMESPACE_URL, str(key))}"


def envelope(*objects: Mapping[str, Any]) -> bytes:
    """The body of a TAXII POST."""
    return json.dumps({"objects": objects}).encode()


def stix_objects(values: Iterable[Mapping[str, Any]]) -> list[StixObject]:
    """Parsed as a door would; a test's own objects are valid."""
    parsed = parse_objects(envelope(*values), max_bytes=1 << 28)
    assert not parsed.problems, parsed.problems
    return parsed.objects


def stix_object(value: Mapping[str, Any], index: int = 0) -> StixObject:
    return replace(stix_objects([value])[0], index=index)
