"""A body of any chunks cut into its lines, in memory for one line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from indicators.detections.formats.line import Limits, LineError

_FOREIGN_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_BLANK = b" \t\r"


@dataclass(frozen=True, slots=True)
class Piece:
    """A line without its end (LF or CRLF), or what there is of it and why there is no more."""

    number: int
    source: bytes
    error: LineError | None = None


def pieces(chunks: Iterable[bytes], limits: Limits) -> Iterator[Piece]:
    """The lines of a body that aren't blank. After an error that ends the body nothing follows."""
    splitter = _Splitter(limits)
    for chunk in chunks:
        yield from splitter.feed(chunk)
        if splitter.ended:
            return
    yield from splitter.finish()


@dataclass(slots=True)
class _Splitter:
    limits: Limits
    number: int = 0
    total: int = 0
    parts: list[bytes] = field(default_factory=list)
    held: int = 0
    ended: bool = False

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        room = self.limits.body_bytes - self.total
        self.total += len(chunk)
        *whole, rest = chunk[:room].split(b"\n")
        for part in whole:
            yield from self._line(part)
            if self.ended:
                return
        self._hold(rest)
        if len(chunk) > room:
            yield self._end(f"The body has more than {self.limits.body_bytes:,} bytes")

    def finish(self) -> Iterator[Piece]:
        """The last line needs no line feed."""
        if self.held:
            yield from self._line(b"")

    def _hold(self, part: bytes) -> None:
        """Of a line that is too long only its length is of interest."""
        self.held += len(part)
        if part and self.held <= self.limits.line_bytes:
            self.parts.append(part)
        elif part:
            self.parts = self.parts[:1]

    def _line(self, last: bytes) -> Iterator[Piece]:
        self._hold(last)
        if self.number == self.limits.lines:
            yield self._end(f"The body has more than {self.limits.lines:,} lines")
            return
        self.number += 1
        source, held = b"".join(self.parts), self.held
        self.parts, self.held = [], 0
        if held > self.limits.line_bytes:
            yield Piece(self.number, source, self._too_long(held))
        elif self.number == 1 and source.startswith(_FOREIGN_MARKS):
            self.ended = True
            yield Piece(1, source[:2], LineError("", "The body is UTF-16 or UTF-32; send UTF-8."))
        elif source.strip(_BLANK):
            yield Piece(self.number, source.removesuffix(b"\r"))

    def _too_long(self, held: int) -> LineError:
        allowed = self.limits.line_bytes
        return LineError(
            "",
            f"The line has {held:,} bytes where {allowed:,} are allowed; "
            "split the cluster over several findings with uids of their own.",
        )

    def _end(self, fault: str) -> Piece:
        self.ended = True
        error = LineError("", f"{fault}; send this line and all that follow it in another request.")
        return Piece(self.number + 1, b"".join(self.parts)[:1024], error)


def whole(chunks: Iterable[bytes], limits: Limits) -> bytes | LineError:
    """A body that is one document; LineError if it is larger than a body may be."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        if len(held) > limits.body_bytes:
            return LineError(
                "", f"The body has more than {limits.body_bytes:,} bytes; send it in parts."
            )
    return bytes(held)
