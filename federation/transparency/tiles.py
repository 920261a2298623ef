"""C2SP tlog-tiles: tile paths and entry bundles. A full tile is 256 hashes wide."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from federation.errors import MalformedBundle, MalformedTilePath
from federation.transparency.merkle import HASH_BYTES

WIDTH = 256
TILE_BYTES = WIDTH * HASH_BYTES
MAX_LEVEL = 63

_PATH = re.compile(
    r"(?P<level>entries|0|[1-9][0-9]?)/"
    r"(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """Which tile: `level` 0..63, `index` in that level, `width` 1..256; or a bundle of entries."""

    level: int
    index: int
    width: int = WIDTH
    entries: bool = False

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`: what follows `tile/` in the URL.

        Only the one canonical spelling is read; raises MalformedTilePath for any other.
        """
        match = _PATH.fullmatch(path)
        if match is None:
            raise MalformedTilePath(f"{path[:120]!r} is not a tile path.")
        entries = match["level"] == "entries"
        tile = cls(
            level=0 if entries else int(match["level"]),
            index=int(match["index"].replace("x", "").replace("/", "")),
            width=int(match["width"] or WIDTH),
            entries=entries,
        )
        if tile.path() != path or tile.level > MAX_LEVEL or tile.width > WIDTH:
            raise MalformedTilePath(f"{path[:120]!r} is not the canonical path of a tile.")
        return tile

    def path(self) -> str:
        """The path after `tile/`, e.g. `1/x001/x234/067.p/8`."""
        level = "entries" if self.entries else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{level}/{_encode_index(self.index)}{partial}"


def _encode_index(index: int) -> str:
    """1234067 becomes x001/x234/067."""
    encoded = f"{index % 1000:03d}"
    while index := index // 1000:
        encoded = f"x{index % 1000:03d}/{encoded}"
    return encoded


def width_at(level: int, index: int, size: int) -> int:
    """How many hashes tile (level, index) has in a tree of `size` entries: 0 to 256."""
    return max(0, min(WIDTH, (size >> (8 * level)) - index * WIDTH))


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries of at most 65,535 bytes, each after its length as a big-endian uint16."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def decode_bundle(bundle: bytes, width: int) -> list[bytes]:
    """The `width` entries of a bundle; each has 32 bytes in our logs. Raises MalformedBundle."""
    step = 2 + HASH_BYTES
    if len(bundle) != width * step:
        raise MalformedBundle(
            f"A bundle of {width} entries has {width * step} bytes, not {len(bundle)}."
        )
    prefix = HASH_BYTES.to_bytes(2)
    starts = range(0, len(bundle), step)
    if any(bundle[i : i + 2] != prefix for i in starts):
        raise MalformedBundle("Every entry of the log has 32 bytes; the bundle says otherwise.")
    return [bundle[i + 2 : i + step] for i in starts]
