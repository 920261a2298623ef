"""A server that sends exactly the bytes that it is told to, when it is told to."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Talk = Callable[[socket.socket], None]


@dataclass
class RawServer:
    """`requests`: head and body of each request, as they came."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def answer(
    body: bytes = b"{}",
    status: int = 200,
    media: str = "application/taxii+json;version=2.1",
    **headers: str,
) -> bytes:
    """One answer, after which the connection ends."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = {"Content-Type": media, "Content-Length": str(len(body)), **named}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} X\r\n{head}Connection: close\r\n\r\n".encode() + body


@contextmanager
def answering(*replies: bytes | Talk, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """Give each connection the next reply; the last one again and again."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(listener.getsockname()[1])
    thread = threading.Thread(target=_serve, args=(listener, server, replies, tls), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _serve(
    listener: socket.socket,
    server: RawServer,
    replies: tuple[bytes | Talk, ...],
    tls: ssl.SSLContext | None,
) -> None:
    left = list(replies)
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.settimeout(10)
            talked = tls.wrap_socket(connection, server_side=True) if tls else connection
            server.requests.append(_request(talked))
            reply = left.pop(0) if len(left) > 1 else left[0]
            if callable(reply):
                reply(talked)
            else:
                talked.sendall(reply)
            if tls:
                talked.close()


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        if not (part := connection.recv(65_536)):
            return received
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(body) < int(value):
                body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
