"""Where this node connects to for a peer: one decision for a name, and no way around it.

A name is resolved once and connected to as it was resolved, so that a second answer of the name
server (rebinding) is never asked for; every address that it has must be allowed. The name stays
what TLS, SNI and the Host header are about.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from federation.errors import AddressRefused, PeerUnavailable

Address = IPv4Address | IPv6Address

RETRY_AFTER = 30
_PORTS = {"http": 80, "https": 443}
# What the administrator may allow. Everything else that is not public stays closed: link-local
# above all, where clouds keep their credentials (169.254.169.254).
_PRIVATE = [
    ip_network(each)
    for each in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
    )
]
# Addresses of IPv6 that carry one of IPv4, and where it begins, in bits from the left.
_CARRIERS: list[tuple[IPv6Network, int]] = [
    (IPv6Network("::ffff:0:0/96"), 96),  # mapped
    (IPv6Network("::/96"), 96),  # compatible, long deprecated
    (IPv6Network("64:ff9b::/96"), 96),  # NAT64
    (IPv6Network("2002::/16"), 16),  # 6to4
]
# Public by some registries, and yet no place for a peer: tunnels, translation, protocols' own.
_CLOSED = [
    ip_network(each)
    for each in (
        "64:ff9b:1::/48",
        "2001::/23",
        "192.0.0.0/24",
        "192.88.99.0/24",
    )
]
_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that was ever given out to hosts (RFC 4291 §2.4)."""
_KEPT_HANDLES = 4
_LOOKS_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a URL leads: all addresses of its host, each of which is allowed."""

    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]


def check(address: Address, allow_private: bool) -> None:
    """Raise AddressRefused unless this node may connect there. Pure."""
    if isinstance(address, IPv6Address) and (carried := _carried(address)) is not None:
        check(carried, allow_private)
        return
    if any(address in network for network in _PRIVATE):
        if allow_private:
            return
        raise AddressRefused(
            f"{address} is a loopback or private address. If the peer really is there, add it with "
            "--allow-private."
        )
    if not _is_public(address):
        raise AddressRefused(
            f"{address} is not a public address of one host (link-local, multicast, reserved or a "
            "tunnel); no peer is there."
        )


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    closed = any(address in network for network in _CLOSED)
    return address.is_global and not closed and not address.is_multicast


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in (IPv6Address("::"), IPv6Address("::1")):
        return None
    for network, start in _CARRIERS:
        if address in network:
            return IPv4Address((int(address) >> (96 - start)) & 0xFFFFFFFF)
    return None


def resolve(url: str, allow_private: bool) -> Destination:
    """Ask the name server, once. Raises AddressRefused, PeerUnavailable."""
    scheme, host, port = origin_of(url)
    if scheme != "https" and not allow_private:
        raise AddressRefused(f"{_shown(url)} is not https; peers are reached through TLS.")
    addresses = _look_up(host, port)
    for address in addresses:
        try:
            check(address, allow_private)
        except AddressRefused as error:
            raise AddressRefused(f"{_shown(url)} leads to {address}: {error}") from error
    return Destination(scheme, host, port, tuple(str(address) for address in addresses))


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host in lower case and port of an absolute URL, or AddressRefused."""
    parts = _split(url)
    port = parts.port or _PORTS[parts.scheme]
    host = (parts.hostname or "").rstrip(".")
    _check_host(url, host)
    return parts.scheme, host, port


def _split(url: str) -> SplitResult:
    if not url.isascii() or any(not "!" <= each <= "~" or each in '\\"<>^`{|}' for each in url):
        raise AddressRefused(f"{_shown(url)} has characters that no URL has; percent-encode them.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused(f"{_shown(url)} is no URL: {error}.") from error
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise AddressRefused(f"{_shown(url)} is not an absolute http or https URL.")
    if "@" in parts.netloc:
        raise AddressRefused("A URL with a user name is not taken; give the credential beside it.")
    return parts


def _check_host(url: str, host: str) -> None:
    """A name, or an address in its usual form: not 2130706433, 0x7f.1 or 0177.0.0.1, which only
    some programs read as addresses, and none with a zone.
    """
    last = host.rpartition(".")[2]
    if ":" in host or _LOOKS_NUMERIC.fullmatch(last):
        try:
            usual = "%" not in host and ip_address(host)
        except ValueError:
            usual = False
        if not usual:
            raise AddressRefused(f"{_shown(url)} does not spell an address in its usual form.")
    elif len(host) > 253 or not _NAME.fullmatch(host):
        raise AddressRefused(f"{_shown(url)} names no host.")


def _look_up(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PeerUnavailable(
            f"The name {host} can't be resolved ({error}); the work waits.", RETRY_AFTER
        ) from error
    # A scope (fe80::1%eth0) is cut off: what has one is link-local, and refused.
    return list(dict.fromkeys(ip_address(str(each[4][0]).partition("%")[0]) for each in found))


def _shown(url: str) -> str:
    return repr(url[:200])


class PinnedAdapter(HTTPAdapter):
    """Connects to the addresses that `resolve` found for a host, and to no other.

    `abort` ends everything that is under way, from any thread: how a deadline is kept against
    somebody who sends a byte now and then.
    """

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._destinations: dict[tuple[str, int], Destination] = {}
        self._sockets: list[socket.socket] = []
        super().__init__(max_retries=0)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self)

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        url = request.url or ""
        _, host, port = origin_of(url)
        if (host, port) not in self._destinations:
            self._destinations[host, port] = resolve(url, self._allow_private)
        elif not url.startswith("https:") and not self._allow_private:
            raise AddressRefused(f"{_shown(url)} is not https; peers are reached through TLS.")
        return super().send(request, *args, **kwargs)

    def connect(self, connection: HTTPConnection) -> socket.socket:
        """A socket to the host of `connection`, by the addresses that were checked."""
        destination = self._destinations[connection.host.strip("[]").rstrip("."), connection.port]
        opened = _connect(connection, destination)
        # A second handle, for `abort`: TLS takes the first one over.
        self._sockets.append(opened.dup())
        while len(self._sockets) > _KEPT_HANDLES:  # one caller: what is older is not in use
            self._sockets.pop(0).close()
        return opened

    def abort(self) -> None:
        """Shut down every connection; whoever reads from one sees its end."""
        for each in list(self._sockets):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed by the other side

    def close(self) -> None:
        super().close()
        while self._sockets:
            self._sockets.pop().close()


def _connect(connection: HTTPConnection, destination: Destination) -> socket.socket:
    failure: OSError = OSError("no address")
    for address in destination.addresses:
        try:
            return _open(connection, address, destination.port)
        except TimeoutError as error:
            raise ConnectTimeoutError(connection, f"{address} does not answer") from error
        except OSError as error:
            failure = error
    raise NewConnectionError(connection, f"Failed to connect: {failure}") from failure


def _open(connection: HTTPConnection, address: str, port: int) -> socket.socket:
    """By the address itself: nothing that could ask for a name again."""
    opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        for option in connection.socket_options or ():
            opened.setsockopt(*option)
        limit = connection.timeout
        opened.settimeout(limit if isinstance(limit, int | float) else None)
        opened.connect((address, port))
    except BaseException:
        opened.close()
        raise
    return opened


def _pool_classes(adapter: PinnedAdapter) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return adapter.connect(self)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return adapter.connect(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
