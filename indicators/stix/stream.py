"""Bundles of any size, in flat memory: the "objects" list cut into envelopes of some objects each.

Cutting only follows strings and brackets. What is cut out is parsed as strictly as ever, and so is
the skeleton that remains, so nothing that this module overlooks gets past.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import BinaryIO

from federation.canonical import MalformedJSON, parse
from indicators.stix.objects import Parsed, UnreadableInput
from indicators.stix.parsing import parse_objects

_CHUNK = 1 << 20
_MOST_BYTES_OF_ONE = 16 << 20
_PART = 1 << 20
_MOST_SKELETON = 1 << 20
# A string (whole), a bracket, or the beginning of a string that the buffer does not end.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]]|"', re.DOTALL)
# Up to the next bracket, or to a string that the buffer does not end: most of an object, at once.
_INSIDE = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
_NOTHING = re.compile(rb"[ \t\r\n]*")
_COMMA = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")
_KEY = b'"objects"'


@dataclass(frozen=True, slots=True)
class Envelope:
    """Some consecutive objects of a bundle; `first` is the index of the first."""

    first: int
    source: bytes


def envelopes(stream: BinaryIO, *, objects: int = 1000) -> Iterator[Envelope]:
    """Cut a bundle or envelope. Raises UnreadableInput where it is not one; .pointer says where."""
    slices: list[bytes] = []
    first = 0
    for each in _Cutter(stream).slices():
        slices.append(each)
        if len(slices) == objects:
            yield _envelope(first, slices)
            first, slices = first + len(slices), []
    if slices:
        yield _envelope(first, slices)


def parse_in_parts(source: bytes, *, max_bytes: int) -> Parsed:
    """Just like `parse_objects`, but some objects at a time if there are many.

    Read as a whole, a source takes fifteen times its size; in parts, what it becomes and little
    more. Raises UnreadableInput.
    """
    if _PART * 2 < len(source) <= max_bytes:
        try:
            return _parsed_parts(source, max_bytes)
        except UnreadableInput:
            pass  # as a whole it may be readable, as with an element that is no object; or says why
    return parse_objects(source, max_bytes=max_bytes)


def _parsed_parts(source: bytes, max_bytes: int) -> Parsed:
    cutter = _Cutter(BytesIO(source))
    whole = Parsed([], [])
    slices: list[bytes] = []
    first = size = 0
    for each in cutter.slices():
        slices.append(each)
        size += len(each)
        if size >= _PART:
            _join(whole, _envelope(first, slices), max_bytes)
            first, slices, size = first + len(slices), [], 0
    _join(whole, _envelope(first, slices), max_bytes)
    # What is left must be a bundle or an envelope, too, of no objects.
    parse_objects(b"".join(cutter.skeleton), max_bytes=max_bytes)
    return whole


def _join(whole: Parsed, envelope: Envelope, max_bytes: int) -> None:
    part = parse_objects(envelope.source, max_bytes=max_bytes + len(envelope.source))
    first = envelope.first
    whole.objects.extend(replace(each, index=first + each.index) for each in part.objects)
    whole.problems.extend(replace(each, index=first + each.index) for each in part.problems)


def _envelope(first: int, slices: list[bytes]) -> Envelope:
    return Envelope(first, b'{"objects":[' + b",".join(slices) + b"]}")


@dataclass(slots=True)
class _Cutter:
    """Follows nesting through a stream; holds at most one object and one chunk."""

    stream: BinaryIO
    buffer: bytes = b""
    at: int = 0
    depth: int = 0
    in_list: bool = False
    found_list: bool = False
    last_string: bytes = b""
    start: int = 0
    count: int = 0
    skeleton: list[bytes] = field(default_factory=list)

    def slices(self) -> Iterator[bytes]:
        while True:
            if self.in_list and (skipped := _INSIDE.match(self.buffer, self.at)):
                self.at = skipped.end()
            token = _TOKEN.search(self.buffer, self.at)
            if token is None or token[0] == b'"':
                if not self._fill(token.start() if token else len(self.buffer)):
                    break
                continue
            self.at = token.end()
            cut = self._follow(token[0], token.start())
            if cut is not None:
                yield cut
        self._finish()

    def _fill(self, scanned: int) -> bool:
        """Read on, dropping what was used; False at the end of the stream."""
        more = self.stream.read(_CHUNK)
        if self.in_list:
            if len(self.buffer) - self.start > _MOST_BYTES_OF_ONE:
                raise self._unreadable(f"is larger than {_MOST_BYTES_OF_ONE:,} bytes")
        elif len(self.buffer) > _MOST_SKELETON + _CHUNK:
            raise UnreadableInput("There is no list of objects; is this a STIX bundle?")
        self.at = scanned - self.start
        self.buffer = self.buffer[self.start :] + more
        self.start = 0
        return bool(more)

    def _follow(self, token: bytes, start: int) -> bytes | None:
        if token.startswith(b'"'):
            self.last_string = token
        elif token in b"{[":
            self.depth += 1
            self._open(token, start)
        else:
            self.depth -= 1
            return self._close(start)
        return None

    def _open(self, token: bytes, start: int) -> None:
        if self.in_list and self.depth == 3:
            self._check_gap(_COMMA if self.count else _NOTHING, start)
            self.start = start
        elif not self.found_list and (self.depth, token, self.last_string) == (2, b"[", _KEY):
            self.in_list = self.found_list = True
            self.skeleton.append(self.buffer[: start + 1])
            self.start = start + 1

    def _close(self, start: int) -> bytes | None:
        if self.in_list and self.depth == 2:
            cut = self.buffer[self.start : self.at]
            self.start = self.at
            self.count += 1
            return cut
        if self.in_list and self.depth == 1:
            self._check_gap(_NOTHING, start)
            self.in_list = False
            self.start = start
        return None

    def _check_gap(self, expected: re.Pattern[bytes], end: int) -> None:
        """Between objects there is one comma; anything else would otherwise vanish unseen."""
        if not expected.fullmatch(self.buffer, self.start, end):
            raise self._unreadable("is not an object, or a comma before it is missing or too many")

    def _finish(self) -> None:
        if self.in_list:
            raise self._unreadable("is not complete: the file ends inside it")
        self.skeleton.append(self.buffer[self.start :])
        try:
            whole = parse(b"".join(self.skeleton), max_bytes=_MOST_SKELETON + 2 * _CHUNK)
        except MalformedJSON as error:
            raise UnreadableInput(str(error), pointer=error.pointer) from error
        if not self.found_list or not isinstance(whole, dict):
            raise UnreadableInput("There is no list of objects; is this a STIX bundle?")

    def _unreadable(self, why: str) -> UnreadableInput:
        return UnreadableInput(
            f"Element {self.count} of objects {why}.", pointer=f"/objects/{self.count}"
        )
