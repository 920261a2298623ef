"""What an object says, in people's words: a title, and facts in an order that can be read. Pure.

Everything that it says is told: what has no words of its own here is named after its property.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from indicators.detections.drafts.gate import Path, last_name, open_texts
from indicators.stix import Tlp
from indicators.stix.extensions import extensions
from indicators.stix.markings import strictest_tlp
from indicators.stix.timestamps import is_timestamp, parse_timestamp

Content = Mapping[str, Any]
Kind = Literal[
    "text", "words", "count", "number", "share", "time", "confidence", "terms", "ident", "idents",
    "yes", "facts", "list",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is said. `kind` tells how `value` is to be shown.

    text: a term or a name; words: free text; count: {value, qualifier}; terms and idents: lists of
    texts; facts: a list of Fact; list: a list of such lists.
    """

    label: str
    kind: Kind
    value: Any


@dataclass(frozen=True, slots=True)
class Told:
    """An object in words. `at`: when the window begins that it is of, if it is of one; `unread`:
    (place, text) of every text that nobody's vocabulary knows.
    """

    title: str
    at: datetime | None
    marking: Tlp | None
    facts: tuple[Fact, ...]
    unread: tuple[tuple[str, str], ...]


def tell(content: Content) -> Told:
    """Say what an object says."""
    unread = tuple(
        (".".join(str(step) for step in path if step != "extensions"), text)
        for path, text in open_texts(content)
        if not _is_name(path)
    )
    marking, facts = strictest_tlp(content), tuple(_facts(content))
    return Told(title(content), _window(content), marking, facts, _named(unread))


def facts_of(told: Content) -> tuple[Fact, ...]:
    """Any mapping of facts in words, in its order; empty ones are not told."""
    stated = ((name, each) for name, each in told.items() if each not in (None, [], {}, ()))
    return tuple(_fact(name, each) for name, each in stated)


def title(content: Content) -> str:
    """The object's own name, or what it is."""
    kind = str(content.get("type", "object"))
    if kind == "relationship":
        source, target = (str(content.get(end, "")) for end in ("source_ref", "target_ref"))
        verb = str(content.get("relationship_type", "")).replace("-", " ")
        return f"{_kind_of(source)} {verb} {_kind_of(target)}".capitalize()
    if content.get("name"):
        return str(content["name"])
    if kind == "opinion":
        return f"Opinion: {content.get('opinion', '')}"
    return _TITLES.get(kind, kind.replace("-", " ").capitalize())


_TITLES = {
    "sighting": "Sighting: seen here, too",
    "observed-data": "Traffic that was observed",
    "ai-traffic-aggregate": "Traffic in numbers",
}
_EXTENSION_NAMES = {each.id: each.name for each in extensions().values()}
# Said elsewhere on the page: by the title, the marking, the badge of the change, or not at all.
_SAID = {
    "type", "spec_version", "id", "name", "created", "modified", "object_marking_refs",
    "extensions", "extension_type", "pattern_type", "pattern_version", "relationship_type", "jws",
}  # fmt: skip
_PRODUCTS = {"provider", "family", "model", "version", "to_model"}
_WORDS = {"description", "explanation", "statement", "abstract", "content", "objective"}
_LABELS = {
    "created_by_ref": "By",
    "object_refs": "About",
    "sighting_of_ref": "Sighting of",
    "where_sighted_refs": "Seen by",
    "source_ref": "From",
    "target_ref": "To",
    "pattern": "Pattern",
    "cot_elicitation_ratio": "Share that elicits reasoning",
    "p_value": "Chance that it is chance (p)",
    "revoked": "Taken back",
}


# What people read first; signed objects have their names in the order of the alphabet.
_FIRST = ("description", "kind", "provider", "start", "first_seen", "last_seen")


def _ordered(content: Content) -> list[tuple[str, Any]]:
    """As it is, but for what comes first."""
    rank = {name: at for at, name in enumerate(_FIRST)}
    return sorted(content.items(), key=lambda pair: rank.get(pair[0], len(rank)))


def _facts(content: Content) -> Iterator[Fact]:
    for name, value in _ordered(content):
        if name not in _SAID:
            yield _fact(name, value)
    for key, inner in content.get("extensions", {}).items():
        if isinstance(inner, Mapping) and key in _EXTENSION_NAMES:
            yield from (_fact(name, value) for name, value in _ordered(inner) if name not in _SAID)
        else:
            yield _fact(key, inner)


def _fact(name: str, value: Any) -> Fact:
    label = _LABELS.get(name) or name.removesuffix("_refs").removesuffix("_ref").replace("_", " ")
    label = label[:1].upper() + label[1:]
    if name == "pattern" and "identifier-token:value IN" in str(value):
        return Fact("Tokens", "number", str(value).count("psi1."))
    kind, shown = _shown(name, value)
    return Fact(label, kind, shown)


def _shown(name: str, value: Any) -> tuple[Kind, Any]:
    if isinstance(value, bool):
        return "yes", value
    if isinstance(value, int | float):
        return _of_number(name), value
    if isinstance(value, str):
        return _of_text(name, value)
    if isinstance(value, Mapping):
        if is_count(value):
            return "count", value
        return "facts", [_fact(key, each) for key, each in _ordered(value)]
    listed = list(value) if isinstance(value, list | tuple) else [value]
    if all(isinstance(each, Mapping) for each in listed):
        return "list", [[_fact(key, inner) for key, inner in _ordered(each)] for each in listed]
    texts = [str(each) for each in listed]
    return ("idents" if name.endswith("_refs") else "terms"), texts


def is_count(value: Content) -> bool:
    """Whether it is a number with how exact it is: `{value, qualifier, as_reported}`."""
    is_alike = value.keys() <= {"value", "qualifier", "as_reported"}
    is_number = isinstance(value.get("value"), int | float)
    return is_alike and is_number and isinstance(value.get("qualifier", ""), str)


def _of_number(name: str) -> Kind:
    if name == "confidence":
        return "confidence"
    return "share" if name.endswith(("_ratio", "_rate", "_share")) else "number"


def _of_text(name: str, value: str) -> tuple[Kind, Any]:
    if value[-1:] == "Z" and is_timestamp(value):
        return "time", parse_timestamp(value)
    if name.endswith("_ref"):
        return "ident", value
    return ("words" if name in _WORDS else "text"), value


def _kind_of(stix_id: str) -> str:
    return stix_id.partition("--")[0].replace("-", " ")


def _window(content: Content) -> datetime | None:
    stated = content.get("window_start") or content.get("first_observed")
    if not isinstance(stated, str) or not is_timestamp(stated):
        return None
    return parse_timestamp(stated)


def _is_name(path: Path) -> bool:
    """Names of models and detectors: their form was checked, nobody is asked to read them."""
    return path[0] == "extensions" and (
        last_name(path) in _PRODUCTS or path[-2:] == ("detector", "name")
    )


def _named(unread: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Places with the names of our extensions in the stead of their ids."""
    return tuple((_without_id(place), text) for place, text in unread)


def _without_id(place: str) -> str:
    for key, name in _EXTENSION_NAMES.items():
        place = place.replace(key, name)
    return place
