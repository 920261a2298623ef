"""Systematic damage: every node of an object is dropped, replaced and added to."""

import copy
from collections.abc import Iterator
from typing import Any

from tests.stix.corpus.making import Value, ref

Path = tuple[str | int, ...]

_SCALARS: list[Any] = [None, True, 5, -1, 1.5, 10**12, "", "x", [], [5], ["x"], {}, {"x": 5}]
_TIMESTAMPS = [
    "2026-13-01T00:00:00.000Z",
    "2026-02-30T00:00:00.000Z",
    "2026-01-01 00:00:00.000Z",
    "2026-01-01T00:00:00.000+00:00",
    "2026-01-01t00:00:00.000z",
    "2026-01-01T24:00:00.000Z",
    "2026-01-01T00:00:60.000Z",
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.Z",
    "0000-01-01T00:00:00.000Z",
    "1999-01-01T00:00:00.000Z",
    "2099-01-01T00:00:00.000Z",
    "2026-01-01",
]
_IDS = [
    "identity--BE45F992-C008-44EF-8483-6C65E712C2C2",
    "identity--00000000-0000-0000-0000-000000000000",
    "identity--018f2f3c-7f3e-7c3a-9b1e-1f2e3d4c5b6a",
    "identity--be45f992c00844ef84836c65e712c2c2",
    "identity-be45f992-c008-44ef-8483-6c65e712c2c2",
    ref("bundle"),
    ref("relationship"),
    ref("sighting"),
    ref("marking-definition"),
    ref("language-content"),
    ref("extension-definition"),
    ref("identity"),
    ref("indicator"),
    ref("observed-data"),
    ref("ipv4-addr"),
    ref("file"),
    ref("x-vendor-thing"),
]
_WORDS = ["Not A Term!", "unknown-term", "a" * 300, "zz", "CVE-2026-0001", "http://[bad", "-5", "%"]
_NAMES = ["unknown_property", "x_vendor_property", "Upper", "severity", "ab", "x" * 251, "note_bin"]


def mutations(value: Value) -> Iterator[tuple[str, Value]]:
    """A description and a damaged copy, for every place of value and every kind of damage."""
    for path, node in _nodes(value):
        yield from _dropped(value, path)
        for replacement in _replacements(path, node):
            if replacement != node or type(replacement) is not type(node):
                yield f"{_name(path)} = {replacement!r}", _with(value, path, replacement)
        if isinstance(node, dict):
            for name in _NAMES:
                yield f"{_name(path)} + {name}", _with(value, (*path, name), "x")


def _nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for step, child in children:
        yield from _nodes(child, (*path, step))


def _dropped(value: Value, path: Path) -> Iterator[tuple[str, Value]]:
    if path:
        damaged = copy.deepcopy(value)
        del _parent(damaged, path)[path[-1]]
        yield f"without {_name(path)}", damaged


def _replacements(path: Path, node: Any) -> list[Any]:
    if not path:
        return []
    if not isinstance(node, str):
        return _SCALARS
    if "T" in node and node.endswith("Z") and node[:4].isdigit():
        return _SCALARS + _TIMESTAMPS
    if "--" in node:
        return _SCALARS + _IDS
    return _SCALARS + _WORDS


def _with(value: Value, path: Path, replacement: Any) -> Value:
    damaged = copy.deepcopy(value)
    _parent(damaged, path)[path[-1]] = replacement
    return damaged


def _parent(value: Any, path: Path) -> Any:
    for step in path[:-1]:
        value = value[step]
    return value


def _name(path: Path) -> str:
    return "/".join(map(str, path)) or "the object"
