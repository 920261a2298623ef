"""Typed environment variables: each is read once, here, and says what it is for.

Every secret may come from a file instead (`NAME_FILE`), as container platforms mount them.
A value that can't be read stops the boot with a sentence that names the variable and the cure.
"""

import base64
import binascii
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

T = TypeVar("T")


class Misconfigured(Exception):
    """A variable is missing or unreadable; the message names it and the cure."""


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    purpose: str
    default: str


#: Every variable that was asked for, in order: what `doctor --variables` prints.
VARIABLES: list[Variable] = []


def text(name: str, default: str, purpose: str) -> str:
    VARIABLES.append(Variable(name, purpose, default))
    return os.environ.get(name, default)


def choice(name: str, default: str, allowed: tuple[str, ...], purpose: str) -> str:
    value = text(name, default, f"{purpose} ({' or '.join(allowed)})")
    if value not in allowed:
        raise Misconfigured(f"{name} is {value!r}; set it to one of: {', '.join(allowed)}.")
    return value


def whole_number(name: str, default: int, purpose: str, *, least: int = 1) -> int:
    value = _converted(name, text(name, str(default), purpose), int, "a whole number")
    if value < least:
        raise Misconfigured(f"{name} is {value}; it must be at least {least}.")
    return value


def words(name: str, default: str, purpose: str) -> list[str]:
    """A comma-separated list; empty parts are dropped."""
    return [part.strip() for part in text(name, default, purpose).split(",") if part.strip()]


def secret(name: str, purpose: str) -> str | None:
    """The secret from NAME, or from the file that NAME_FILE points to, or None."""
    VARIABLES.append(Variable(f"{name} or {name}_FILE", purpose, ""))
    direct, path = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if direct and path:
        raise Misconfigured(f"{name} and {name}_FILE are both set; keep one of them.")
    if not path:
        return direct or None
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"{name}_FILE points to {path}, which can't be read: {error}."
        ) from error


def key_bytes(name: str, value: str) -> bytes:
    """32 bytes from base64; the form in which key-encryption keys are handed over."""
    try:
        key = base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise Misconfigured(f"{name} is not base64: {error}.") from error
    if len(key) != 32:
        raise Misconfigured(
            f"{name} holds {len(key)} bytes; it must be 32, in base64"
            ' (python3 -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())").'
        )
    return key


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over; no `host`: nowhere."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False


def mail_server(name: str, value: str | None) -> MailServer:
    """From smtp://user:password@host:587 (STARTTLS; ?tls=off for none) or smtps://… (TLS)."""
    if not value:
        return MailServer()
    parts = urlsplit(value)
    query = dict(parse_qsl(parts.query))
    try:
        port = parts.port
    except ValueError as error:
        raise Misconfigured(f"{name} names no port from 1 to 65535.") from error
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or set(query) - {"tls"}:
        raise Misconfigured(f"{name} must be smtp://user:password@host:587 or smtps://….")
    tls = parts.scheme == "smtps"
    return MailServer(
        host=parts.hostname,
        port=port or (465 if tls else 587),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=not tls and query.get("tls") != "off",
        tls=tls,
    )


def _converted(name: str, value: str, convert: Callable[[str], T], kind: str) -> T:
    try:
        return convert(value)
    except ValueError as error:
        raise Misconfigured(f"{name} is {value!r}; it must be {kind}.") from error
