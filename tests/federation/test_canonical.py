"""Strict I-JSON in, RFC 8785 out."""

import json
import struct
from contextlib import suppress
from pathlib import Path
from time import process_time
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from federation.canonical import (
    MAX_SAFE_INTEGER,
    MalformedJSON,
    canonical,
    digest,
    parse,
    pointer,
)

VECTORS = Path(__file__).parent.parent / "vectors" / "rfc8785"
ROOMY = 10_000_000

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1e17, 1e17),
    st.floats(-0.01, 0.01),
    st.text(),
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


def refusal(source: bytes, **limits: int) -> MalformedJSON:
    with pytest.raises(MalformedJSON) as caught:
        parse(source, max_bytes=ROOMY, **limits)
    return caught.value


@given(documents)
def test_canonical_bytes_equal_those_of_the_reference(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_written_as_the_reference_writes_it(number: float) -> None:
    assert canonical([number]) == rfc8785.dumps([number])


@given(documents)
def test_a_canonical_document_reads_back_as_itself(value: Any) -> None:
    body = canonical(value)
    try:
        again = parse(body, max_bytes=ROOMY)
    except MalformedJSON as error:
        assert "outside" in str(error)  # only floats beyond 2^53 are written but not read
    else:
        assert canonical(again) == body


@given(documents)
def test_what_the_reader_accepts_is_what_the_standard_library_reads(value: Any) -> None:
    source = json.dumps(value).encode()
    try:
        read = parse(source, max_bytes=ROOMY)
    except MalformedJSON:
        return
    assert read == json.loads(source)


@given(st.binary(max_size=40))
def test_arbitrary_bytes_are_read_or_refused(source: bytes) -> None:
    try:
        parse(source, max_bytes=ROOMY)
    except MalformedJSON as error:
        assert str(error).endswith(".")


@given(st.text(alphabet='{}[]",:\\ab01.eE-+ntu \n', max_size=60))
def test_text_that_looks_like_json_is_read_as_the_standard_library_reads_it(text: str) -> None:
    pairs_seen_twice = False

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal pairs_seen_twice
        pairs_seen_twice |= len({key for key, _ in pairs}) < len(pairs)
        return dict(pairs)

    try:
        expected = json.loads(text, object_pairs_hook=unique)
    except ValueError:
        expected = ValueError
    try:
        read: Any = parse(text.encode(), max_bytes=ROOMY)
    except MalformedJSON:
        read = ValueError
    if expected is ValueError or pairs_seen_twice:
        assert read is ValueError
    elif read is not ValueError:
        assert read == expected


@pytest.mark.parametrize("line", (VECTORS / "numbers.txt").read_text().splitlines()[1:])
def test_the_published_numbers_are_written_as_published(line: str) -> None:
    bits, expected = line.split()
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number) == expected.encode()


@pytest.mark.parametrize("name", ["serialization", "sorting"])
def test_the_published_samples_are_written_as_published(name: str) -> None:
    value = json.loads((VECTORS / f"{name}.json").read_text())
    assert canonical(value) == (VECTORS / f"{name}.canonical.json").read_bytes()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 2**53, -(2**53)])
def test_a_number_without_canonical_form_is_refused(number: float) -> None:
    with pytest.raises(MalformedJSON):
        canonical([number])


def test_half_a_surrogate_pair_has_no_canonical_form() -> None:
    with pytest.raises(MalformedJSON):
        canonical({"a": "\ud800"})


def test_a_value_too_deep_to_write_is_refused() -> None:
    value: Any = []
    for _ in range(10_000):
        value = [value]
    with pytest.raises(MalformedJSON, match="nests"):
        canonical(value)


def test_the_digest_is_sha_256() -> None:
    assert digest(b"{}").hex() == (
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    )


def test_a_pointer_escapes_tilde_and_slash() -> None:
    assert pointer("a/b", "~", 0) == "/a~1b/~0/0"


REFUSED = {
    "a duplicate key": (b'{"a":[{"b":1,"c":{},"b":2}]}', "/a/0/b", 20),
    "a duplicate key in another spelling": (b'{"a":1,"\\u0061":2}', "/a", 7),
    "a duplicate key whose first value holds quotes": (b'{"a":"\\"\\\\","a":1}', "/a", 12),
    "NaN": (b'{"a":[1,NaN]}', "/a/1", 8),
    "Infinity": (b'{"a":Infinity}', "/a", 5),
    "negative Infinity": (b"[-Infinity]", "/0", 1),
    "a number that overflows": (b'{"a":1e400}', "/a", 5),
    "an integer just too large": (b"[0,9007199254740992]", "/1", 3),
    "an integer just too small": (b"[-9007199254740992]", "/0", 1),
    "a huge integer": (b"[123456789012345678901234567890]", "/0", 1),
    "a large number with exponent": (b'{"a":{"b":1e16}}', "/a/b", 10),
    "a lone high surrogate": (b'{"a":"\\ud800"}', "/a", 5),
    "a lone low surrogate in a key": (b'{"\\udc00":1}', "", 1),
    "invalid UTF-8": (b'{"a":"\xff"}', "/a", 6),
    "a surrogate encoded in UTF-8": (b'["\xed\xa0\x80"]', "/0", 2),
    "a byte order mark": (b"\xef\xbb\xbf{}", "", 0),
    "a trailing comma": (b'{"a":[1,]}', "/a/0", 7),
    "a comment": (b'{"a":1}//', "", 7),
    "a control character": (b'["\x01"]', "/0", 2),
    "two documents": (b"{} {}", "", 3),
    "a leading zero": (b"[01]", "/0", 1),
    "nothing": (b"", "", 0),
    "an open string": (b'{"a":"b', "/a", 7),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_reader_names_the_place_of(name: str) -> None:
    source, place, _ = REFUSED[name]
    assert refusal(source).pointer == place


@pytest.mark.parametrize("name", REFUSED)
def test_the_reader_names_the_offset_of(name: str) -> None:
    source, _, offset = REFUSED[name]
    assert refusal(source).offset == offset


@pytest.mark.parametrize("open_, close", [(b"[", b"]"), (b'{"a":', b"}")])
def test_the_reader_takes_as_many_levels_as_allowed_and_no_more(open_: bytes, close: bytes) -> None:
    inner = b"1"
    parse(open_ * 32 + inner + close * 32, max_bytes=ROOMY)
    assert "32 levels" in str(refusal(open_ * 33 + inner + close * 33))


def test_empty_containers_count_as_levels() -> None:
    parse(b"[" * 32 + b"]" * 32, max_bytes=ROOMY)
    assert "32 levels" in str(refusal(b"[" * 33 + b"]" * 33))


def test_a_document_with_too_many_bytes_is_refused_unread() -> None:
    with pytest.raises(MalformedJSON, match="11 bytes where 10"):
        parse(b"not even []", max_bytes=10)


@pytest.mark.parametrize("number", [b"0", b"-0", b"-0.0", b"1e-400", b"9007199254740991", b"1E2"])
def test_a_number_with_one_meaning_is_read(number: bytes) -> None:
    assert parse(number, max_bytes=ROOMY) == float(number)


def test_escaped_quotes_and_backslashes_are_not_taken_for_lost_keys() -> None:
    source = b'{"\\\\":"\\"","\\"":"\\\\\\"","u":"\\u0022\\u005c"}'
    assert parse(source, max_bytes=ROOMY) == {"\\": '"', '"': '\\"', "u": '"\\'}


HOSTILE = {
    "open arrays": b"[" * 1_000_000,
    "open objects": b'{"a":' * 200_000,
    "closed arrays": b"[" * 500_000 + b"]" * 500_000,
    "a number of a million digits": b"1" * 1_000_000,
    "a fraction of a million digits": b"0." + b"1" * 1_000_000,
    "an exponent of a million digits": b"1e" + b"9" * 1_000_000,
    "open string of escapes": b'"' + b'\\"' * 500_000,
    "quotes": b'"' * 1_000_001,
    "backslashes": b'"' + b"\\" * 1_000_001,
    "many keys, one twice": b"{" + b",".join(b'"%d":0' % n for n in range(100_000)) + b',"7":1}',
    "commas": b"[" + b"," * 1_000_000,
    "colons": b"{" + b":" * 1_000_000,
    "closing brackets": b"]" * 1_000_000,
    "minus signs": b"-" * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_stays_bounded_for(name: str) -> None:
    start = process_time()
    with suppress(MalformedJSON):
        parse(HOSTILE[name], max_bytes=ROOMY)
    assert process_time() - start < 5  # a second on a busy machine; quadratic would take minutes
