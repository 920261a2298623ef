"""The kinds of values that STIX properties take, as JSON Schema fragments (STIX 2.1 §2, §3).

A fragment may carry a `sentence`: what a refused value must be, for people.
"""

from collections.abc import Mapping
from typing import Any

from indicators.stix import timestamps

Fragment = Mapping[str, Any]
"""A JSON Schema (2020-12), plus the annotation `sentence`."""

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TYPE_NAME = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
PROPERTY_NAME = "(?:[a-z][a-z0-9_]{2,249}|id)"

TEXT: Fragment = {"type": "string"}
BOOLEAN: Fragment = {"type": "boolean"}
INTEGER: Fragment = {"type": "integer"}
COUNT: Fragment = {"type": "integer", "minimum": 0}
NUMBER: Fragment = {"type": "number"}
NOTHING: Fragment = {"type": "null"}
TIMESTAMP: Fragment = {
    "type": "string",
    "format": "date-time",
    "sentence": timestamps.SENTENCE,
}
VERSION_TIMESTAMP: Fragment = {
    **TIMESTAMP,
    "pattern": r"\.[0-9]{3,6}Z$",
    "sentence": f"{timestamps.SENTENCE}, with three to six digits after the point",
}
HEX: Fragment = {
    "type": "string",
    "pattern": "^(?:[0-9a-fA-F]{2})+$",
    "sentence": "must be an even number of hexadecimal digits",
}
BINARY: Fragment = {
    "type": "string",
    "pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$",
    "sentence": "must be base64 with padding",
}
URL: Fragment = {"type": "string", "format": "uri", "sentence": "must be a URL (RFC 3986)"}
LANGUAGE: Fragment = {
    "type": "string",
    "maxLength": 100,
    "pattern": "^[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    "(?:-(?:[0-9A-Za-z]{5,8}|[0-9][0-9A-Za-z]{3}))*(?:-[0-9A-WY-Za-wy-z](?:-[0-9A-Za-z]{2,8})+)*"
    "(?:-x(?:-[0-9A-Za-z]{1,8})+)?$",
    "sentence": "must be a language tag such as en or pt-BR (RFC 5646)",
}


def many(item: Fragment) -> Fragment:
    """A list of at least one item: STIX leaves empty lists out (§2.11)."""
    return {"type": "array", "minItems": 1, "items": item}


def between(low: float, high: float) -> Fragment:
    return {"type": "number", "minimum": low, "maximum": high}


def whole(low: int, high: int) -> Fragment:
    return {"type": "integer", "minimum": low, "maximum": high}


def one_of(terms: tuple[str, ...]) -> Fragment:
    """One term of a closed vocabulary."""
    return {"enum": list(terms), "sentence": f"must be one of: {', '.join(terms)}"}


def embedded(properties: Mapping[str, Fragment], *required: str) -> Fragment:
    """An object inside an object, with these properties and no other, at least one."""
    return {
        "type": "object",
        "minProperties": 1,
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def ref(*types: str) -> Fragment:
    """The id of an object of one of these types."""
    return {
        "type": "string",
        "pattern": f"^(?:{'|'.join(types)})--{UUID}$",
        "sentence": f"must be the id of an object of type {' or '.join(types)}",
    }


def refs(*types: str) -> Fragment:
    return many(ref(*types))


def ref_except(*types: str) -> Fragment:
    """The id of any object, types that we do not know included, except of these types."""
    return {
        **ID,
        "not": {"pattern": f"^(?:{'|'.join(types)})--"},
        "sentence": f"must be the id of an object, and not of a {', '.join(types)}",
    }


ID: Fragment = {
    "type": "string",
    "maxLength": 250 + 38,
    "pattern": f"^{TYPE_NAME}--{UUID}$",
    "sentence": "must be an id: a type, two hyphens and a UUID in lower case",
}

# Anything but null and the empty list, which STIX has no use for (§2, §2.11).
PRESENT: Fragment = {
    "type": ["array", "string", "integer", "boolean", "number", "object"],
    "minItems": 1,
    "sentence": "must have a value: leave out what is empty",
}

DICTIONARY_KEY = "^[a-zA-Z0-9_-]{1,250}$"


def dictionary(item: Fragment = PRESENT, key: str = DICTIONARY_KEY) -> Fragment:
    """A dictionary (§2.3): at least one entry, ASCII keys."""
    return {
        "type": "object",
        "minProperties": 1,
        **keyed({key: item}, "is not a key that STIX allows here: letters, digits, - and _"),
    }


def keyed(forms: Mapping[str, Fragment], sentence: str) -> Fragment:
    """Properties whose names have one of these forms; `sentence` says what is wrong with others.

    JSON Schema's propertyNames would say the same, but reporting it takes quadratic time.
    """
    return {
        "patternProperties": dict(forms),
        "additionalProperties": False,
        "key_sentence": sentence,
    }


def hexadecimal(digits: int) -> Fragment:
    return {
        "type": "string",
        "pattern": f"^[0-9a-fA-F]{{{digits}}}$",
        "sentence": f"must be {digits} hexadecimal digits",
    }


_HASH_FORMS: Mapping[str, Fragment] = {
    "MD5": hexadecimal(32),
    "SHA-1": hexadecimal(40),
    "SHA-256": hexadecimal(64),
    "SHA-512": hexadecimal(128),
    "SHA3-256": hexadecimal(64),
    "SHA3-512": hexadecimal(128),
    "SSDEEP": {
        "type": "string",
        "pattern": "^[a-zA-Z0-9/+:.]{1,128}$",
        "sentence": "must be an ssdeep hash",
    },
    "TLSH": {
        "type": "string",
        "pattern": "^[a-zA-Z0-9]{70}$",
        "sentence": "must be 70 letters and digits",
    },
}

# The spelling of the vocabulary is the only one for its algorithms: sha256 or SHA1 would hide from
# whoever looks for SHA-256 or SHA-1. Other algorithms keep the name that their users give them.
_MISSPELT_HASHES = {
    variant
    for name in _HASH_FORMS
    for bare in (name, name.replace("-", ""))
    for variant in (bare, bare.lower(), bare.capitalize())
} - _HASH_FORMS.keys()

_MISSPELT: Fragment = {
    "not": {},
    "sentence": f"is spelt otherwise in STIX: {', '.join(_HASH_FORMS)}",
}

HASHES: Fragment = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        **_HASH_FORMS,
        **dict.fromkeys(sorted(_MISSPELT_HASHES), _MISSPELT),
    },
    **keyed(
        {"^[a-zA-Z0-9_-]{3,250}$": {"type": "string", "minLength": 1}},
        "is no name of a hash algorithm: letters, digits, - and _, at least three",
    ),
}
VOCABULARY_HASHES: Fragment = {
    "type": "object",
    "minProperties": 1,
    "properties": dict(_HASH_FORMS),
    "additionalProperties": False,
    "key_sentence": f"is not one of {', '.join(_HASH_FORMS)}",
}
