"""What the catalog keeps of an object's content: its name, its words, what it says of others. Pure.

Objects come from peers, who may write anything into them: whatever is taken has a bound.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from indicators.catalog.labels import type_label
from indicators.stix.decay import end_of
from indicators.stix.extensions import extensions
from indicators.stix.timestamps import parse_timestamp
from indicators.stix.tokens import tokens_in

Content = Mapping[str, Any]

#: What a row keeps of a text, and of all texts of an object together.
NAME, _SUMMARY, _TEXT = 300, 300, 20_000
_TERM, _KIND, _RELATION = 100, 32, 250
_MOST_TERMS, _MOST_REFERENCES = 200, 10_000
_ID = re.compile(r"[a-z0-9-]{1,250}--[0-9a-f-]{36}", re.ASCII)
_TOKEN = re.compile(r"'psi1\.[^']*'")
_NAMES = ("name", "abstract", "value", "path", "subject", "opinion", "relationship_type", "product")
_SUMMARIES = ("description", "content", "explanation", "definition")
_WORDS = ("labels", "aliases", "roles", "sectors")
# Whose these are, and how they may be used, is said of every object: it is no relation to search.
_NOT_RELATIONS = frozenset({"created_by_ref", "object_marking_refs"})
_TERMS = (
    "allegation_status",
    "capability_targets",
    "elicitation_techniques",
    "training_purposes",
    "access_paths",
    "method",
    "traits",
    "basis",
    "status",
    "reaction",
    "match_semantics",
)


class Said(NamedTuple):
    """`source` is `relation` of `target`."""

    source: str
    relation: str
    target: str


@dataclass(frozen=True, slots=True)
class Described:
    """An object as the catalog keeps it; `text` is everything that a search may find it by."""

    name: str
    summary: str
    text: str
    kinds: tuple[str, ...]
    terms: tuple[str, ...]
    confidence: int | None
    token_count: int
    ends_at: datetime | None
    said: tuple[Said, ...]


def describe(content: Content, version: datetime) -> Described:
    """What is kept of a version of a valid object. Revoked objects say nothing of others."""
    extended = list(_extended(content))
    tokens = _tokens(content)
    kinds = [kind for each in extended for kind in _listed(each.get("kinds"))]
    terms = [term for each in extended for name in _TERMS for term in _listed(each.get(name))]
    return Described(
        name_of(content),
        _clean(next(_texts(content, _SUMMARIES), ""), _SUMMARY),
        _clean(" ".join([*_searched(content), *kinds, *terms]), _TEXT),
        tuple(dict.fromkeys(_clean(kind, _KIND) for kind in kinds)),
        tuple(dict.fromkeys(_clean(term, _TERM) for term in terms))[:_MOST_TERMS],
        _confidence(content),
        len(tokens),
        _end(content, extended, version) if content["type"] == "indicator" else None,
        () if content.get("revoked") is True else tuple(_said(content))[:_MOST_REFERENCES],
    )


def name_of(content: Content) -> str:
    """What people call the object; "" if nothing in it is fit for that."""
    return _clean(next(_texts(content, _NAMES), ""), NAME)


def _end(content: Content, extended: Iterable[Content], version: datetime) -> datetime | None:
    until = content.get("valid_until")
    decay: Content = next((each["decay"] for each in extended if "decay" in each), {})
    lifetime = decay.get("lifetime_days")
    fading = (
        None if lifetime is None else float(lifetime),
        float(decay.get("speed", 1)),
        decay.get("revoke_score", 0),
    )
    valid_until = None if until is None else parse_timestamp(until)
    return end_of(_confidence(content), fading, version, valid_until)


def _confidence(content: Content) -> int | None:
    """From 0 to 100; types that others define may mean something else by the word."""
    stated = content.get("confidence")
    if isinstance(stated, bool) or not isinstance(stated, int):
        return None
    return stated if 0 <= stated <= 100 else None


def _said(content: Content) -> Iterator[Said]:
    """Relationships say it of two others; every other object by its own properties."""
    stix_id, relation = content["id"], content.get("relationship_type")
    if content["type"] == "relationship" and relation:
        yield Said(content["source_ref"], relation[:_RELATION], content["target_ref"])
        return
    for name, value in content.items():
        if name.endswith(("_ref", "_refs")) and name not in _NOT_RELATIONS:
            relation = name.removesuffix("_refs").removesuffix("_ref").replace("_", "-")
            for target in dict.fromkeys(_listed(value)):
                if is_id(target):
                    yield Said(stix_id, relation[:_RELATION], target)


def is_id(text: str) -> bool:
    """Whether it is an id that an object may have."""
    return _ID.fullmatch(text) is not None


def _extended(content: Content) -> Iterator[Content]:
    """What our own extensions say on the object."""
    for key, value in content.get("extensions", {}).items():
        if key in extensions() and isinstance(value, Mapping):
            yield value


def _tokens(content: Content) -> list[bytes]:
    pattern = content.get("pattern")
    if content.get("pattern_type") != "stix" or not isinstance(pattern, str):
        return []
    return tokens_in(pattern) if "identifier-token" in pattern else []


def _searched(content: Content) -> Iterator[str]:
    yield content["type"]
    yield type_label(content["type"])
    yield from _texts(content, _NAMES)
    yield from _texts(content, _SUMMARIES)
    for name in _WORDS:
        yield from _listed(content.get(name))
    for name, value in content.items():
        if name.endswith("_types"):
            yield from _listed(value)
    references = content.get("external_references")
    for reference in references[:100] if isinstance(references, list) else ():
        if isinstance(reference, Mapping):
            yield from _texts(reference, ("external_id", "source_name"))
    pattern = content.get("pattern")
    if isinstance(pattern, str):
        yield _TOKEN.sub("", pattern[: 4 * _TEXT])


def _texts(content: Content, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        value = content.get(name)
        if isinstance(value, str) and value:
            yield value


def _listed(value: Any) -> list[str]:
    """A text, or the texts of a list; anything else is none."""
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _clean(text: str, length: int) -> str:
    """What a column holds: no NUL, no line ends, not longer than this."""
    return " ".join(text[: 2 * length].replace("\0", " ").split())[:length]
