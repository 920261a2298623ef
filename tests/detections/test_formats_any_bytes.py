"""Whatever is sent: readers never raise, never repeat a value, and stay within time and memory."""

import json
import tracemalloc
from collections.abc import Iterator
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.detections.formats import READERS, Limits, Line
from indicators.detections.formats.schema import EXAMPLES
from tests.detections.reading import CSV, NATIVE, OCSF, OCSF_LINES, STIX, finding, ndjson, read

MEDIA_TYPES = sorted(READERS)
SECRET = "leaky.4711@planted.example"
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just(SECRET)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def example(name: str) -> Any:
    return next(each.value for each in EXAMPLES if each.name == name)


def bundle() -> dict[str, Any]:
    stamp = "2026-06-25T00:00:00.000Z"
    identity = {"id": f"infrastructure--{'0' * 8}-0000-4000-8000-{'0' * 12}", "name": "x"}
    infrastructure = {"type": "infrastructure", "spec_version": "2.1", **identity}
    account = {
        "type": "user-account",
        "spec_version": "2.1",
        "id": f"user-account--{'0' * 8}-0000-4000-8000-{'0' * 12}",
        "account_login": "u",
    }
    return {"objects": [{**infrastructure, "created": stamp, "modified": stamp}, account]}


DOCUMENTS = {
    NATIVE: example("cluster"),
    OCSF: example("ocsf"),
    OCSF_LINES: example("ocsf"),
    STIX: bundle(),
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        branches = value.items() if isinstance(value, dict) else enumerate(value)
        for step, each in branches:
            yield from places(each, (*path, step))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def with_key(value: Any, path: tuple[Any, ...], key: str) -> Any:
    for step in path:
        value = value[step]
    return {**value, key: 1} if isinstance(value, dict) else [value, {key: 1}]


def said(lines: list[Line]) -> str:
    return json.dumps([[error.pointer, error.message] for line in lines for error in line.errors])


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@settings(deadline=None)  # the machine may be busy
@given(chunks=st.lists(st.binary(max_size=50), max_size=6))
def test_any_bytes_are_read_or_refused(media_type: str, chunks: list[bytes]) -> None:
    for line in read(media_type, chunks):
        assert (line.finding is None) == bool(line.errors)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@settings(deadline=None)  # the machine may be busy
@given(text=st.text(alphabet='{}[]",:;\n\r\t\\ ak1\0', max_size=60))
def test_any_text_is_read_or_refused(media_type: str, text: str) -> None:
    for line in read(media_type, text.encode()):
        assert (line.finding is None) == bool(line.errors)


@pytest.mark.parametrize("media_type", sorted(DOCUMENTS))
@settings(deadline=None)  # the machine may be busy
@given(st.data())
def test_any_value_in_any_place_is_read_or_refused_and_not_repeated(
    media_type: str, drawn: st.DataObject
) -> None:
    document = DOCUMENTS[media_type]
    path = drawn.draw(st.sampled_from(list(places(document))))
    body = json.dumps(replaced(document, path, drawn.draw(values))).encode()
    lines = read(media_type, body)
    assert all((line.finding is None) == bool(line.errors) for line in lines)
    assert SECRET not in said(lines)


@pytest.mark.parametrize("media_type", sorted(DOCUMENTS))
def test_an_identifier_in_any_wrong_place_is_not_repeated(media_type: str) -> None:
    document = DOCUMENTS[media_type]
    for path in places(document):
        for wrong in (SECRET, [SECRET], {SECRET: SECRET}, {"a": {SECRET: SECRET}}):
            lines = read(media_type, json.dumps(replaced(document, path, wrong)).encode())
            assert SECRET not in said(lines), path


@pytest.mark.parametrize("media_type", sorted(DOCUMENTS))
def test_an_identifier_for_a_name_is_not_repeated(media_type: str) -> None:
    document = DOCUMENTS[media_type]
    for path in places(document):
        for key in (SECRET, f"x` - at `$.{SECRET}", f"x` - at `$.{SECRET}`"):
            changed = replaced(document, path, with_key(document, path, key))
            lines = read(media_type, json.dumps(changed).encode())
            assert SECRET not in said(lines), path


def test_an_identifier_that_occurs_twice_for_a_name_is_not_repeated() -> None:
    body = f'{{"uid":"a","cluster":{{"{SECRET}":1,"{SECRET}":2}}}}'.encode()
    assert SECRET not in said(read(NATIVE, body))


@pytest.mark.parametrize("column", range(5))
def test_an_identifier_in_any_wrong_cell_is_not_repeated(column: int) -> None:
    cells = ["k", "", "email", "x@mail.example", "3"]
    cells[column] = SECRET
    header = "cluster_key,segment,kind,value,revision\n"
    assert SECRET not in said(read(CSV, f"{header}{','.join(cells)}\n".encode()))
    assert SECRET not in said(read(CSV, (header.replace("kind", SECRET) + "k").encode()))


def test_memory_does_not_grow_with_the_number_of_lines() -> None:
    def chunks(count: int) -> Iterator[bytes]:
        line = ndjson(finding(title="x" * 100))
        return (line for _ in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in READERS[NATIVE](chunks(count)):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(2000) < 2 * peak(200)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        (NATIVE, b"\n" * (1 << 20)),
        (NATIVE, b'{"a":' * (1 << 18)),
        (NATIVE, b'"' + b"\\" * (1 << 20)),
        (OCSF, b"[" * (1 << 20)),
        (OCSF, b"[" + b"1," * (1 << 19) + b"1]"),
        (STIX, b'{"objects":[' + b"1," * (1 << 16) + b"1]}"),
        (STIX, b'{"objects":[' + b"{}," * (1 << 15) + b"{}]}"),
        (STIX, b'{"objects":[' + b"1," * (1 << 23) + b"1]}"),
        (CSV, b"cluster_key\n" + b'"' * (1 << 20)),
        (CSV, b"cluster_key\n" + b"k\n" * (1 << 17)),
        (CSV, b"cluster_key" + b"," * (1 << 20)),
        (CSV, b"cluster_key\n" + b"a\nb\n" * (1 << 16)),
    ],
)
def test_hostile_bodies_take_bounded_time(media_type: str, body: bytes) -> None:
    start = process_time()
    count = sum(1 for _ in READERS[media_type]([body]))
    assert process_time() - start < 20
    assert count <= Limits().lines + 1
