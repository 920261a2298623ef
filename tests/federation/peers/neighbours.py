"""Peers that this node has pinned, and a loopback server that stands for one of them."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.test import Client
from django.utils import timezone

from federation.keys import SigningKey
from federation.models import Peer
from federation.peers import descriptor, registry
from federation.requests import sign_request

from .nodes import Described

JSON = "application/json"


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Reply = tuple[int, str, bytes]
GOOD: Reply = (204, "text/plain", b"")


@dataclass
class Neighbour:
    """What stands at a peer's address: it writes down what is asked, and answers as told."""

    answer: Callable[[Asked], Reply] = lambda _: GOOD
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    @property
    def bodies(self) -> list[bytes]:
        return [each.body for each in self.asked]


@contextmanager
def listening(neighbour: Neighbour) -> Iterator[Neighbour]:
    """The neighbour on a loopback port, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(length))
            neighbour.asked.append(asked)
            status, media, body = neighbour.answer(asked)
            self.send_response(status)
            self.send_header("Content-Type", media)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815 - the name that http.server looks for

        def log_message(self, *_: object) -> None:
            """Tests print what they need."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    neighbour.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield neighbour
    finally:
        server.shutdown()
        server.server_close()


def pinned(name: str, url: str = "") -> Peer:
    """A peer whose fingerprint was compared: `url` is where its doors are."""
    node = Described(name)
    facts = node.facts()
    if url:
        facts["federation"] = f"{url}/federation/v1/"
    body = descriptor.write(**facts)
    peer = registry.invite(body, url or f"https://{node.host}", allow_private=True)
    return registry.confirm(peer, registry.fingerprint_of(peer), "ana")


def post_signed(client: Client, path: str, body: bytes, signer: SigningKey) -> object:
    """A request as `signer` sends it to this node's door at `path`."""
    url = f"http://testserver{path}"
    headers = sign_request("POST", url, body, signer, timezone.now())
    return client.post(path, body, content_type=JSON, headers=headers)
