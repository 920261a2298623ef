"""What people call the types, fields and extensions of objects. Pure."""

from collections.abc import Mapping

from indicators.stix.extensions import extensions

_TYPES: Mapping[str, str] = {
    "ai-traffic-aggregate": "Traffic aggregate",
    "attack-pattern": "Technique",
    "course-of-action": "Response",
    "identity": "Organization or person",
    "infrastructure": "Account network or infrastructure",
    "ipv4-addr": "IPv4 address",
    "ipv6-addr": "IPv6 address",
    "threat-actor": "Alleged actor",
    "url": "URL",
}
_FIELDS: Mapping[str, str] = {
    "as_reported": "As reported",
    "attribution-claim": "Attribution claim",
    "coordination-evidence": "How the accounts act together",
    "created_by_ref": "Author",
    "distillation-campaign": "Distillation campaign",
    "feedback": "Reaction",
    "id": "Id",
    "identifier-token": "Token",
    "object_marking_refs": "Markings",
    "object_refs": "Objects",
    "origin-signature": "Origin signature",
    "p_value": "p-value",
    "sighting_of_ref": "Sighting of",
    "token-indicator": "How it is matched",
    "url": "URL",
    "where_sighted_refs": "Seen by",
}


def type_label(name: str) -> str:
    """A type of object in words: "Technique" for attack-pattern."""
    return _TYPES.get(name) or name.removeprefix("x-").replace("-", " ").capitalize()


def label_of(name: str, *, plain: bool = False) -> str:
    """A field in words; our extensions by their names. `plain`: the name, not yet in words."""
    extension = extensions().get(name)
    known = extension.name if extension else name
    if plain:
        return known
    words = known.removesuffix("_refs").removesuffix("_ref").replace("_", " ")
    return _FIELDS.get(known) or words[:1].upper() + words[1:]
