"""Properties and types that STIX 2.1 does not define (§7.3, §11): which may pass, which may not."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from indicators.stix.legacy import is_legacy_property, is_legacy_type
from indicators.stix.object_types import Family, Finding
from indicators.stix.structure import (
    Check,
    check_of,
    check_of_family,
    check_of_legacy_vendor,
    check_of_shared_names,
)
from indicators.stix.values import BINARY, HEX, PROPERTY_NAME

_FAMILIES = {
    "new-sdo": Family.DOMAIN,
    "new-sro": Family.RELATIONSHIP,
    "new-sco": Family.OBSERVABLE,
}
_NAME = re.compile(PROPERTY_NAME)
_RESERVED = frozenset({"severity", "action", "username", "phone_numbers"})
_ENCODED = {"_bin": re.compile(BINARY["pattern"]), "_hex": re.compile(HEX["pattern"])}


def check_for(value: Mapping[str, Any]) -> Check | str:
    """The check that an object has to pass, or a sentence why there is none."""
    name = value.get("type")
    if not isinstance(name, str):
        return "must be a text that names a STIX object type"
    known = check_of(name)
    if known:
        return known
    for extension_type in _extension_types(value):
        if extension_type in _FAMILIES:
            return check_of_family(_FAMILIES[extension_type])
    if is_legacy_type(name):
        return check_of_legacy_vendor()
    if name == "bundle":
        return "must not be bundle: a bundle cannot stand in a bundle"
    return (
        "is neither a STIX 2.1 type nor defined by an extension of the object: define it in an "
        "extension-definition and name that under extensions with extension_type new-sdo, new-sco "
        "or new-sro"
    )


def check_undefined_properties(check: Check, value: Mapping[str, Any]) -> Iterator[Finding]:
    """Undefined properties belong to an extension, or to a vendor that is known for them."""
    if check.allowed.issuperset(value):
        return
    defined_elsewhere = not check.object_type.name or "toplevel-property-extension" in set(
        _extension_types(value)
    )
    for name in sorted(value.keys() - check.allowed):
        if name in _RESERVED:
            yield (name,), "is a name that STIX reserves (§12): choose another"
        elif defined_elsewhere or is_legacy_property(name):
            yield from _check_form(name, value[name])
        else:
            yield (
                (name,),
                f"is not a property of {check.object_type.name}: put it into an extension under "
                "extensions, keyed by the id of its extension-definition",
            )


def check_shared_names(check: Check, value: Mapping[str, Any]) -> Iterator[Finding]:
    """What is an authored object's has one meaning: nobody defines `created` or `revoked` anew.

    Everybody reads these of every object, whatever its type.
    """
    if check.allowed.issuperset(value):
        return
    shared = check_of_shared_names()
    for name in sorted((value.keys() - check.allowed) & shared.allowed):
        yield from shared.faults({name: value[name]})


def _check_form(name: str, value: object) -> Iterator[Finding]:
    if not _NAME.fullmatch(name):
        yield (name,), "is no property name: a-z, 0-9 and _, 3 to 250 long, a letter first"
    if value is None or value == []:
        yield (name,), "must have a value: leave out what is empty"
    form = _ENCODED.get(name[-4:])
    if form and not (isinstance(value, str) and form.fullmatch(value)):
        yield (name,), "must be base64 (_bin) or pairs of hexadecimal digits (_hex)"


def _extension_types(value: Mapping[str, Any]) -> Iterator[str]:
    extensions = value.get("extensions")
    if not isinstance(extensions, dict):
        return
    for key, extension in extensions.items():
        if key.startswith("extension-definition--") and isinstance(extension, dict):
            yield str(extension.get("extension_type"))
