"""C2SP tlog-tiles: paths in one spelling, widths, entry bundles."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import MalformedBundle, MalformedTilePath
from federation.transparency import tiles
from federation.transparency.tiles import TilePath, width_at

from .vectors import read_vectors

PATHS = read_vectors("log/tile-paths.json")


@pytest.mark.parametrize("case", PATHS["paths"], ids=lambda case: case["path"])
def test_published_paths_are_read(case: dict[str, Any]) -> None:
    expected = {key: value for key, value in case.items() if key != "path"}
    assert asdict(TilePath.parse(case["path"])) == expected


@pytest.mark.parametrize("case", PATHS["paths"], ids=lambda case: case["path"])
def test_published_paths_are_written(case: dict[str, Any]) -> None:
    fields = {key: value for key, value in case.items() if key != "path"}
    assert TilePath(**fields).path() == case["path"]


@pytest.mark.parametrize("path", PATHS["refused"])
def test_other_spellings_of_a_path_are_refused(path: str) -> None:
    with pytest.raises(MalformedTilePath):
        TilePath.parse(path)


@given(
    st.builds(
        TilePath, st.integers(0, 63), st.integers(0, 2**63), st.integers(1, 256), st.just(False)
    )
)
def test_every_path_is_read_as_it_was_written(tile: TilePath) -> None:
    assert TilePath.parse(tile.path()) == tile


@given(st.from_regex(r"[0-9entris]{1,7}/[x0-9/.p]{1,20}", fullmatch=True))
def test_what_is_read_has_only_this_spelling(path: str) -> None:
    try:
        tile = TilePath.parse(path)
    except MalformedTilePath:
        return
    assert tile.path() == path


@pytest.mark.parametrize("level", PATHS["tree_of_70000"], ids=lambda level: str(level["level"]))
def test_the_published_tree_of_70000_has_its_tiles(level: dict[str, int]) -> None:
    full, partial = level["full"], level["partial"]
    widths = [width_at(level["level"], index, 70_000) for index in range(full + 2)]
    assert widths == [256] * full + [partial, 0]


def test_a_bundle_prefixes_each_entry_with_its_length() -> None:
    assert tiles.encode_bundle([b"a" * 32, b""]) == b"\x00\x20" + b"a" * 32 + b"\x00\x00"


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=256))
def test_a_bundle_is_read_as_it_was_written(entries: list[bytes]) -> None:
    assert tiles.decode_bundle(tiles.encode_bundle(entries), len(entries)) == entries


@given(st.binary(max_size=120), st.integers(0, 4))
def test_a_bundle_of_garbage_is_refused_or_exact(garbage: bytes, width: int) -> None:
    try:
        entries = tiles.decode_bundle(garbage, width)
    except MalformedBundle:
        return
    assert tiles.encode_bundle(entries) == garbage
