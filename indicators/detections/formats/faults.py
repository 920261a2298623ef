"""Faults of shape as sentences with a place. A value may be a raw identifier: none is quoted.

msgspec's own messages are read, never passed on: they quote values and names that the sender chose.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from federation.canonical import JSON, MalformedJSON, pointer
from indicators.detections.formats.line import LineError

PROMPT_FIELDS = frozenset(
    (
        "chat_history",
        "completion",
        "completions",
        "conversation",
        "conversations",
        "input_text",
        "messages",
        "model_output",
        "model_response",
        "output_text",
        "prompt",
        "prompt_content",
        "prompt_template",
        "prompt_text",
        "prompts",
        "raw_completion",
        "raw_prompt",
        "raw_prompts",
        "response_text",
        "responses",
        "system_prompt",
        "transcript",
        "transcripts",
        "user_prompt",
    )
)
_PROMPT = (
    "Raw prompts and completions are refused, always: leave the field {name} out and send the "
    "MinHash of the slot-masked template in prompt_fingerprints."
)
_MOST_PROMPT_ERRORS = 10

# A name that can be repeated to the sender: it can be no address, number or key.
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
_EXTENSION = re.compile("extension-definition--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLACE = re.compile(
    r"(?P<what>.*) - at `\$(?P<path>(?:\.[A-Za-z_0-9]{1,40}|\[[0-9]+\])*)`", re.DOTALL
)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")

_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
    "datetime": "a time",
}
_GOT = {"float": "a number with a fraction or exponent"}
_FORMS = {
    r"^[a-z0-9][a-z0-9-]*(?!\n)$": "must be a term: lowercase letters, digits and hyphens",
    r"^[A-Z]{2}(?!\n)$": "must be a region of two capital letters (ISO 3166), such as US",
    r"^[A-Za-z0-9+/]{683}=(?!\n)$": "must be a MinHash of 512 bytes in base64 (684 characters)",
}
_TIME = "must be an RFC 3339 time with its offset from UTC, such as 2026-06-25T00:00:00Z"


def shape_fault(
    error: msgspec.ValidationError, expected: type, base: tuple[str | int, ...] = ()
) -> LineError:
    """What msgspec found when it converted something at `base` to the `expected` struct."""
    message = str(error)
    place = _PLACE.fullmatch(message)
    what = place["what"] if place else message
    path = tuple(_steps(place["path"])) if place else ()
    for start, reword in _REWORDINGS.items():
        if what.startswith(start):
            extra, sentence = reword(what, expected, path)
            return LineError(pointer(*base, *path, *extra), sentence)
    return LineError(pointer(*base, *path), f"{_subject(path)} doesn't match the schema.")


def syntax_fault(error: MalformedJSON) -> LineError:
    """Strict JSON's own sentences quote nothing; its pointers may, and are cut before that."""
    return LineError(plain_pointer(error.pointer)[0], str(error))


def plain_pointer(place: str) -> tuple[str, bool]:
    """As much of a pointer as can be repeated to the sender, and whether that is all of it."""
    steps = place.split("/")[1:]
    for count, step in enumerate(steps):
        if not (step.isdecimal() or _PLAIN_NAME.fullmatch(step) or _EXTENSION.fullmatch(step)):
            return "".join("/" + each for each in steps[:count]), False
    return place, True


def prompt_faults(value: JSON) -> list[LineError]:
    """Every field, at any depth, whose name says that it carries what people wrote to a model."""
    found = list(_prompt_fields(value))
    return [
        LineError(pointer(*path), prompt_refusal(str(path[-1])))
        for path in found[:_MOST_PROMPT_ERRORS]
    ]


def prompt_refusal(name: str) -> str:
    return _PROMPT.format(name=name)


def is_prompt_field(name: str) -> bool:
    return name.lower().replace("-", "_") in PROMPT_FIELDS


def _prompt_fields(value: JSON) -> Iterator[tuple[str | int, ...]]:
    """Without recursion; a path through a name that can't be repeated starts anew after it."""
    waiting: list[tuple[tuple[str | int, ...], JSON]] = [((), value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(((*path, index), each) for index, each in enumerate(item))
        elif isinstance(item, dict):
            for name, each in item.items():
                if is_prompt_field(name):
                    yield (*path, name)
                else:
                    known = (*path, name) if _PLAIN_NAME.fullmatch(name) else path
                    waiting.append((known, each))


def _steps(path: str) -> Iterator[str | int]:
    for name, index in _STEP.findall(path):
        yield name or int(index)


def _subject(path: tuple[str | int, ...]) -> str:
    indexes = ""
    for step in reversed(path):
        if isinstance(step, str):
            return step + indexes
        indexes = f"[{step}]{indexes}"
    return f"The element {indexes}" if indexes else "The object"


_Reworded = tuple[tuple[str, ...], str]


def _unknown_field(what: str, expected: type, path: tuple[str | int, ...]) -> _Reworded:
    name = what.removeprefix("Object contains unknown field `").removesuffix("`")
    if is_prompt_field(name):
        return (name,), prompt_refusal(name)
    if not _PLAIN_NAME.fullmatch(name):
        return (), f"{_subject(path)} has a field that the schema doesn't know; leave it out."
    return (name,), f"The schema has no field {name} here; leave it out or correct its name."


def _missing_field(what: str, expected: type, path: tuple[str | int, ...]) -> _Reworded:
    name = what.removeprefix("Object missing required field `").removesuffix("`")
    return (name,), f"The field {name} is missing; add it."


def _wrong_term(what: str, expected: type, path: tuple[str | int, ...]) -> _Reworded:
    allowed = ", ".join(_allowed(expected, path))
    return (), f"{_subject(path)} must be one of {allowed}."


def _allowed(expected: type, path: tuple[str | int, ...]) -> list[str]:
    """The values of the Literal that lies on the path below a struct."""
    place: Any = inspect.type_info(expected)
    for step in path:
        if isinstance(step, int):
            place = _options(place, inspect.VarTupleType)[0].item_type
        else:
            fields = _options(place, inspect.StructType)[0].fields
            place = next(each.type for each in fields if each.encode_name == step)
    return [str(value) for value in _options(place, inspect.LiteralType)[0].values]


def _options(place: Any, wanted: type) -> list[Any]:
    if isinstance(place, inspect.Metadata):
        place = place.type
    types = place.types if isinstance(place, inspect.UnionType) else (place,)
    return [each for each in types if isinstance(each, wanted)]


def _wrong_time(what: str, expected: type, path: tuple[str | int, ...]) -> _Reworded:
    return (), f"{_subject(path)} {_TIME}."


def _wrong_value(what: str, expected: type, path: tuple[str | int, ...]) -> _Reworded:
    return (), f"{_subject(path)} {_predicate(what)}."


def _predicate(what: str) -> str:
    if other := re.fullmatch(r"Expected `([a-z |]+)`, got `([a-z]+)`", what):
        return f"must be {_types(other[1])}, not {_GOT.get(other[2]) or _types(other[2])}"
    if bound := re.fullmatch(r"Expected `(?:int|float)` ([<>]=) ([0-9.]+)", what):
        return f"must be {_BOUNDS[bound[1]]} {float(bound[2]):,.15g}"
    if length := re.fullmatch(r"Expected `(str|array)` of length ([<>]=) ([0-9]+)", what):
        unit = "characters" if length[1] == "str" else "elements"
        return f"must have {_BOUNDS[length[2]]} {int(length[3]):,} {unit}"
    if form := re.fullmatch(r"Expected `str` matching regex '(.*)'", what):
        return _FORMS.get(
            form[1].replace("\\\\", "\\"), "doesn't have the form that the schema asks for"
        )
    return _TIME if "`datetime`" in what else "doesn't match the schema"


_BOUNDS = {"<=": "at most", ">=": "at least"}


def _types(names: str) -> str:
    return " or ".join(_TYPES.get(name, "something else") for name in names.split(" | "))


_REWORDINGS = {
    "Object contains unknown field": _unknown_field,
    "Object missing required field": _missing_field,
    "Invalid enum value": _wrong_term,
    "Invalid RFC3339 encoded datetime": _wrong_time,
    "Expected": _wrong_value,
}
