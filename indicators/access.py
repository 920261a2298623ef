"""Who is at the door, and what they may read and write. Every door asks here, before it parses."""

import base64
import hashlib
import ipaddress
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from django.db import connection
from django.db.models import Model

from indicators.models import Collection, Credential, Grant, Member, State

_KEY_PREFIX = "retort_"
# Only the form that we publish.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ALIAS = re.compile(r"[a-z0-9-]{1,64}")
M = TypeVar("M", bound=Model)


def _columns(model: type[Model], alias: str) -> str:
    return ", ".join(f'{alias}."{each.column}"' for each in model._meta.concrete_fields)


# Both are asked at every request, where building a query with the ORM costs more than a page:
# a look-up on credential's unique digests, and one on one_grant_each.
_CREDENTIAL = (
    f"SELECT {_columns(Credential, 'c')}, {_columns(Member, 'm')} FROM indicators_credential c"
    " JOIN indicators_member m ON m.id = c.member_id WHERE "
)
_GRANT = (
    f"SELECT g.can_read, g.can_write, {_columns(Collection, 'c')} FROM indicators_grant g"
    " JOIN indicators_collection c ON c.id = g.collection_id WHERE g.member_id = %s AND "
)


class NotAuthenticated(Exception):
    """The request shows no credential, or one that opens nothing."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated program, acting for a member."""

    credential: str
    member: Member


@dataclass(frozen=True, slots=True)
class Permission:
    """What a caller may do with a collection it may know of."""

    collection: Collection
    can_read: bool
    can_write: bool


def make_credential(
    member: Member, name: str, *, expires_at: datetime | None = None
) -> tuple[Credential, str]:
    """A new API key for a member; the key itself is returned once and stored only as SHA-256."""
    key = _KEY_PREFIX + secrets.token_urlsafe(32)
    credential = Credential(
        member=member, name=name, key_sha256=_digest(key), expires_at=expires_at
    )
    credential.full_clean()
    credential.save(force_insert=True)
    return credential, key


def register_certificate(
    member: Member, name: str, certificate: bytes, *, expires_at: datetime | None = None
) -> Credential:
    """Let a client certificate (DER) stand for a member, by its SHA-256."""
    credential = Credential(
        member=member,
        name=name,
        certificate_sha256=hashlib.sha256(certificate).digest(),
        expires_at=expires_at,
    )
    credential.full_clean()
    credential.save(force_insert=True)
    return credential


def authenticate(authorization: str, certificate: bytes | None = None) -> Caller:
    """Who presents this Authorization header (Basic or Bearer), or this client certificate (DER).

    Raises NotAuthenticated with a sentence that is safe to show.
    """
    scheme, _, value = authorization.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return _by_key(value.strip(), name=None)
        case "basic":
            name, key = _basic(value.strip())
            return _by_key(key, name=name)
        case "":
            if certificate is not None:
                found = _usable("certificate_sha256", hashlib.sha256(certificate).digest())
                return Caller(found.name, found.member)
            raise NotAuthenticated("Send an API key, as HTTP Basic (name and key) or Bearer.")
    raise NotAuthenticated("Only HTTP Basic and Bearer are understood.")


def client_certificate(
    header: str | None, remote_address: str, trusted: Sequence[str]
) -> bytes | None:
    """The certificate (DER) that a trusted proxy vouches for: RFC 9440's `Client-Cert: :base64:`.

    A header from anywhere else is nobody's word and counts as absent.
    """
    if not header or not is_within(remote_address, trusted):
        return None
    if not (header.startswith(":") and header.endswith(":")):
        raise NotAuthenticated("Client-Cert is not a byte sequence (RFC 9440): :base64:.")
    try:
        return base64.b64decode(header[1:-1], validate=True)
    except ValueError as error:  # not base64, or not even ASCII
        raise NotAuthenticated("Client-Cert is not base64 (RFC 9440).") from error


def permission(member: Member, name: str) -> Permission | None:
    """The member's permission on a collection (by id or alias), None if it may not know of it."""
    if _UUID.fullmatch(name):
        # An alias in the form of an id never shadows the collection that has it.
        row = _row(_GRANT + "g.collection_id = %s", member.pk, UUID(name))
    else:
        row = _row(_GRANT + "c.alias = %s", member.pk, name) if _ALIAS.fullmatch(name) else None
    return None if row is None else Permission(_model(Collection, row[2:]), row[0], row[1])


def permissions(member: Member) -> list[Permission]:
    """Every collection that a member may know of, by id."""
    grants = Grant.objects.filter(member=member).select_related("collection")
    return [
        Permission(grant.collection, grant.can_read, grant.can_write)
        for grant in grants.order_by("collection_id")
    ]


def _by_key(key: str, name: str | None) -> Caller:
    # Found by the digest of 256 random bits: timing tells nothing about a key's neighbours.
    found = _usable("key_sha256", _digest(key))
    if name is not None and not secrets.compare_digest(name.encode(), found.name.encode()):
        raise NotAuthenticated("This key belongs to a credential of another name.")
    return Caller(found.name, found.member)


def _usable(proof: str, digest: bytes) -> Credential:
    """The credential whose column `proof` holds this digest, if it opens the door now."""
    row = _row(f"{_CREDENTIAL} c.{proof} = %s", digest)
    if row is None:
        raise NotAuthenticated("This credential is not known here.")
    found = _model(Credential, row)
    found.member = _model(Member, row[len(Credential._meta.concrete_fields) :])
    if found.revoked_at is not None:
        raise NotAuthenticated("This credential was revoked.")
    if found.expires_at is not None and found.expires_at <= datetime.now(UTC):
        raise NotAuthenticated("This credential has expired.")
    if found.member.state != State.ACTIVE:
        raise NotAuthenticated(f"This credential's member is {found.member.state}.")
    return found


def _row(statement: str, *parameters: Any) -> tuple[Any, ...] | None:
    """One row by a prepared statement: parsed and planned once a connection, not each request."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    assert isinstance(connection.connection, psycopg.Connection)  # noqa: S101 - the only engine
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        row: tuple[Any, ...] | None = cursor.execute(statement, parameters, prepare=True).fetchone()
    return row


def _model(model: type[M], columns: tuple[Any, ...]) -> M:
    """A row's model, made as Django makes it; `columns` may go on with another's."""
    names = [each.attname for each in model._meta.concrete_fields]
    return model.from_db(connection.alias, names, columns[: len(names)])


def _basic(value: str) -> tuple[str, str]:
    try:
        name, colon, key = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError as error:  # not base64, or not even ASCII, or no UTF-8 within
        raise NotAuthenticated("The Basic credential is not base64 of name:key.") from error
    if not colon:
        raise NotAuthenticated("The Basic credential is not name:key.")
    return name, key


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def is_within(remote_address: str, networks: Sequence[str]) -> bool:
    """Whether an address lies in one of the networks (CIDR)."""
    try:
        address = ipaddress.ip_address(remote_address)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)
