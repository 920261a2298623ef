"""Strict JSON in, canonical JSON out (federation.md §1).

Everything that is signed, hashed, stored or served is the RFC 8785 form of what `parse` accepted.
`parse` takes I-JSON only (RFC 7493): a document with one meaning for every reader.

Nothing here recurses on input, and every step is linear in its size, whatever it contains.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import orjson
import rfc8785

from federation.errors import FederationError

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]

MAX_DEPTH = 32
"""Levels of arrays and objects that a document may nest; the outermost one is level 1."""

MAX_SAFE_INTEGER = 2**53 - 1
"""Beyond it, two JSON readers may read two different numbers (RFC 7493 §2.2)."""

# Both writers reach this depth; only a value that never came through `parse` can be deeper.
_WRITABLE_DEPTH = 200

# In this range a float that is not whole is written without an exponent by every shortest-digits
# algorithm, hence alike by orjson and by ECMAScript (RFC 8785 §3.2.2.3).
_PLAIN_FLOAT_MIN, _PLAIN_FLOAT_MAX = 1e-4, 1e15


class MalformedJSON(FederationError):
    """The bytes are not one unambiguous JSON document.

    pointer: RFC 6901 pointer to the place, "" for the whole document.
    offset: byte offset of the fault in the source, None if there is no source.
    """

    def __init__(self, message: str, *, pointer: str = "", offset: int | None = None) -> None:
        super().__init__(message)
        self.pointer = pointer
        self.offset = offset


def parse(source: bytes, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> JSON:
    """Read one I-JSON document (RFC 7493), or raise MalformedJSON naming the place.

    Refused: more than max_bytes, a byte order mark, invalid UTF-8, lone surrogates, duplicate
    keys, NaN and Infinity, numbers outside ±(2**53 - 1), more than max_depth levels.
    """
    if len(source) > max_bytes:
        raise MalformedJSON(
            f"The document has {len(source)} bytes where {max_bytes} are allowed; "
            "send it in smaller parts.",
            offset=max_bytes,
        )
    try:
        value: JSON = orjson.loads(source)
    except orjson.JSONDecodeError as error:
        _refuse(source, max_depth, error)
    if not _is_within_limits(value, max_depth) or _loses_a_key(source, value):
        _refuse(source, max_depth, None)
    return value


def canonical(value: JSON) -> bytes:
    """The RFC 8785 (JCS) bytes of value, or MalformedJSON if it has no such form."""
    try:
        if _sorts_as_ascii(value):
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return rfc8785.dumps(value)
    except (orjson.JSONEncodeError, rfc8785.CanonicalizationError) as error:
        raise MalformedJSON(f"The value has no canonical JSON form: {error}.") from error


def digest(body: bytes) -> bytes:
    """SHA-256 of canonical bytes, 32 bytes: the entry of a transparency log."""
    return hashlib.sha256(body).digest()


def pointer(*parts: str | int) -> str:
    """The RFC 6901 JSON pointer made of parts: pointer("a/b", 0) is "/a~1b/0"."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


# --- The fast path: is the document sound? Where it is not, the slow path below says why. ---


def _is_within_limits(value: JSON, max_depth: int) -> bool:
    level = [value]
    too_deep = False
    for depth in range(1, max_depth + 2):
        below: list[JSON] = []
        for item in level:
            if isinstance(item, str):
                continue
            if isinstance(item, dict):
                below.extend(item.values())
                too_deep |= depth > max_depth
            elif isinstance(item, list):
                below.extend(item)
                too_deep |= depth > max_depth
            elif item is not None and not -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER:
                return False
        if not below:
            break
        level = below
    return not too_deep


def _loses_a_key(source: bytes, value: JSON) -> bool:
    """A duplicate key vanishes in reading, so writing the value again yields fewer strings.

    Nothing else changes their number: comparing the quotes that delimit strings is exact.
    """
    return _count_quotes(source) != _count_quotes(orjson.dumps(value))


def _count_quotes(source: bytes) -> int:
    if b"\\" in source:
        source = source.replace(b"\\\\", b"").replace(b'\\"', b"")
    return source.count(b'"')


def _sorts_as_ascii(value: JSON) -> bool:
    """Whether orjson with sorted keys writes exactly the RFC 8785 form of value.

    It does if all keys are ASCII (UTF-8 order is then UTF-16 order) and all numbers are written
    alike; strings always are.
    """
    level = [value]
    for _ in range(_WRITABLE_DEPTH):
        below: list[JSON] = []
        for item in level:
            if isinstance(item, str):
                continue
            if isinstance(item, dict):
                if not "".join(item).isascii():
                    return False
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif item is not None and not _writes_alike(item):
                return False
        if not below:
            return True
        level = below
    raise MalformedJSON(f"The value nests more than {_WRITABLE_DEPTH} levels.")


def _writes_alike(number: float) -> bool:
    if isinstance(number, int):
        return -MAX_SAFE_INTEGER <= number <= MAX_SAFE_INTEGER
    return _PLAIN_FLOAT_MIN <= abs(number) < _PLAIN_FLOAT_MAX and not number.is_integer()


# --- The slow path: a scanner that finds the first fault of a document already refused. ---

_TOKEN = re.compile(
    rb"""(?P<string>"(?:[^"\\]++|\\.)*+"?+)  # possessive, and open strings end: no second try
       | (?P<mark>[\[\]{},:])
       | (?P<word>[^\s\[\]{},:"]++)""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(rb"-?[0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+")
_NOT_JSON_NUMBERS = (b"NaN", b"Infinity", b"-Infinity")


def _refuse(source: bytes, max_depth: int, error: orjson.JSONDecodeError | None) -> NoReturn:
    scanner = _Scanner(source, max_depth)
    if source.startswith(b"\xef\xbb\xbf"):
        scanner.fail("The document starts with a byte order mark; send plain UTF-8.", 0)
    try:
        text = source.decode()
    except UnicodeDecodeError as fault:
        scanner.scan(fault.start)
        scanner.fail("The bytes are not valid UTF-8.", fault.start)
    scanner.scan(len(source))
    position = error.pos if error else 0
    offset = len(text[:position].encode())
    reader = _Scanner(source, max_depth)
    reader.scan(offset)
    reader.fail(f"The document is not JSON: {error.msg if error else 'it is ambiguous'}.", offset)


@dataclass(slots=True)
class _Container:
    """An array or object that is open where the scanner stands."""

    is_object: bool
    place: str | int | None
    awaits_key: bool
    keys: set[str] = field(default_factory=set)


class _Scanner:
    """Reads tokens, knows where it is, and raises MalformedJSON at the first fault.

    It does not check JSON's grammar: orjson did.
    """

    def __init__(self, source: bytes, max_depth: int) -> None:
        self._source = source
        self._max_depth = max_depth
        self._open: list[_Container] = []

    def scan(self, end: int) -> None:
        for token in _TOKEN.finditer(self._source, 0, end):
            offset = token.start()
            if token.lastgroup == "string":
                self._read_string(token[0], offset)
            elif token.lastgroup == "mark":
                self._read_mark(token[0], offset)
            else:
                self._read_word(token[0], offset)

    def fail(self, message: str, offset: int) -> NoReturn:
        raise MalformedJSON(message, pointer=pointer(*self._path()), offset=offset)

    def _path(self) -> Iterator[str | int]:
        return (container.place for container in self._open if container.place is not None)

    def _read_string(self, token: bytes, offset: int) -> None:
        text = self._decode(token, offset)
        if not self._open or not self._open[-1].awaits_key:
            return
        container = self._open[-1]
        container.place = text
        container.awaits_key = False
        if text in container.keys:
            self.fail("The key occurs twice in one object; keep one of them.", offset)
        container.keys.add(text)

    def _decode(self, token: bytes, offset: int) -> str:
        try:
            return str(orjson.loads(token))
        except orjson.JSONDecodeError as error:
            if "surrogate" in error.msg:
                self.fail(
                    "The string holds half of a surrogate pair; send whole characters.", offset
                )
            return ""  # a fault of grammar, which orjson has located better

    def _read_mark(self, mark: bytes, offset: int) -> None:
        if mark in b"[{":
            self._enter(mark == b"{", offset)
        elif not self._open:
            return
        elif mark in b"]}":
            self._open.pop()
        elif mark == b",":
            container = self._open[-1]
            container.awaits_key = container.is_object
            if isinstance(container.place, int):
                container.place += 1

    def _enter(self, is_object: bool, offset: int) -> None:
        if len(self._open) == self._max_depth:
            self.fail(f"The document nests more than {self._max_depth} levels; flatten it.", offset)
        self._open.append(_Container(is_object, None if is_object else 0, awaits_key=is_object))

    def _read_word(self, word: bytes, offset: int) -> None:
        if word in _NOT_JSON_NUMBERS:
            self.fail("NaN and Infinity are not JSON; leave the property out.", offset)
        if _NUMBER.fullmatch(word) and not abs(float(word)) <= MAX_SAFE_INTEGER:
            self.fail(
                "The number is outside ±(2^53 - 1), where JSON readers disagree; "
                "write it as a string.",
                offset,
            )
