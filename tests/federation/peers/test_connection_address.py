"""Where a connection of this node leads: to the peer that was meant, and nowhere else."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from federation.errors import AddressRefused, PeerMisbehaved, PeerUnavailable
from federation.peers.connection import Connection
from tests.federation.peers.connecting import ask, header
from tests.federation.peers.raw_server import answer, answering

pytestmark = pytest.mark.usefixtures("few_threads")


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
