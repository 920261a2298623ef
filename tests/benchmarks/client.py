"""A client that costs little: one socket, keep-alive, bodies by Content-Length. And many of them.

`crowd` runs clients in processes of their own, so that they share nothing with each other but the
machine.
"""

import multiprocessing
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from urllib.parse import quote

import zstandard
from isal import igzip

TAXII = "application/taxii+json;version=2.1"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NEXT = re.compile(rb'"next":"([^"]+)"')
_LAST = re.compile(rb"\r\nx-taxii-date-added-last: *(\S+)", re.IGNORECASE)
_unzstd = zstandard.ZstdDecompressor().decompress
_PAGE_BYTES = 4 << 20
DECODE: Mapping[str, Callable[[bytes], bytes]] = {
    "identity": lambda body: body,
    "zstd": lambda body: _unzstd(body, max_output_size=_PAGE_BYTES),
    "gzip": igzip.decompress,
}


@dataclass(frozen=True, slots=True)
class Door:
    """Where a client asks, and as whom: a port of this machine, a path, an API key."""

    port: int
    path: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: bytes
    body: bytes


class Client:
    """One connection."""

    def __init__(self, door: Door, coding: str = "identity") -> None:
        self.door = door
        self._socket = socket.create_connection(("127.0.0.1", door.port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._common = (
            f" HTTP/1.1\r\nHost: localhost\r\nAccept: {TAXII}\r\nAccept-Encoding: {coding}\r\n"
            + (f"Authorization: Bearer {door.key}\r\n" if door.key else "")
        )

    def get(self, query: str = "") -> Answer:
        return self._ask(f"GET {self.door.path}{query}{self._common}\r\n".encode())

    def post(self, body: bytes) -> Answer:
        head = f"Content-Type: {TAXII}\r\nContent-Length: {len(body)}\r\n\r\n"
        return self._ask(f"POST {self.door.path}{self._common}{head}".encode() + body)

    def close(self) -> None:
        self._socket.close()

    def _ask(self, request: bytes) -> Answer:
        self._socket.sendall(request)
        found = bytearray()
        while (end := found.find(b"\r\n\r\n")) < 0:
            found += self._received(65_536)
        head, rest = bytes(found[:end]), found[end + 4 :]
        length = _LENGTH.search(head)
        if length is None:
            raise RuntimeError(f"The answer doesn't say how long it is:\n{head.decode()}")
        body = bytearray(int(length[1]))
        body[: len(rest)] = rest
        view, filled = memoryview(body), len(rest)
        while filled < len(body):
            count = self._socket.recv_into(view[filled:])
            if not count:
                raise ConnectionError("The server hung up in the middle of an answer.")
            filled += count
        return Answer(int(head[9:12]), head, bytes(body))

    def _received(self, most: int) -> bytes:
        part = self._socket.recv(most)
        if not part:
            raise ConnectionError("The server hung up.")
        return part


def expect(answer: Answer, status: int = 200) -> Answer:
    if answer.status != status:
        raise RuntimeError(f"{answer.head.decode()}\n{answer.body[:500].decode()}")
    return answer


def walk(client: Client, parameters: str = "", *, coding: str = "identity") -> Iterator[bytes]:
    """Pages by `next`, decoded, from the start to the end."""
    follow = ""
    while True:
        answer = expect(client.get(f"?{parameters}{follow}"))
        body = DECODE[coding](answer.body)
        yield body
        found = _NEXT.search(body, 0, 200)
        if found is None:
            return
        follow = f"&next={found[1].decode()}"


def added_last(answer: Answer) -> str:
    """The X-TAXII-Date-Added-Last header, as a query parameter's value."""
    found = _LAST.search(answer.head)
    if found is None:
        raise RuntimeError("The page has no X-TAXII-Date-Added-Last.")
    return quote(found[1].decode())


@contextmanager
def crowd(size: int) -> Iterator[Callable[..., list[Any]]]:
    """A function that runs one job in `size` processes at once, and returns their results."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(size, mp_context=context) as pool:
        list(pool.map(len, ["warm"] * size * 4))

        def together(job: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
            futures = [pool.submit(job, *each) for each in arguments]
            return [future.result() for future in futures]

        yield together


def repeat(door: Door, queries: Sequence[str], seconds: float, coding: str = "identity") -> float:
    """Ask for one after the other, again and again, for a while; answers a second."""
    client = Client(door, coding)
    try:
        expect(client.get(queries[0]))
        began, count = perf_counter(), 0
        while (elapsed := perf_counter() - began) < seconds:
            expect(client.get(queries[count % len(queries)]))
            count += 1
        return count / elapsed
    finally:
        client.close()
