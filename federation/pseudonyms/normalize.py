"""norm/1: one spelling for each identifier, so that equal ones have equal tokens anywhere.

Pure, and part of the protocol: a change here is another norm. README.md, "Tokens", has the rules
and tests/vectors/norm-1.json the examples. What a message says never contains the value.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable

import idna
import msgspec
import phonenumbers

from federation.errors import NotNormalizable
from federation.pseudonyms.wallets import normalize_wallet

KINDS: tuple[str, ...] = (
    "email",
    "email-canonical",
    "phone",
    "ipv4",
    "ipv4-24",
    "ipv6-64",
    "domain",
    "device",
    "payment-instrument",
    "wallet",
    "organisation",
    "prompt-band",
)
"""The kinds of tokens, in the order of the schema; tables store the index, so it never changes."""

INPUT_KINDS: tuple[str, ...] = (
    "email",
    "phone",
    "ip",
    "domain",
    "device",
    "payment-instrument",
    "wallet",
    "organisation",
)
"""The kinds of identifiers, each the source of one or two kinds of tokens."""

MAX_LENGTH = 1024
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]+$){_LABEL}", re.ASCII)
_REFUSED_IN_EMAIL = re.compile(r'[\s"(),:;<>@\[\\\]]')
_CARD_SEPARATORS = str.maketrans("", "", " -.\u00a0")
# Unassigned code points would change their form with the next edition of Unicode.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cn", "Cs"})


class Normalized(msgspec.Struct, frozen=True):
    """A value in the one spelling of its kind: what a token is made from."""

    kind: str
    value: str


class _Mailbox(msgspec.Struct, frozen=True):
    """How a provider delivers: `domain` if several are one, `ignored` characters, `+` tags."""

    domain: str = ""
    ignored: str = ""


_GMAIL = _Mailbox("gmail.com", ignored=".")
_PROTON = _Mailbox("proton.me", ignored=".-_")
_TAGS_ONLY = _Mailbox()
_MAILBOXES = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), _GMAIL),
    **dict.fromkeys(("proton.me", "protonmail.com", "pm.me"), _PROTON),
    **dict.fromkeys(
        (
            "fastmail.com",
            "fastmail.fm",
            "hotmail.com",
            "icloud.com",
            "live.com",
            "mac.com",
            "me.com",
            "msn.com",
            "outlook.com",
            "yandex.com",
            "yandex.ru",
        ),
        _TAGS_ONLY,
    ),
}


def normalize(kind: str, value: str, *, region: str | None = None) -> list[Normalized]:
    """All that tokens are made from for an identifier of one of INPUT_KINDS.

    `region` (ISO 3166-1 alpha-2) is needed for a phone number in national form. Raises
    NotNormalizable with the cure, never with the value.
    """
    rule = _RULES.get(kind)
    if rule is None:
        raise NotNormalizable(f"An identifier is of one of the kinds {', '.join(INPUT_KINDS)}.")
    if len(value) > MAX_LENGTH:
        raise NotNormalizable(f"A {kind} has at most {MAX_LENGTH} characters.")
    value = value.strip()
    if not value:
        raise NotNormalizable(f"A {kind} is empty; leave it out.")
    if not value.isascii() or not value.isprintable():
        _check_characters(kind, value)
    return rule(value, region)


def _check_characters(kind: str, value: str) -> None:
    if any(unicodedata.category(each) in _REFUSED_CATEGORIES for each in value):
        raise NotNormalizable(
            f"A {kind} contains control characters, or characters that Unicode has not assigned; "
            "remove them."
        )


def _email(value: str, region: str | None) -> list[Normalized]:
    folded = _compatible(_compatible(value).lower())
    local, _, domain = folded.rpartition("@")
    if not local or _REFUSED_IN_EMAIL.search(local):
        raise NotNormalizable(
            "An email is local@domain, without display name, quotes, comments or spaces."
        )
    if len(local) > 64:
        raise NotNormalizable("The part of an email before the @ has at most 64 characters.")
    domain = _domain_name(domain)
    canonical = _canonical_email(local, domain)
    return [Normalized("email", f"{local}@{domain}"), Normalized("email-canonical", canonical)]


def _canonical_email(local: str, domain: str) -> str:
    """The mailbox that an address reaches; elsewhere dots and pluses may tell people apart."""
    mailbox = _MAILBOXES.get(domain)
    if mailbox is None:
        return f"{local}@{domain}"
    reached = local.partition("+")[0].translate(dict.fromkeys(map(ord, mailbox.ignored)))
    # Nothing is left of an address like "+@gmail.com", which can't exist there.
    return f"{reached or local}@{mailbox.domain or domain}"


def _phone(value: str, region: str | None) -> list[Normalized]:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            raise NotNormalizable(
                "A phone number has no country code: write it as +<country code><number>, or name "
                "its region (ISO 3166, such as DE)."
            ) from None
        raise NotNormalizable("A phone is not a telephone number.") from None
    fit = phonenumbers.is_possible_number_with_reason(number)
    if fit != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise NotNormalizable("A phone number is too short or too long for its country.")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return [Normalized("phone", e164)]


def _ip(value: str, region: str | None) -> list[Normalized]:
    if "%" in value:
        raise NotNormalizable("An ip has a zone; a zone means nothing on another machine.")
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        raise NotNormalizable(
            "An ip is one IPv4 or IPv6 address: no port, no brackets, no prefix length, no "
            "leading zeros."
        ) from None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return _ipv6(address)
        address = address.ipv4_mapped
    _check_names_a_host(address)
    network = ipaddress.IPv4Network((int(address) & ~0xFF, 24))
    return [Normalized("ipv4", str(address)), Normalized("ipv4-24", str(network))]


def _ipv6(address: ipaddress.IPv6Address) -> list[Normalized]:
    _check_names_a_host(address)
    network = ipaddress.IPv6Network((int(address) >> 64 << 64, 64))
    return [Normalized("ipv6-64", str(network))]


def _check_names_a_host(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
    ):
        raise NotNormalizable(
            "An ip is unspecified, loopback, link-local or multicast: every node has it, so it "
            "tells nothing. Leave it out."
        )


def _domain(value: str, region: str | None) -> list[Normalized]:
    return [Normalized("domain", _domain_name(_compatible(value)))]


def _domain_name(value: str) -> str:
    """The A-label form, without the root's dot. ASCII names are taken as they are looked up:
    underscores and hyphens that IDNA refuses exist."""
    name = value.removesuffix(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode().removesuffix(".")
        except (idna.IDNAError, UnicodeError):
            raise NotNormalizable("A domain name is not one by IDNA (UTS 46).") from None
    name = name.lower()
    if len(name) > 253 or not _DOMAIN.fullmatch(name):
        raise NotNormalizable(
            "A domain name has two labels or more, of letters, digits and hyphens; no scheme, "
            "port or path, and no address."
        )
    return name


def _device(value: str, region: str | None) -> list[Normalized]:
    return [Normalized("device", value)]


def _payment_instrument(value: str, region: str | None) -> list[Normalized]:
    digits = value.translate(_CARD_SEPARATORS)
    if digits.isdecimal() and 12 <= len(digits) <= 19 and _passes_luhn(digits):
        raise NotNormalizable(
            "A payment-instrument looks like a card number (its check digit fits). Card numbers "
            "never leave the card zone: send the network token's reference or the PAR instead."
        )
    return [Normalized("payment-instrument", value)]


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 Annex B; digits of any script."""
    numbers = [int(digit) for digit in reversed(digits)]
    doubled = (sum(divmod(2 * number, 10)) for number in numbers[1::2])
    return (sum(numbers[::2]) + sum(doubled)) % 10 == 0


def _wallet(value: str, region: str | None) -> list[Normalized]:
    return [Normalized("wallet", normalize_wallet(value))]


def _organisation(value: str, region: str | None) -> list[Normalized]:
    folded = _compatible(_compatible(value).casefold())
    return [Normalized("organisation", " ".join(folded.split()))]


def _compatible(value: str) -> str:
    return value if value.isascii() else unicodedata.normalize("NFKC", value)


_RULES: dict[str, Callable[[str, str | None], list[Normalized]]] = {
    "email": _email,
    "phone": _phone,
    "ip": _ip,
    "domain": _domain,
    "device": _device,
    "payment-instrument": _payment_instrument,
    "wallet": _wallet,
    "organisation": _organisation,
}
