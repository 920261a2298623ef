"""Bodies at the ingest door: whole, in bounded time and memory, or refused."""

import gzip
import io
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from indicators.ingest import body
from indicators.ingest.body import MAX_BYTES, Measure, read, unpacked
from indicators.ingest.errors import Refused


def status_of(pieces: Iterator[bytes]) -> int:
    with pytest.raises(Refused) as refused:
        for _ in pieces:
            pass
    return refused.value.status


def unpack(sent: bytes, coding: str = "gzip") -> bytes:
    return b"".join(unpacked(sent, coding))


@given(st.lists(st.binary(max_size=300) | st.just(b"a" * 100_000), min_size=1, max_size=4))
def test_gzip_yields_what_was_packed(members: list[bytes]) -> None:
    sent = b"".join(gzip.compress(member) for member in members)
    assert unpack(sent) == b"".join(members)


def test_no_coding_yields_the_body_itself() -> None:
    assert unpack(b"x" * 200_000, "") == b"x" * 200_000


def test_pieces_are_small_whatever_they_unpack_from() -> None:
    assert max(map(len, unpacked(gzip.compress(b"0" * (4 << 20)), "gzip"))) <= 64 * 1024


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(b"0" * (512 << 20), 1)
    tracemalloc.start()
    assert status_of(unpacked(bomb, "gzip")) == 413
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20


def test_a_bomb_in_a_bomb_is_unpacked_once() -> None:
    inner = gzip.compress(b"0" * (64 << 20), 1)
    assert unpack(gzip.compress(inner)) == inner


def test_exactly_the_limit_is_taken() -> None:
    assert len(unpack(gzip.compress(b"0" * MAX_BYTES, 1))) == MAX_BYTES


def test_one_byte_over_the_limit_is_refused() -> None:
    assert status_of(unpacked(gzip.compress(b"0" * (MAX_BYTES + 1), 1), "gzip")) == 413


def test_ten_thousand_empty_members_are_refused_at_once() -> None:
    started = time.process_time()
    assert status_of(unpacked(gzip.compress(b"") * 10_000, "gzip")) == 400
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "sent",
    [b"no gzip", gzip.compress(b"x" * 100)[:-3], gzip.compress(b"x")[:5], b"\x1f\x8b\x08", b""],
    ids=["no gzip", "cut short", "a head", "half a head", "nothing"],
)
def test_broken_gzip_is_refused(sent: bytes) -> None:
    assert status_of(unpacked(sent, "gzip")) == 400


def test_gzip_with_another_checksum_is_refused() -> None:
    sent = bytearray(gzip.compress(b"x" * 100))
    sent[-5] ^= 1
    assert status_of(unpacked(bytes(sent), "gzip")) == 400


def test_gzip_with_something_behind_it_is_refused() -> None:
    assert status_of(unpacked(gzip.compress(b"x") + b"more", "gzip")) == 400


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip"])
def test_other_codings_are_refused(coding: str) -> None:
    assert status_of(unpacked(b"x", coding)) == 415


def test_the_digest_is_of_the_content_not_of_its_coding() -> None:
    plain = Measure("text/csv", unpacked(b"a,b\n", ""))
    packed = Measure("text/csv", unpacked(gzip.compress(b"a,b\n"), "gzip"))
    assert plain.digest == packed.digest


def test_the_digest_differs_by_format() -> None:
    assert Measure("a", iter([b"x"])).digest != Measure("b", iter([b"x"])).digest


def test_a_body_of_line_ends_is_blank() -> None:
    assert Measure("a", iter([b" \r\n", b"\n"])).is_blank


def posted(content: bytes, **extra: Any) -> bytes:
    return read(RequestFactory().post("/", content, content_type="text/csv", **extra))


def test_a_body_is_read_whole() -> None:
    assert posted(b"x" * 100_000) == b"x" * 100_000


def test_a_body_that_announces_too_much_is_not_read() -> None:
    with pytest.raises(Refused, match="more than 16,777,216 bytes"):
        posted(b"x", CONTENT_LENGTH=str(MAX_BYTES + 1))


def test_a_body_shorter_than_its_length_is_refused() -> None:
    with pytest.raises(Refused, match="ends after 1 of 10 bytes"):
        posted(b"", CONTENT_LENGTH="10", **{"wsgi.input": io.BytesIO(b"x")})


def test_an_endless_chunked_body_is_refused() -> None:
    request = RequestFactory().post("/", content_type="text/csv")
    request.META |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": Endless()}
    with pytest.raises(Refused, match="more than 16,777,216 bytes"):
        read(request)


def test_a_body_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 100_000, 10))
    monkeypatch.setattr(body.time, "monotonic", lambda: float(next(now)))
    request = RequestFactory().post("/", content_type="text/csv")
    request.META |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": Endless(each=1)}
    with pytest.raises(Refused) as refused:
        read(request)
    assert refused.value.status == 408


class Endless(io.RawIOBase):
    """A body that never ends, `each` bytes a read."""

    def __init__(self, each: int = 1 << 20) -> None:
        self.each = each

    def read(self, size: int = -1) -> bytes:
        return b"x" * min(size, self.each)
