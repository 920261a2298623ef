"""A peer's URL leads to a public address, decided once, or nowhere."""

import socket
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import AddressRefused, PeerUnavailable
from federation.peers.addresses import check, origin_of, resolve

PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::200e"]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "::7f00:1",
]
CLOSED = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001::1",
    "2001:db8::1",
    "4000::1",
    "64:ff9b:1::a00:1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
]


def names(monkeypatch: pytest.MonkeyPatch, **answers: str | list[str]) -> list[str]:
    """A name server that gives these answers, one after the other; the names it was asked."""
    asked: list[str] = []

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        found = answers[host.partition(".")[0]]
        if isinstance(found, list):
            found = found.pop(0)
        family = socket.AF_INET6 if ":" in found else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (each, port)) for each in found.split()]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_connected_to(address: str) -> None:
    check(ip_address(address), allow_private=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused, match="--allow-private"):
        check(ip_address(address), allow_private=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_may_be_allowed(address: str) -> None:
    check(ip_address(address), allow_private=True)


@pytest.mark.parametrize("allow_private", [False, True])
@pytest.mark.parametrize("address", CLOSED)
def test_what_is_no_peers_place_is_never_connected_to(address: str, allow_private: bool) -> None:
    with pytest.raises(AddressRefused, match="no peer is there"):
        check(ip_address(address), allow_private)


@given(st.ip_addresses(v=4), st.booleans())
def test_an_address_inside_another_counts_as_itself(address: Any, allow_private: bool) -> None:
    def is_refused(which: Any) -> bool:
        try:
            check(which, allow_private)
        except AddressRefused:
            return True
        return False

    inside = int(address)
    carriers = [0xFFFF << 32 | inside, 0x64FF9B << 96 | inside, 0x2002 << 112 | inside << 80]
    verdicts = {is_refused(ip_address(each.to_bytes(16))) for each in carriers}
    assert verdicts == {is_refused(address)}


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://1.2.3.4.5/",
        "https://999.1.1.1/",
        "https://example.0x1/",
    ],
)
def test_unusual_spellings_of_addresses_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        resolve(url, allow_private=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "alder.example",
        "//alder.example/",
        "ftp://alder.example/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://ana:secret@alder.example/",
        "https://alder.example:0/",
        "https://alder.example:99999/",
        "https://alder.example:x/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://alder example/",
        "https://alder.example\\@1.1.1.1/",
        "https://älder.example/",
        "https://-alder.example/",
        "https://alder..example/",
        "https://" + "a" * 64 + ".example/",
    ],
)
def test_what_is_no_url_of_a_peer_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        resolve(url, allow_private=True)


def test_a_url_without_tls_is_refused() -> None:
    with pytest.raises(AddressRefused, match="not https"):
        resolve("http://1.1.1.1/", allow_private=False)


def test_every_address_of_a_name_must_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, mallory="1.1.1.1 10.0.0.1")
    with pytest.raises(AddressRefused, match=r"leads to 10\.0\.0\.1"):
        resolve("https://mallory.example/", allow_private=False)


def test_a_name_keeps_all_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, alder="1.1.1.1 8.8.8.8 1.1.1.1")
    assert resolve("https://Alder.example./x", False).addresses == ("1.1.1.1", "8.8.8.8")


def test_a_name_that_leads_to_credentials_of_a_cloud_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names(monkeypatch, mallory="169.254.169.254")
    with pytest.raises(AddressRefused):
        resolve("https://mallory.example/", allow_private=True)


def test_a_name_that_is_not_known_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(PeerUnavailable, match="can't be resolved"):
        resolve("https://alder.example/", allow_private=False)


def test_one_place_has_one_origin() -> None:
    assert origin_of("https://Alder.example.:443/x?y") == origin_of("https://alder.example")
