"""How much an answer may cost this node, and how long it waits for one."""

import gzip
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import zstandard

from federation.errors import PeerMisbehaved, PeerUnavailable
from federation.peers import connection as connections
from tests.federation.peers.connecting import connect, read
from tests.federation.peers.raw_server import Talk, answer, answering

pytestmark = pytest.mark.usefixtures("few_threads")


#: How many mebibytes of zeros, and what squeezes them; gzip takes longer for less.
BOMBS: dict[str, tuple[int, Callable[[], Any]]] = {
    "zstd": (1024, lambda: zstandard.ZstdCompressor(level=3).compressobj()),
    "gzip": (256, lambda: zlib.compressobj(9, wbits=31)),
}


@cache
def _bomb(coding: str) -> bytes:
    mebibytes, squeezing = BOMBS[coding]
    squeezed, zeros = squeezing(), bytes(1 << 20)
    return b"".join(squeezed.compress(zeros) for _ in range(mebibytes)) + squeezed.flush()


def _peak(reply: bytes) -> int:
    """The memory that it takes to refuse an answer."""
    tracemalloc.start()
    try:
        with pytest.raises(PeerMisbehaved):
            read(reply, most=1 << 20)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_what_comes_with_a_redirect_is_not_inflated_either() -> None:
    bomb = answer(_bomb("zstd"), 302, Location="/", Content_Encoding="zstd")
    assert _peak(bomb) < 80 << 20


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory(coding: str) -> None:
    assert _peak(answer(_bomb(coding), Content_Encoding=coding)) < 16 << 20


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_is_called_what_it_is(coding: str) -> None:
    with pytest.raises(PeerMisbehaved, match="more than 1000 bytes"):
        read(answer(_bomb(coding), Content_Encoding=coding))


CODERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("coding", CODERS)
def test_an_answer_is_inflated(coding: str) -> None:
    body = bytes(range(256)) * 4000
    reply = answer(CODERS[coding](body), Content_Encoding=coding)
    assert read(reply, most=len(body)) == body


@pytest.mark.parametrize("coding", CODERS)
def test_one_byte_too_many_is_refused(coding: str) -> None:
    body = bytes(range(256)) * 4000
    reply = answer(CODERS[coding](body), Content_Encoding=coding)
    with pytest.raises(PeerMisbehaved, match="more than"):
        read(reply, most=len(body) - 1)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_an_empty_answer_needs_no_coding(coding: str) -> None:
    assert read(answer(b"", Content_Encoding=coding)) == b""


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"not gzip"),
        ("zstd", b"not zstd"),
        ("gzip", gzip.compress(b"whole")[:-9]),
        ("gzip", gzip.compress(b"whole") + b"more"),
        ("br", b"anything"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"twice"))),
    ],
    ids=["no gzip", "no zstd", "cut short", "more after it", "an unknown coding", "coded twice"],
)
def test_what_can_not_be_inflated_is_refused(coding: str, body: bytes) -> None:
    with pytest.raises(PeerMisbehaved):
        read(answer(body, Content_Encoding=coding))


def test_a_cut_off_answer_is_not_used() -> None:
    whole = answer(b"x" * 500)
    with pytest.raises(PeerUnavailable):
        read(whole[:-100])


def _dripping(head: bytes) -> Talk:
    def drip(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.05)

    return drip


DRIPS = {
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "head": b"HTTP/1.1 200 OK\r\nX-Long: ",
    "status": b"HTTP/1.1 200 ",
}


@pytest.mark.parametrize("part", DRIPS)
def test_who_sends_a_byte_now_and_then_is_not_waited_for(part: str) -> None:
    begun = time.monotonic()
    with pytest.raises(PeerUnavailable, match="takes more than"):
        read(_dripping(DRIPS[part]), most=1 << 20, seconds=0.5)
    assert time.monotonic() - begun < 3


def test_who_falls_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "READ_SECONDS", 0.3)

    def stall(connection: socket.socket) -> None:
        connection.sendall(answer(b"x" * 100)[:-50])
        connection.recv(1)

    with pytest.raises(PeerUnavailable, match="can't be reached"):
        read(stall)


def test_after_one_was_too_slow_the_next_is_asked() -> None:
    replies = _dripping(DRIPS["body"]), answer(b"x")
    with answering(*replies) as server, connect(server, seconds=0.5) as connection:
        with pytest.raises(PeerUnavailable):
            connection.read(server.url, "*/*")
        assert connection.read(server.url, "*/*") == b"x"


def test_nobody_at_home_is_waited_for() -> None:
    with answering(answer()) as server:
        pass
    with pytest.raises(PeerUnavailable, match="can't be reached"), connect(server) as connection:
        connection.read(server.url, "*/*")
