"""What crosses the wire between nodes: a TCP proxy that passes everything on and keeps a copy.

with recorded(node_port) as wire:
    requests.get(wire.url)
    b"..." in wire.content()
"""

import contextlib
import re
import selectors
import socket
import threading
import zlib
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field

import zstandard

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
_STATUS_WITHOUT_BODY = re.compile(rb"HTTP/1\.1 (1\d\d|204|304) ")
_CHUNK = 65536


@dataclass
class Conversation:
    """One connection: what was asked and what was answered."""

    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)


class Wire:
    """The proxy. While `is_cut`, nobody gets through."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.is_cut = False
        self.conversations: list[Conversation] = []
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def content(self) -> bytes:
        """Every byte of both directions; then bodies as they unpack, and base64 as it decodes."""
        raw = b"\n".join(
            bytes(part) for each in self.conversations for part in (each.asked, each.answered)
        )
        unpacked = b"\n".join(
            body
            for each in self.conversations
            for part in (each.asked, each.answered)
            for body in bodies(bytes(part))
        )
        text = raw + b"\n" + unpacked
        return b"\n".join([text, *(_unbase64(found) for found in _BASE64.findall(text))])

    def close(self) -> None:
        # A listener that is only closed leaves its thread in accept().
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                incoming, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(incoming,), daemon=True).start()

    def _pass_on(self, incoming: socket.socket) -> None:
        with incoming, contextlib.suppress(OSError):
            if self.is_cut:
                return
            with socket.create_connection(("127.0.0.1", self.target), 5) as outgoing:
                outgoing.settimeout(None)
                kept = Conversation()
                self.conversations.append(kept)
                self._open |= {incoming, outgoing}
                try:
                    _pump(incoming, outgoing, kept)
                finally:
                    self._open -= {incoming, outgoing}


def _pump(incoming: socket.socket, outgoing: socket.socket, kept: Conversation) -> None:
    """Until both ends have said all."""
    other = {incoming: (outgoing, kept.asked), outgoing: (incoming, kept.answered)}
    with selectors.DefaultSelector() as selector:
        for each in other:
            selector.register(each, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                source = key.fileobj
                assert isinstance(source, socket.socket)
                target, copy = other[source]
                said = source.recv(_CHUNK)
                if said:
                    copy += said
                    target.sendall(said)
                else:
                    selector.unregister(source)
                    target.shutdown(socket.SHUT_WR)


def bodies(stream: bytes) -> Iterator[bytes]:
    """The bodies of the HTTP/1.1 messages that follow each other in one direction, unpacked."""
    at = 0
    while (end := stream.find(b"\r\n\r\n", at)) >= 0:
        head, at = stream[at:end], end + 4
        headers = _headers(head)
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            body, at = _chunks(stream, at)
        elif _STATUS_WITHOUT_BODY.match(head):
            continue
        else:
            length = int(headers.get(b"content-length", b"0"))
            body, at = stream[at : at + length], at + length
        yield _unpacked(body, headers.get(b"content-encoding", b""))


def _headers(head: bytes) -> dict[bytes, bytes]:
    found = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        found[name.strip().lower()] = value.strip()
    return found


def _chunks(stream: bytes, at: int) -> tuple[bytes, int]:
    parts = []
    while (end := stream.find(b"\r\n", at)) >= 0:
        size = int(stream[at:end].split(b";")[0] or b"0", 16)
        at = end + 2
        if size == 0:
            return b"".join(parts), stream.find(b"\r\n", at) + 2
        parts.append(stream[at : at + size])
        at += size + 2
    return b"".join(parts), len(stream)


def _unpacked(body: bytes, coding: bytes) -> bytes:
    match coding.lower():
        case b"gzip":
            return zlib.decompressobj(wbits=31).decompress(body)
        case b"zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    return body


def _unbase64(text: bytes) -> bytes:
    body = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    body = body[:-1] if len(body) % 4 == 1 else body
    return b64decode(body + b"=" * (-len(body) % 4))


@contextlib.contextmanager
def recorded(target: int) -> Iterator[Wire]:
    wire = Wire(target)
    try:
        yield wire
    finally:
        wire.close()
