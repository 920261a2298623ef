"""From bytes to validated objects, or to a list of precise problems."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, cast

from federation.canonical import MalformedJSON, canonical, digest, parse, pointer
from indicators.stix.custom import check_for, check_shared_names, check_undefined_properties
from indicators.stix.extensions import extensions
from indicators.stix.markings import strictest_tlp
from indicators.stix.object_types import Family, Finding
from indicators.stix.objects import Parsed, Problem, StixObject, UnreadableInput
from indicators.stix.rules import check_rules
from indicators.stix.structure import Check
from indicators.stix.timestamps import parse_timestamp

_PROBLEMS_PER_OBJECT = 20
_DETAILED_PROBLEMS = 1000  # of one input; beyond them one fault of an object is enough
_STATED_CHARACTERS = 300  # of an id or version in a problem: enough for every valid one


def parse_objects(source: bytes, *, max_bytes: int) -> Parsed:
    """Read the objects of a STIX 2.1 bundle or a TAXII 2.1 envelope.

    Each object is valid and returned with its canonical bytes, or its problems are; one does not
    affect another. UnreadableInput if there is no list of objects to look at.
    """
    items = _items(source, max_bytes)
    parsed = Parsed([], [])
    for index, item in enumerate(items):
        items[index] = None  # the object lives on as canonical bytes only
        brief = len(parsed.problems) >= _DETAILED_PROBLEMS
        findings = list(islice(_findings(item, brief=brief), _PROBLEMS_PER_OBJECT))
        if findings:
            parsed.problems.extend(_problem(index, item, finding) for finding in findings)
        else:
            parsed.objects.append(_object(index, cast(dict[str, Any], item)))
    return parsed


def extension_definitions() -> list[StixObject]:
    """Our eight extension-definition objects, as a node publishes them."""
    return [
        _object(index, dict(extension.definition))
        for index, extension in enumerate(extensions().values())
    ]


def _items(source: bytes, max_bytes: int) -> list[Any]:
    try:
        document = parse(source, max_bytes=max_bytes)
    except MalformedJSON as error:
        raise UnreadableInput(str(error), pointer=error.pointer) from error
    if not isinstance(document, dict):
        raise UnreadableInput("The document is no JSON object; send a bundle or an envelope.")
    if "type" in document and document["type"] != "bundle":
        raise UnreadableInput(
            "The document is a single object; send it in the objects of a bundle or an envelope.",
            pointer="/type",
        )
    objects = document.get("objects")
    if not isinstance(objects, list):
        raise UnreadableInput(
            "The document has no list of objects; send a bundle or an envelope.",
            pointer="/objects",
        )
    return objects


def _findings(value: object, *, brief: bool = False) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield (), "A STIX object is a JSON object; this is none."
        return
    check = check_for(value)
    if isinstance(check, str):
        yield ("type",), check
        return
    sound = check.accepts(value)
    if not sound:
        yield from check.first_fault(value) if brief else check.faults(value)
    misused = list(check_shared_names(check, value))
    yield from misused
    yield from check_undefined_properties(check, value)
    if sound and not misused:
        yield from check_rules(check.object_type, value)
        if check.object_type.name == "observed-data" and "objects" in value:
            yield from _findings_inside(value["objects"])


def _findings_inside(observed: Mapping[str, Any]) -> Iterator[Finding]:
    """The deprecated way of observed-data: observables inside it (STIX 2.1 §4.14)."""
    for key, value in observed.items():
        check = check_for(value)
        if isinstance(check, Check) and check.object_type.family is not Family.OBSERVABLE:
            yield ("objects", key, "type"), "must be the type of an observable"
            continue
        for path, message in _findings(value):
            yield ("objects", key, *path), message


def _object(index: int, value: dict[str, Any]) -> StixObject:
    body = canonical(value)
    created = _time(value, "created")
    modified = _time(value, "modified")
    return StixObject(
        index=index,
        id=value["id"],
        type=value["type"],
        spec_version=value.get("spec_version"),
        created=created,
        modified=modified,
        version=modified or created,
        created_by_ref=value.get("created_by_ref"),
        revoked=value.get("revoked", False),
        tlp=strictest_tlp(value),
        body=body,
        sha256=digest(body),
    )


def _time(value: Mapping[str, Any], name: str) -> datetime | None:
    return parse_timestamp(value[name]) if name in value else None


def _problem(index: int, value: object, finding: Finding) -> Problem:
    path, message = finding
    stated = value if isinstance(value, dict) else {}
    return Problem(
        index=index,
        id=_stated(stated, "id"),
        version=_stated(stated, "modified") or _stated(stated, "created"),
        pointer=pointer(*path),
        message=_sentence(path, message),
    )


def _stated(value: Mapping[str, Any], name: str) -> str | None:
    text = value.get(name)
    return text[:_STATED_CHARACTERS] if isinstance(text, str) else None


def _sentence(path: tuple[str | int, ...], message: str) -> str:
    """Findings about a place are predicates; about a whole object, sentences."""
    if message[0].isupper():
        return message
    return f"{_subject(path)} {message}."


def _subject(path: tuple[str | int, ...]) -> str:
    """The last property on the path, with indexes: the pointer has the rest."""
    indexes = ""
    for step in reversed(path):
        if isinstance(step, str):
            return step[:_STATED_CHARACTERS] + indexes
        indexes = f"[{step}]{indexes}"
    return "The object"
