"""Ids of observables: the UUIDv5 of what makes an object the same for everyone (STIX 2.1 §2.9)."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID, uuid5

from federation.canonical import canonical
from indicators.stix.object_types import Finding, ObjectType

NAMESPACE = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")

_PREFERRED_HASHES = ("MD5", "SHA-1", "SHA-256", "SHA-512")

# The signature covers the id, so the id cannot cover the signature.
_ORIGIN_SIGNATURE = "extension-definition--4f14e45b-cb04-4bb9-aa0a-09a96b755622"


def observable_id(object_type: ObjectType, value: Mapping[str, Any]) -> str | None:
    """The deterministic id of an observable, None if nothing in it contributes to one."""
    contributions = next(_contributions(object_type, value), None)
    return _id(object_type.name, contributions) if contributions else None


def check_observable_id(object_type: ObjectType, value: Mapping[str, Any]) -> Iterator[Finding]:
    """A version-5 id is the deterministic one; where there is none, the id is random."""
    version = value["id"][len(object_type.name) + 2 + 14]
    if version == "4":
        return
    candidates = [_id(object_type.name, each) for each in _contributions(object_type, value)]
    if not candidates:
        yield ("id",), "must be a random UUID (version 4): nothing here makes a version-5 id"
    elif version == "5" and value["id"] not in candidates:
        yield ("id",), f"must be {candidates[0]}, the UUIDv5 of {_listed(object_type)}"


def _listed(object_type: ObjectType) -> str:
    return ", ".join(object_type.identity)


def _id(type_name: str, contributions: Mapping[str, Any]) -> str:
    return f"{type_name}--{uuid5(NAMESPACE, canonical(dict(contributions)).decode())}"


def _contributions(object_type: ObjectType, value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """More than one only if no hash is preferred: then any one of them may have been chosen."""
    made = {name: value[name] for name in object_type.identity if name in value}
    if "extensions" in made:
        made["extensions"] = {
            key: each for key, each in made["extensions"].items() if key != _ORIGIN_SIGNATURE
        }
        if not made["extensions"]:
            del made["extensions"]
    hashes = made.get("hashes")
    if hashes is None:
        if made:
            yield made
        return
    preferred = next((name for name in _PREFERRED_HASHES if name in hashes), None)
    for name in (preferred,) if preferred else hashes:
        yield {**made, "hashes": {name: hashes[name]}}
