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
from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest

from federation import nonces
from federation.errors import FederationError
from federation.requests import LIFETIME, verify_request
from indicators.models import Collection, Credential, Detector, Grant, Member, Scope, State

_KEY_PREFIX = "retort_"
_KEY = re.compile(rf"{_KEY_PREFIX}[A-Za-z0-9_-]{{43}}")
# Only the form that we publish.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ALIAS = re.compile(r"[a-z0-9-]{1,64}")
M = TypeVar("M", bound=Model)


def _columns(model: type[Model], alias: str) -> str:
    return ", ".join(f'{alias}."{each.column}"' for each in model._meta.concrete_fields)


# Both are asked at every request, where building a query with the ORM costs more than a page:
# a look-up on credential's unique digests, and one on one_grant_each.
_CREDENTIAL = (
    "SELECT c.id, c.name, ARRAY(SELECT jsonb_array_elements_text(c.scopes)), c.detector_id,"
    f" c.public_key, c.must_sign, c.revoked_at, c.expires_at, {_columns(Member, 'm')}"
    " FROM indicators_credential c JOIN indicators_member m ON m.id = c.member_id WHERE "
)
_GRANT = (
    f"SELECT g.can_read, g.can_write, {_columns(Collection, 'c')} FROM indicators_grant g"
    " JOIN indicators_collection c ON c.id = g.collection_id WHERE g.member_id = %s AND "
)


class NotAuthenticated(Exception):
    """The request shows no credential, or one that opens nothing."""


class WeakKey(Exception):
    """What was given as an API key is not one."""


class OutsideScope(NotAuthenticated):
    """The credential is known, and opens other doors than this one."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated program, acting for a member and perhaps speaking for a detector.

    `credential` is its name. `public_key` (32 bytes, Ed25519) is of those who may or must sign.
    """

    credential_id: UUID
    credential: str
    member: Member
    scopes: frozenset[str]
    detector_id: UUID | None = None
    public_key: bytes | None = None
    must_sign: bool = False


@dataclass(frozen=True, slots=True)
class Permission:
    """What a caller may do with a collection it may know of."""

    collection: Collection
    can_read: bool
    can_write: bool


def fresh_key() -> str:
    """An API key: 256 random bits."""
    return _KEY_PREFIX + secrets.token_urlsafe(32)


def make_credential(
    member: Member,
    name: str,
    *,
    scopes: Sequence[str] = (Scope.FEED,),
    detector: Detector | None = None,
    public_key: bytes | None = None,
    must_sign: bool = False,
    expires_at: datetime | None = None,
    key: str | None = None,
) -> tuple[Credential, str]:
    """A new API key for a member; the key itself is returned once and stored only as SHA-256.

    `key` is one that `fresh_key` made elsewhere; raises WeakKey if it does not look like one.
    """
    if key is not None and not _KEY.fullmatch(key):
        raise WeakKey(
            f"An API key is {_KEY_PREFIX!r} and 43 random letters, digits, - and _; leave it out to"
            " have one made."
        )
    key = key or fresh_key()
    credential = Credential(
        member=member,
        name=name,
        key_sha256=_digest(key),
        scopes=list(scopes),
        detector=detector,
        public_key=public_key,
        must_sign=must_sign,
        expires_at=expires_at,
    )
    return _stored(credential), key


def register_certificate(
    member: Member,
    name: str,
    certificate: bytes,
    *,
    scopes: Sequence[str] = (Scope.FEED,),
    detector: Detector | None = None,
    expires_at: datetime | None = None,
) -> Credential:
    """Let a client certificate (DER) stand for a member, by its SHA-256."""
    return _stored(
        Credential(
            member=member,
            name=name,
            certificate_sha256=hashlib.sha256(certificate).digest(),
            scopes=list(scopes),
            detector=detector,
            expires_at=expires_at,
        )
    )


def _stored(credential: Credential) -> Credential:
    credential.full_clean()
    credential.save(force_insert=True)
    return credential


def identify(request: HttpRequest, scope: Scope) -> Caller:
    """The caller, by API key or by the certificate that a trusted proxy saw, if its scope allows.

    Raises NotAuthenticated, OutsideScope. The body is not looked at: see `verify_signed`.
    """
    certificate = client_certificate(
        request.headers.get("Client-Cert"),
        request.META.get("REMOTE_ADDR", ""),
        settings.TRUSTED_PROXIES,
    )
    caller = authenticate(request.headers.get("Authorization", ""), certificate, scope=scope)
    request.credential_name = caller.credential  # type: ignore[attr-defined]
    return caller


def authenticate(
    authorization: str, certificate: bytes | None = None, *, scope: Scope = Scope.FEED
) -> Caller:
    """Who presents this Authorization header (Basic or Bearer), or this client certificate (DER).

    Raises NotAuthenticated with a sentence that is safe to show; OutsideScope if the credential
    is good, but not for this door.
    """
    caller = _known(authorization, certificate)
    if scope not in caller.scopes:
        raise OutsideScope(
            f"This credential is for {', '.join(sorted(caller.scopes))}, not for {scope}; ask for"
            " one that is."
        )
    return caller


def _known(authorization: str, certificate: bytes | None) -> Caller:
    scheme, _, value = authorization.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return _by_key(value.strip(), name=None)
        case "basic":
            name, key = _basic(value.strip())
            return _by_key(key, name=name)
        case "":
            if certificate is not None:
                return _usable("certificate_sha256", hashlib.sha256(certificate).digest())
            raise NotAuthenticated("Send an API key, as HTTP Basic (name and key) or Bearer.")
    raise NotAuthenticated("Only HTTP Basic and Bearer are understood.")


def verify_signed(request: HttpRequest, caller: Caller, body: bytes) -> None:
    """Verify the request's signature (RFC 9421) if it has one or its credential must sign.

    `body` as it came over the wire. To be called before anything is done, outside a transaction:
    the nonce is used up. Raises NotAuthenticated.
    """
    is_signed = "HTTP_SIGNATURE" in request.META or "HTTP_SIGNATURE_INPUT" in request.META
    if not (is_signed or caller.must_sign):
        return
    if caller.public_key is None:
        raise NotAuthenticated(
            "This credential has no public key to verify a signature with; an administrator"
            " registers one with it."
        )
    now = datetime.now(UTC)
    url = request.build_absolute_uri()
    try:
        signer = verify_request(
            request.method or "", url, request.headers, body, caller.public_key, now
        )
        nonces.remember(signer.key_id, signer.nonce, now + LIFETIME)
    except FederationError as error:
        raise NotAuthenticated(str(error)) from error


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
    if name is not None and not secrets.compare_digest(name.encode(), found.credential.encode()):
        raise NotAuthenticated("This key belongs to a credential of another name.")
    return found


def _usable(proof: str, digest: bytes) -> Caller:
    """The owner of the credential whose column `proof` holds this digest, if it is good now."""
    row = _row(f"{_CREDENTIAL} c.{proof} = %s", digest)
    if row is None:
        raise NotAuthenticated("This credential is not known here.")
    pk, name, scopes, detector, public_key, must_sign, revoked_at, expires_at, *columns = row
    if revoked_at is not None:
        raise NotAuthenticated("This credential was revoked.")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise NotAuthenticated("This credential has expired.")
    member = _model(Member, tuple(columns))
    if member.state != State.ACTIVE:
        raise NotAuthenticated(f"This credential's member is {member.state}.")
    return Caller(pk, name, member, frozenset(scopes), detector, public_key, must_sign)


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
