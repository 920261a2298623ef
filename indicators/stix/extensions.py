"""Our eight extensions and where they may stand; foreign ones pass through (STIX 2.1 §7.3)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from indicators.stix.object_types import COMMON, EXTENSION, EXTENSION_KEY, Family, ObjectType
from indicators.stix.values import Fragment, keyed

_NAMES = (
    "origin-signature",
    "identifier-token",
    "ai-traffic-aggregate",
    "token-indicator",
    "distillation-campaign",
    "attribution-claim",
    "coordination-evidence",
    "feedback",
)
_EVERY_TYPE = "*"


@dataclass(frozen=True, slots=True)
class Extension:
    """One of our extensions, as the package ships it.

    extends: the types whose objects may carry it; empty for a new observable.
    identity: the properties that make the id of a new observable.
    """

    definition: Mapping[str, Any]
    schema: Mapping[str, Any]
    extends: tuple[str, ...]
    identity: tuple[str, ...]

    @property
    def id(self) -> str:
        return str(self.definition["id"])

    @property
    def name(self) -> str:
        return str(self.definition["name"])

    def allows(self, type_name: str) -> bool:
        """Whether objects of this type may carry the extension."""
        return type_name in self.extends or _EVERY_TYPE in self.extends

    def defines(self, type_name: str) -> bool:
        """Whether this is the extension that makes the type an object type."""
        return bool(self.identity) and self.name == type_name


@cache
def extensions() -> Mapping[str, Extension]:
    """Our extensions by id."""
    read = (_read(name) for name in _NAMES)
    return {extension.id: extension for extension in read}


def schema(name: str) -> Mapping[str, Any]:
    """The JSON Schema of one of our extensions; KeyError if there is none of that name."""
    for extension in extensions().values():
        if extension.name == name:
            return extension.schema
    raise KeyError(f"There is no extension {name}; there are {', '.join(_NAMES)}.")


def new_observables() -> list[ObjectType]:
    """The observable types that our extensions define."""
    return [_observable(each) for each in extensions().values() if each.identity]


def extensions_fragment(object_type: ObjectType) -> Fragment:
    """The `extensions` property of a type: its predefined ones, ours where they fit, any other."""
    fitting = {each.id: _fragment(each, object_type.name) for each in extensions().values()}
    own = [each.id for each in extensions().values() if each.defines(object_type.name)]
    return {
        "type": "object",
        "minProperties": 1,
        "required": own,
        "properties": {**object_type.extensions, **fitting},
        **keyed(
            {EXTENSION_KEY: EXTENSION},
            "is neither the id of an extension-definition nor an extension that STIX predefines "
            f"for {object_type.name}",
        ),
    }


def _fragment(extension: Extension, type_name: str) -> Fragment:
    if extension.allows(type_name):
        return extension.schema
    if extension.defines(type_name):
        return {"properties": {"extension_type": {"const": "new-sco"}}}
    return {"not": {}, "sentence": f"cannot stand on {type_name}: {_place_of(extension)}"}


def _place_of(extension: Extension) -> str:
    if extension.identity:
        return f"{extension.name} is an object type of its own"
    return f"{extension.name} extends {', '.join(extension.extends)}"


def _observable(extension: Extension) -> ObjectType:
    properties = extension.schema["properties"]
    return ObjectType(
        extension.name,
        Family.OBSERVABLE,
        properties,
        tuple(extension.schema["required"]),
        identity=extension.identity,
        lacks=tuple(name for name in COMMON[Family.OBSERVABLE] if name not in properties),
    )


def _read(name: str) -> Extension:
    shipped = json.loads(files(__package__).joinpath("schemas", f"{name}.json").read_text("utf-8"))
    return Extension(
        definition=shipped["definition"],
        schema=shipped["schema"],
        extends=tuple(shipped.get("extends", ())),
        identity=tuple(shipped.get("id_contributing_properties", ())),
    )
