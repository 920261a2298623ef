"""A connection of this node to a server that answers what a test says."""

from typing import Any

from federation.peers.connection import Connection
from tests.federation.peers.raw_server import RawServer, Talk, answering


def connect(server: RawServer, **limits: Any) -> Connection:
    return Connection([server.url], allow_private=True, **{"seconds": 5.0, **limits})


def ask(reply: bytes | Talk, **limits: Any) -> dict[str, Any]:
    with answering(reply) as server, connect(server, **limits) as connection:
        return connection.get(f"{server.url}/taxii2/")


def read(reply: bytes | Talk, most: int = 1000, **limits: Any) -> bytes:
    with answering(reply) as server, connect(server, **limits) as connection:
        return connection.read(f"{server.url}/thing", "*/*", most=most)


def header(request: bytes, name: str) -> str | None:
    for line in request.partition(b"\r\n\r\n")[0].decode().split("\r\n"):
        found, _, value = line.partition(": ")
        if found.lower() == name.lower():
            return value
    return None
