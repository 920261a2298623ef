"""A request's body: whole before anything is done with it, in bounded time and memory.

A body is read to its end first, so that a slow client holds no transaction. What it unpacks to is
never held: it streams twice, once to be measured and digested, once to be read line by line.
"""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, cast

from django.http import HttpRequest
from isal import isal_zlib

from indicators.ingest.errors import Refused

#: Bytes on the wire, and bytes that they unpack to.
MAX_BYTES = 16 * 1024 * 1024
_PIECE = 64 * 1024
# A server may block until a read is full: small reads let us look at the clock.
_READ = 4 * 1024
_GRACE_SECONDS = 30.0
_LEAST_BYTES_PER_SECOND = 4 * 1024
# Each member costs a fresh decoder, and a member of nothing has 20 bytes.
_MAX_GZIP_MEMBERS = 100
_GZIP = 31
_LARGE = 1024 * 1024
_TURNS = threading.Lock()


def read(request: HttpRequest) -> bytes:
    """The body as it was sent; raises Refused 400, 408 or 413."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    expected = int(declared) if declared.isdecimal() and len(declared) < 20 else 0
    if expected > MAX_BYTES:
        raise _too_large()
    body = _read_in_time(_stream(request))
    if len(body) < expected:
        raise Refused(400, f"The body ends after {len(body):,} of {expected:,} bytes; send again.")
    return body


def unpacked(body: bytes, coding: str) -> Iterator[bytes]:
    """The body's content in pieces; raises Refused 400, 413 or 415 as soon as it is seen."""
    pieces: Iterator[bytes]
    match coding.strip().lower():
        case "" | "identity":
            pieces = (body[at : at + _PIECE] for at in range(0, len(body), _PIECE))
        case "gzip" | "x-gzip":
            pieces = _gunzipped(body)
        case _:
            raise Refused(
                415,
                "Send the body as it is, or with Content-Encoding: gzip.",
                headers={"Accept-Encoding": "gzip, identity"},
            )
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > MAX_BYTES:
            raise _too_large()
        yield piece


class Measure:
    """What a body says in all: its digest, its size and its line ends; read once, kept nowhere."""

    def __init__(self, media_type: str, pieces: Iterator[bytes]) -> None:
        digest = hashlib.sha256(media_type.encode() + b"\0")
        self.size = self.line_ends = 0
        self.is_blank = True
        for piece in pieces:
            digest.update(piece)
            self.size += len(piece)
            self.line_ends += piece.count(b"\n")
            self.is_blank = self.is_blank and not piece.strip()
        self.digest = digest.digest()


def turn(size: int) -> AbstractContextManager[object]:
    """Large bodies are parsed one after another: by turns takes as long, and less memory."""
    return _TURNS if size > _LARGE else nullcontext()


def _read_in_time(stream: BinaryIO) -> bytes:
    started, body = time.monotonic(), bytearray()
    while piece := stream.read(_READ):
        body += piece
        if len(body) > MAX_BYTES:
            raise _too_large()
        seconds = time.monotonic() - started
        if seconds > _GRACE_SECONDS + len(body) / _LEAST_BYTES_PER_SECOND:
            raise Refused(408, "The body came too slowly; send it in smaller parts.")
    return bytes(body)


def _stream(request: HttpRequest) -> BinaryIO:
    """The body, chunked ones too: Django alone takes a missing length for an empty one."""
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    return cast(BinaryIO, request.META["wsgi.input"] if chunked else request)


def _gunzipped(body: bytes) -> Iterator[bytes]:
    """What gzip members hold, never more than a piece of it at once."""
    decoder, members, left = isal_zlib.decompressobj(wbits=_GZIP), 1, b""
    view = memoryview(body)
    try:
        for at in range(0, len(body), _PIECE):
            left = bytes(view[at : at + _PIECE])
            while left:
                piece = decoder.decompress(left, _PIECE)
                left = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                if piece:
                    yield piece
                if decoder.eof and (left or at + _PIECE < len(body)):
                    members += 1
                    if members > _MAX_GZIP_MEMBERS:
                        raise Refused(400, f"Send at most {_MAX_GZIP_MEMBERS} gzip members.")
                    decoder = isal_zlib.decompressobj(wbits=_GZIP)
    except isal_zlib.error as error:  # type: ignore[misc]
        raise Refused(400, "The body is not gzip, as its Content-Encoding says.") from error
    if not decoder.eof:
        raise Refused(400, "The gzip body is cut off; send it again.")


def _too_large() -> Refused:
    return Refused(
        413, f"The body has, or unpacks to, more than {MAX_BYTES:,} bytes; send several."
    )
