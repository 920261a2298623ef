"""How this node asks a peer: what a hostile answer may cost, and where a credential goes."""

import base64
import gzip
import socket
import ssl
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from federation import node_keys
from federation.errors import AddressRefused, PeerMisbehaved, PeerUnavailable
from federation.models import NodeKey
from federation.peers import connection as connections
from federation.peers.connection import Connection
from federation.requests import verify_request

from .raw_server import RawServer, Talk, answer, answering

JSON = "application/json"


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


# --- What is asked -------------------------------------------------------------------------------


def test_a_taxii_resource_is_read() -> None:
    assert ask(answer(b'{"title":"Alder"}')) == {"title": "Alder"}


def test_the_last_answer_is_kept_as_it_came() -> None:
    with answering(answer(b'{ "a":1 }', X_Said="this")) as server, connect(server) as connection:
        connection.get(server.url)
        assert connection.last is not None
        assert (connection.last.content, connection.last.headers["X-Said"]) == (
            b'{ "a":1 }',
            "this",
        )


def test_the_credential_goes_to_the_peer() -> None:
    with answering(answer()) as server, connect(server, credential=("birch", "k")) as connection:
        connection.get(server.url)
    expected = "Basic " + base64.b64encode(b"birch:k").decode()
    assert header(server.requests[0], "Authorization") == expected


def test_the_credential_goes_nowhere_else() -> None:
    with (
        answering(answer()) as server,
        answering(answer()) as other,
        connect(server, credential=("birch", "k")) as connection,
        pytest.raises(AddressRefused, match="not where the peer lives"),
    ):
        connection.get(other.url)
    assert other.requests == []


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ana password secret\n")
    with answering(answer()) as server, answering(answer()) as proxy, connect(server) as connection:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NETRC", str(netrc))
        connection.get(server.url)
    assert proxy.requests == []
    assert header(server.requests[0], "Authorization") is None


def test_cookies_are_not_kept() -> None:
    reply = answer(Set_Cookie="tracked=yes; Path=/")
    with answering(reply) as server, connect(server) as connection:
        connection.get(server.url)
        connection.get(server.url)
    assert header(server.requests[1], "Cookie") is None


@pytest.mark.django_db
def test_a_signed_request_is_this_nodes_and_shows_no_credential() -> None:
    reply = answer(b"42", 409, "text/x.tlog.size")
    with answering(reply) as server, connect(server, credential=("birch", "k")) as connection:
        url = f"{server.url}/federation/v1/wake"
        assert connection.send_signed("POST", url, b'{"log":"x"}') == (409, b"42")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    key = node_keys.current_key(NodeKey.Purpose.REQUEST).public_key
    verify_request("POST", url, fields, body, key, datetime.now(UTC))
    assert "Authorization" not in fields


# --- Where it leads ------------------------------------------------------------------------------


def names_lead(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """A name server that gives these addresses one after the other; the names it was asked for."""
    asked: list[str] = []
    left = list(addresses)

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (left.pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_a_name_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(answer()) as server:
        asked = names_lead(monkeypatch, "127.0.0.1", "10.9.9.9", "169.254.169.254")
        url = f"http://alder.example:{server.port}/"
        with Connection([url], allow_private=True) as connection:
            connection.get(url)
            connection.get(url)
    asked_by_us = [name for name in asked if name == "alder.example"]
    assert asked_by_us == ["alder.example"]
    assert header(server.requests[1], "Host") == f"alder.example:{server.port}"


def test_loopback_is_refused_unless_allowed() -> None:
    with (
        answering(answer()) as server,
        Connection([f"https://localhost:{server.port}"]) as connection,
        pytest.raises(AddressRefused, match="--allow-private"),
    ):
        connection.get(f"https://localhost:{server.port}")
    assert server.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with answering(answer()) as other:
        reply = answer(b"", status, Location=f"{other.url}/latest/meta-data")
        with pytest.raises(PeerMisbehaved, match=r"redirects \(\d+\) to 'http"):
            ask(reply)
    assert other.requests == []


@pytest.mark.parametrize("location", ["http://169.254.169.254/latest/meta-data", "/elsewhere"])
def test_a_redirect_to_credentials_of_a_cloud_is_not_followed(location: str) -> None:
    with pytest.raises(PeerMisbehaved, match="are not followed"):
        ask(answer(b"", 302, Location=location))


def test_what_comes_with_a_redirect_is_not_inflated_either() -> None:
    bomb = answer(ZSTD_BOMB, 302, Location="/", Content_Encoding="zstd")
    assert _peak(bomb) < 80 << 20


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """A server's certificate for alder.example, and the file of who vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "alder.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("alder.example")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    trusted, secret = tmp_path / "ca.pem", tmp_path / "key.pem"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, secret)
    return context, str(trusted)


def test_tls_is_with_the_name_and_not_the_address(
    certified: tuple[ssl.SSLContext, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certified
    with answering(answer(), tls=context) as server:
        names_lead(monkeypatch, "127.0.0.1")
        url = f"https://alder.example:{server.port}/"
        with Connection([url], allow_private=True, verify=trusted) as connection:
            assert connection.get(url) == {}


def test_a_certificate_of_another_name_is_refused(
    certified: tuple[ssl.SSLContext, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certified
    with answering(answer(), tls=context) as server:
        names_lead(monkeypatch, "127.0.0.1")
        url = f"https://mallory.example:{server.port}/"
        with (
            Connection([url], allow_private=True, verify=trusted) as connection,
            pytest.raises(PeerUnavailable, match=r"[Hh]ostname mismatch"),
        ):
            connection.get(url)


# --- How much, and how long ----------------------------------------------------------------------

_ZEROS = bytes(1 << 20)


def _zstd_bomb(mebibytes: int) -> bytes:
    squeezed = zstandard.ZstdCompressor(level=3).compressobj()
    return b"".join(squeezed.compress(_ZEROS) for _ in range(mebibytes)) + squeezed.flush()


def _gzip_bomb(mebibytes: int) -> bytes:
    squeezed = zlib.compressobj(9, wbits=31)
    return b"".join(squeezed.compress(_ZEROS) for _ in range(mebibytes)) + squeezed.flush()


ZSTD_BOMB, GZIP_BOMB = _zstd_bomb(1024), _gzip_bomb(256)
BOMBS = {"zstd": ZSTD_BOMB, "gzip": GZIP_BOMB}


def _peak(reply: bytes) -> int:
    """The memory that it takes to refuse an answer."""
    tracemalloc.start()
    try:
        with pytest.raises(PeerMisbehaved):
            read(reply, most=1 << 20)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory(coding: str) -> None:
    assert _peak(answer(BOMBS[coding], Content_Encoding=coding)) < 16 << 20


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_is_called_what_it_is(coding: str) -> None:
    with pytest.raises(PeerMisbehaved, match="more than 1000 bytes"):
        read(answer(BOMBS[coding], Content_Encoding=coding))


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


# --- What is read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"not json",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":9007199254740993}',
        b'{"a":1e999}',
        b'{"a":"\\ud800"}',
        b'{"a":' + b"9" * 100_000 + b"}",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
    ],
)
def test_only_strict_json_objects_are_read(body: bytes) -> None:
    with pytest.raises(PeerMisbehaved):
        ask(answer(body))


@pytest.mark.parametrize("media", ["application/json", "text/html", "", "application/taxii+json"])
def test_only_taxii_is_read(media: str) -> None:
    with pytest.raises(PeerMisbehaved, match="not with TAXII"):
        ask(answer(media=media))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "peer credential"),
        (403, "ask its operator for a grant"),
        (404, "shows this node nothing"),
        (408, "answers 408"),
        (429, "answers 429"),
        (500, "answers 500"),
        (503, "answers 503"),
    ],
)
def test_a_status_that_may_pass_is_waited_for(status: int, words: str) -> None:
    with pytest.raises(PeerUnavailable, match=words):
        ask(answer(b"<html>", status, "text/html"))


@pytest.mark.parametrize("status", [204, 206, 400, 406, 413, 416, 418])
def test_any_other_status_is_no_answer(status: int) -> None:
    with pytest.raises(PeerMisbehaved, match=str(status)):
        ask(answer(b"", status))


def test_what_a_peer_says_of_its_refusal_is_shown_harmless() -> None:
    with pytest.raises(PeerMisbehaved) as refusal:
        ask(answer(b"\x1b[2J\x00" + b"x" * 5000, 400))
    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 500


def _http_date(seconds: int) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        ("7", range(7, 8)),
        ("0", range(1, 2)),
        ("-5", range(30, 31)),
        ("soon", range(30, 31)),
        ("999999999999", range(30, 31)),
        ("99999999", range(86_400, 86_401)),
        ("in ten minutes", range(400, 601)),
        ("ten minutes ago", range(1, 2)),
        ("Mon, 99 Foo 2026 00:00:00 GMT", range(30, 31)),
    ],
)
def test_a_wait_that_is_asked_for_is_kept_within_reason(asked: str, waits: range) -> None:
    asked = {"in ten minutes": _http_date(600), "ten minutes ago": _http_date(-600)}.get(
        asked, asked
    )
    with pytest.raises(PeerUnavailable) as refusal:
        ask(answer(b"", 503, Retry_After=asked))
    assert refusal.value.retry_after in waits


@pytest.fixture(autouse=True)
def _few_threads() -> Iterator[None]:
    """No deadline outlives its request."""
    import threading

    before = threading.active_count()
    yield
    deadline = time.monotonic() + 2
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
