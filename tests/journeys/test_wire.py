"""The proxy keeps what crosses it, also what is packed: or searching it would prove nothing."""

import gzip
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests
import zstandard

from tests.journeys.wire import Wire, bodies, recorded

SECRET = b"ada.castro@mail.example"


class Echo(BaseHTTPRequestHandler):
    """Answers what it was sent, packed as the path says."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packing = self.path.strip("/")
        packed = {"gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress}
        self.send_response(200)
        if packing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (body[:2], body[2:]):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
            return
        if packing in packed:
            body = packed[packing](body)
            self.send_header("Content-Encoding", packing)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with recorded(server.server_port) as wire:
            yield wire
        server.shutdown()


def sent(wire: Wire, packing: str, body: bytes) -> bytes:
    """What was kept of an exchange whose request is packed already."""
    response = requests.post(f"{wire.url}/{packing}", data=body, timeout=10)
    assert response.status_code == 200
    response.close()
    return wire.content()


@pytest.mark.parametrize("packing", ["plain", "chunked"])
def test_what_is_sent_openly_is_kept(wire: Wire, packing: str) -> None:
    assert sent(wire, packing, SECRET).count(SECRET) >= 2


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_packed_answer_is_unpacked(wire: Wire, packing: str) -> None:
    assert requests.post(f"{wire.url}/{packing}", data=SECRET * 9, timeout=10).status_code == 200
    answers = b"".join(bodies(bytes(wire.conversations[0].answered)))
    assert answers == SECRET * 9


def test_a_packed_request_is_unpacked(wire: Wire) -> None:
    headers = {"Content-Encoding": "gzip"}
    body = gzip.compress(SECRET)
    requests.post(f"{wire.url}/plain", data=body, headers=headers, timeout=10)
    assert SECRET in wire.content()


def test_what_is_base64_is_decoded(wire: Wire) -> None:
    assert SECRET in sent(wire, "plain", b'{"blinded": "' + b64encode(SECRET) + b'"}')


def test_several_messages_of_one_connection_are_told_apart(wire: Wire) -> None:
    with requests.Session() as session:
        for body in (b"one", b"two", b"three"):
            session.post(f"{wire.url}/chunked", data=body, timeout=10)
    [conversation] = wire.conversations
    assert list(bodies(bytes(conversation.answered))) == [b"one", b"two", b"three"]


def test_nobody_gets_through_a_cut_wire(wire: Wire) -> None:
    wire.is_cut = True
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{wire.url}/plain", data=b"", timeout=10)
