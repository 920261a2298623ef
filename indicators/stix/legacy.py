"""Vendors whose published objects predate extension-definitions and are taken as they are.

Custom properties and types outside an extension are deprecated (STIX 2.1 §11) and refused. These
vendors publish knowledge that the field builds on and will not rewrite. The table holds exactly
what we have met; a new entry needs the same reason.

    mitre   ATT&CK and ATLAS: properties x_mitre_*, types x-mitre-*; an x-mitre-collection of ATLAS
            has neither created nor modified.
"""

LEGACY_VENDORS = ("mitre",)

_PROPERTY_PREFIXES = tuple(f"x_{vendor}_" for vendor in LEGACY_VENDORS)
_TYPE_PREFIXES = tuple(f"x-{vendor}-" for vendor in LEGACY_VENDORS)


def is_legacy_property(name: str) -> bool:
    return name.startswith(_PROPERTY_PREFIXES)


def is_legacy_type(name: str) -> bool:
    return name.startswith(_TYPE_PREFIXES)
