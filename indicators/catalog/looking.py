"""One object with everything that is held of it, for its page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from indicators.catalog.described import is_id
from indicators.catalog.heard import Heard, hear
from indicators.catalog.labels import type_label
from indicators.catalog.naming import Named, named
from indicators.catalog.relations import Relations, relations
from indicators.catalog.versions import InCollection, Version, places_of, versions
from indicators.detections.drafts.telling import Fact, tell
from indicators.models import CatalogRow
from indicators.stix.decay import UNSAID_CONFIDENCE
from indicators.stix.extensions import extensions
from indicators.stix.timestamps import parse_timestamp
from indicators.store.sql import open_cursor

#: Of a list of ids so many are shown as links; of a larger object than this nobody reads the JSON.
MOST_LINKS = 50
_MOST_RAW = 200_000
_MOST_CHARACTERS = 4_000
_TOKEN_INDICATOR = next(each.id for each in extensions().values() if each.name == "token-indicator")

# Said on the page in places of their own.
_ELSEWHERE = frozenset({"confidence", "external_references"})


@dataclass(frozen=True, slots=True)
class Linked:
    """A fact, with the objects that it names. `beyond`: how many more there are of a long list."""

    label: str
    kind: str
    value: Any
    links: tuple[tuple[str, str], ...] = ()
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class Fading:
    """How an indicator's confidence (0 to 100) ages since `since`."""

    confidence: int
    since: datetime
    lifetime_days: float | None
    speed: float
    revoke_score: int
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Looked:
    """An object as its newest version says. `raw`: the content, None if it is very large."""

    row: CatalogRow
    type_label: str
    title: str
    facts: tuple[Linked, ...]
    raw: Mapping[str, Any] | None
    bytes: int
    sources: tuple[tuple[str, str, str], ...]
    versions: Sequence[Version]
    relations: Relations
    heard: Sequence[Heard]
    fading: Fading | None

    @property
    def places(self) -> Sequence[InCollection]:
        """Where the version is that is shown."""
        return places_of(self.versions)


def look(stix_id: str) -> Looked | None:
    """The object of that id, if any feed here has it: some ten statements, whatever it says."""
    rows = CatalogRow.objects.select_related("origin", "object_version").defer("words")
    row = rows.filter(pk=stix_id).first()
    if row is None or row.object_version.body is None:
        return None
    body = bytes(row.object_version.body)
    content = orjson.loads(body)
    told = tell({name: value for name, value in content.items() if name not in _ELSEWHERE})
    with open_cursor() as cursor:
        heard = hear(cursor, [stix_id])
    names = named(_ids(told.facts))
    return Looked(
        row,
        type_label(row.type),
        told.title if row.type == "relationship" else row.name or told.title,
        tuple(_linked(fact, names) for fact in told.facts),
        content if len(body) <= _MOST_RAW else None,
        len(body),
        tuple(_sources(content)),
        versions(stix_id),
        relations(stix_id),
        heard,
        _fading(content, row) if row.type == "indicator" else None,
    )


def _linked(fact: Fact, names: Mapping[str, Named]) -> Linked:
    match fact.kind:
        case "ident":
            return Linked(fact.label, "links", None, (_link(fact.value, names),))
        case "idents":
            links = tuple(_link(each, names) for each in fact.value[:MOST_LINKS])
            return Linked(fact.label, "links", None, links, max(0, len(fact.value) - MOST_LINKS))
        case "terms":
            some = fact.value[:MOST_LINKS]
            return Linked(fact.label, "terms", some, (), max(0, len(fact.value) - len(some)))
        case "facts":
            inner = tuple(_linked(each, names) for each in fact.value)
            return Linked(fact.label, "facts", inner)
        case "list":
            groups = tuple(
                tuple(_linked(each, names) for each in group) for group in fact.value[:MOST_LINKS]
            )
            return Linked(fact.label, "list", groups, (), max(0, len(fact.value) - MOST_LINKS))
        case "text" | "words":
            return Linked(fact.label, fact.kind, fact.value[:_MOST_CHARACTERS])
    return Linked(fact.label, fact.kind, fact.value)


def _link(stix_id: str, names: Mapping[str, Named]) -> tuple[str, str]:
    """An id and its name. Of an object that is not here only the id is shown, without a link."""
    found = names.get(stix_id)
    return stix_id, (found.name or type_label(found.type)) if found else ""


def _ids(facts: Iterable[Fact]) -> Iterator[str]:
    """What may be looked up: others may write anything where an id should be."""
    for fact in facts:
        if fact.kind in ("ident", "idents"):
            named = [fact.value] if fact.kind == "ident" else fact.value[:MOST_LINKS]
            yield from (each for each in named if is_id(each))
        elif fact.kind == "facts":
            yield from _ids(fact.value)
        elif fact.kind == "list":
            for group in fact.value[:MOST_LINKS]:
                yield from _ids(group)


def _sources(content: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """External references: the source, what it calls this, and an address that may be followed."""
    references = content.get("external_references")
    for each in references[:MOST_LINKS] if isinstance(references, list) else ():
        if not isinstance(each, Mapping):
            continue
        url = str(each.get("url", ""))
        called = str(each.get("external_id") or each.get("description") or "")
        yield str(each.get("source_name", "")), called, url if url.startswith("https://") else ""


def _fading(content: Mapping[str, Any], row: CatalogRow) -> Fading:
    decay = content.get("extensions", {}).get(_TOKEN_INDICATOR, {}).get("decay", {})
    lifetime, until = decay.get("lifetime_days"), content.get("valid_until")
    return Fading(
        UNSAID_CONFIDENCE if row.confidence is None else row.confidence,
        row.version,
        None if lifetime is None else float(lifetime),
        float(decay.get("speed", 1)),
        decay.get("revoke_score", 0),
        None if until is None else parse_timestamp(until),
    )
