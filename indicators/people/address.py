"""Who is at the door before anybody is known: from which address, and by what name."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address of the browser: ours to see, or a trusted proxy's to say.

    `X-Forwarded-For` counts as far as TRUSTED_PROXIES wrote it: from the right, up to the first
    address that is no proxy of ours, or no address. What is left of that, anybody may have made up.
    """
    address = _address(str(request.META.get("REMOTE_ADDR", ""))) or "127.0.0.1"
    told = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    while _is_proxy(address) and told and (behind := _address(told.pop())):
        address = behind
    return address


def _is_proxy(address: str) -> bool:
    known = ipaddress.ip_address(address)
    return any(
        known in ipaddress.ip_network(each, strict=False) for each in settings.TRUSTED_PROXIES
    )


def _address(text: str) -> str:
    """In its one spelling: an address of IPv4 that came through a socket of IPv6 is one of IPv4."""
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)


def claimed_name(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """As whom somebody tries to sign in; failures are counted by it, and by the address."""
    told = (credentials or {}).get("username") or request.POST.get("login", "")
    return str(told)
