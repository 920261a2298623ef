"""Whether one object has the structure of its type: compiled checks, and sentences about faults.

A check is a JSON Schema compiled once for each type; it names every fault in one pass. Where STIX
relates several properties to each other, the rules of the type follow.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from ipaddress import IPv6Network
from typing import Any, cast

import jsonschema_rs
import orjson

from indicators.stix.domain_objects import DOMAIN_OBJECTS, RELATIONSHIP_OBJECTS
from indicators.stix.extensions import extensions_fragment, new_observables
from indicators.stix.meta_objects import META_OBJECTS
from indicators.stix.object_types import COMMON, REQUIRED, Family, Finding, ObjectType
from indicators.stix.observables import OBSERVABLES
from indicators.stix.timestamps import is_timestamp
from indicators.stix.values import UUID, Fragment

# The validator collects every fault of an object before it reports the first. Some 10 µs each, they
# would add up in an object made of nothing else; of a large object one fault is enough.
_BYTES_TO_SEARCH = 16 * 1024


@dataclass(frozen=True, slots=True)
class Check:
    """The compiled structure of one type; `allowed` are its top-level properties."""

    object_type: ObjectType
    allowed: frozenset[str]
    schema: Mapping[str, Any]
    validator: jsonschema_rs.Draft202012Validator

    def accepts(self, value: Mapping[str, Any]) -> bool:
        return self.validator.is_valid(value)

    def faults(self, value: Mapping[str, Any]) -> Iterator[Finding]:
        """The faults of an object that is not accepted; of a large one, the first."""
        if len(orjson.dumps(value)) > _BYTES_TO_SEARCH:
            yield from self.first_fault(value)
            return
        for error in self.validator.iter_errors(value):
            yield from _describe(error, self.schema)

    def first_fault(self, value: Mapping[str, Any]) -> Iterator[Finding]:
        try:
            self.validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            yield from _describe(error, self.schema)


@cache
def object_types() -> Mapping[str, ObjectType]:
    """Every type that STIX 2.1 and our extensions define, by name."""
    known = (*DOMAIN_OBJECTS, *RELATIONSHIP_OBJECTS, *OBSERVABLES, *META_OBJECTS)
    return {each.name: each for each in (*known, *new_observables())}


@cache
def check_of(type_name: str) -> Check | None:
    """The check of a type, None for a type that neither STIX nor we define."""
    object_type = object_types().get(type_name)
    return _compile(object_type) if object_type else None


@cache
def check_of_family(family: Family) -> Check:
    """The check of the common properties, for types that foreign extensions define."""
    return _compile(ObjectType("", family, {}))


@cache
def check_of_shared_names() -> Check:
    """The check of what all authored objects share, for the same names on any other object."""
    return _compile(ObjectType("", Family.DOMAIN, {}), ())


@cache
def check_of_legacy_vendor() -> Check:
    """As for a domain object, but undated objects pass: see `legacy`."""
    return _compile(ObjectType("", Family.DOMAIN, {}), ("type", "spec_version", "id"))


def _compile(object_type: ObjectType, required: Sequence[str] | None = None) -> Check:
    properties: dict[str, Fragment] = {**object_type.properties, **COMMON[object_type.family]}
    for name in object_type.lacks:
        del properties[name]
    properties["extensions"] = extensions_fragment(object_type)
    if object_type.name:
        properties["id"] = _id_of(object_type.name)
    if required is None:
        required = list(dict.fromkeys((*REQUIRED[object_type.family], *object_type.required)))
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": required,
    }
    return Check(object_type, frozenset(properties), schema, _validator(schema))


def _validator(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        dict(schema),
        validate_formats=True,
        formats={"date-time": is_timestamp, "date": _is_date, "ipv6-block": _is_ipv6_block},
        pattern_options=jsonschema_rs.RegexOptions(),  # linear time, whatever the value
    )


def _id_of(type_name: str) -> Fragment:
    return {
        "type": "string",
        "pattern": f"^{type_name}--{UUID}$",
        "sentence": f"must be {type_name}-- and a UUID in lower case",
    }


def _is_date(text: str) -> bool:
    """A day that Python's calendar has, too: the others begin with the year 0."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_ipv6_block(text: str) -> bool:
    try:
        IPv6Network(text, strict=False)
    except ValueError:
        return False
    return "%" not in text and text.isascii()


# --- Sentences ---

_TYPE_WORDS = {
    "null": "nothing",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}


def _describe(error: jsonschema_rs.ValidationError, schema: Mapping[str, Any]) -> Iterator[Finding]:
    path = tuple(error.instance_path)
    facts = error.kind.as_dict()
    if error.kind.name == "required":
        yield (*path, facts["property"]), "is required"
    elif error.kind.name == "additionalProperties":
        sentence = _fragment_at(error.schema_path[:-1], schema).get("key_sentence")
        for name in facts["unexpected"]:
            yield (*path, name), sentence or "is not a property that may stand here"
    elif error.kind.name == "type":
        expected = (_TYPE_WORDS[each] for each in facts["types"])
        yield path, f"must be {' or '.join(expected)}"
    else:
        yield path, _annotated(error.schema_path, schema) or _plain(error.kind.name, facts)


def _fragment_at(schema_path: Sequence[str | int], schema: Any) -> Mapping[str, Any]:
    for step in schema_path:
        schema = schema[step]
    return cast(Mapping[str, Any], schema)


def _annotated(schema_path: Sequence[str | int], schema: Any) -> str | None:
    """The sentence of the innermost fragment on the way to the keyword that failed."""
    found = None
    for step in schema_path:
        if isinstance(schema, dict):
            found = schema.get("sentence", found)
            schema = schema.get(step)
        elif isinstance(schema, list) and isinstance(step, int):
            schema = schema[step]
    return str(found) if found else None


_PLAIN_SENTENCES = {
    "minItems": "must not be empty: leave it out",
    "minProperties": "must have at least one property: leave it out",
    "minimum": "must be at least {limit}",
    "maximum": "must be at most {limit}",
    "exclusiveMinimum": "must be more than {limit}",
    "minLength": "must have at least {limit} characters",
    "maxLength": "must have at most {limit} characters",
    "uniqueItems": "must not repeat an item",
    "const": "must be {expected_value}",
    "enum": "must be one of: {options}",
    "pattern": "does not have the form {pattern}",
}


def _plain(kind: str, facts: Mapping[str, Any]) -> str:
    """A sentence for the keyword, where the fragment states none."""
    sentence = _PLAIN_SENTENCES.get(kind, "does not have the form that STIX prescribes")
    return sentence.format(**facts)
