"""Which kind an identifier has, told from its form alone. Pure."""

import ipaddress
import re
from typing import get_args

from indicators.detections.finding import IdentifierKind

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+[\d\s().\-/]{6,24}")
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.)+(?!\d+\.?$)[\w-]{2,63}\.?")
_WALLET = re.compile(
    r"0x[0-9a-fA-F]{40}|bc1[02-9ac-hj-np-z]{11,71}|[13][1-9A-HJ-NP-Za-km-z]{25,34}"
    r"|T[1-9A-HJ-NP-Za-km-z]{33}"
)
#: What people write beside our own names.
_OTHER_NAMES: dict[str, IdentifierKind] = {
    "e-mail": "email",
    "mail": "email",
    "telephone": "phone",
    "tel": "phone",
    "ip-address": "ip",
    "ipv4": "ip",
    "ipv6": "ip",
    "hostname": "domain",
    "device-id": "device",
    "payment": "payment-instrument",
    "card": "payment-instrument",
    "organization": "organisation",
    "org": "organisation",
}
KINDS: tuple[IdentifierKind, ...] = get_args(IdentifierKind)


def named_kind(name: str) -> IdentifierKind | None:
    """The kind that a person means by a name."""
    folded = name.strip().casefold().replace(" ", "-").replace("_", "-")
    return next((each for each in KINDS if each == folded), _OTHER_NAMES.get(folded))


def kind_of(value: str) -> IdentifierKind | None:
    """The kind of an identifier that stands alone; None if its form could be several's, or none's.

    Devices, payment instruments and organizations have no form of their own: these are named.
    """
    if _EMAIL.fullmatch(value):
        return "email"
    if _is_address(value):
        return "ip"
    if _WALLET.fullmatch(value):
        return "wallet"
    if _PHONE.fullmatch(value):
        return "phone"
    return "domain" if _DOMAIN.fullmatch(value) else None


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
