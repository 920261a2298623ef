"""The bytes of an answer, inflated in bounded steps: no bomb is ever larger in memory than a step.

A step is asked for, looked at, and only then followed by the next: whoever reads stops when it is
enough. Pure but for the reading that it is given.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import IO, cast

import zstandard

from federation.errors import PeerMisbehaved

STEP = 256 * 1024
CODINGS = "zstd, gzip"
"""What is asked for (Accept-Encoding) and understood; one of them, not one inside another."""
_ZSTD_WINDOW = 8 << 20
_GZIP = 16 + zlib.MAX_WBITS

Read = Callable[[int], bytes]
"""At most so many bytes of what comes; b"" at its end."""


def inflate(read: Read, coding: str) -> Iterator[bytes]:
    """The content, STEP bytes at most at a time. Raises PeerMisbehaved for what can't be read."""
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return iter(lambda: read(STEP), b"")
    if coding == "zstd":
        return _zstd(read)
    if coding in ("gzip", "x-gzip"):
        return _gzip(read)
    raise PeerMisbehaved(f"The answer is coded as {coding[:40]!r}; {CODINGS} were asked for.")


def _zstd(read: Read) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).stream_reader(
        cast(IO[bytes], _Source(read)), read_size=STEP, read_across_frames=True
    )
    try:
        while content := reader.read(STEP):
            yield content
    except zstandard.ZstdError as error:
        raise PeerMisbehaved(f"The answer is not zstd: {error}") from error


def _gzip(read: Read) -> Iterator[bytes]:
    member = zlib.decompressobj(_GZIP)
    is_begun = False
    try:
        while pending := member.unconsumed_tail or read(STEP):
            is_begun = True
            if content := member.decompress(pending, STEP):
                yield content
            if member.eof:
                break
    except zlib.error as error:
        raise PeerMisbehaved(f"The answer is not gzip: {error}") from error
    if is_begun and (not member.eof or member.unused_data or read(1)):
        raise PeerMisbehaved("The answer is not one whole gzip member.")


class _Source:
    """`read` as a file, as much of one as zstandard asks for."""

    def __init__(self, read: Read) -> None:
        self.read = read
