"""Origin signatures: a detached JWS (RFC 7515 Appendix F) inside each STIX object.

The signature travels in the property-extension `origin-signature`; what it covers is the canonical
object without that extension. There is one algorithm and one header for a key, so a header is
compared and never obeyed. Pure.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from federation.canonical import JSON, MalformedJSON, canonical, parse
from federation.errors import (
    BadSignature,
    MalformedSignature,
    NotSigned,
    SigningRefused,
    WrongSigner,
)
from federation.keys import SIGNATURE_BYTES, SigningKey, thumbprint

EXTENSION = "extension-definition--4f14e45b-cb04-4bb9-aa0a-09a96b755622"
"""The id of the extension-definition `origin-signature`."""

_ALGORITHM, _TYPE = "Ed25519", "stix+jws"
_MOST_HEADER = 256
"""Twice what the one header of a key has; others are not even read."""
_KID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)

Properties = dict[str, JSON]


def sign_all(bodies: Sequence[bytes], key: SigningKey) -> list[bytes]:
    """The canonical signed bytes of each object, given as canonical unsigned bytes; in order.

    Raises SigningRefused for what is signed already, is not canonical or is no object.
    """
    header = _header(key.public_key, _TYPE)
    return [_signed(index, body, header, key) for index, body in enumerate(bodies)]


def _signed(index: int, body: bytes, header: bytes, key: SigningKey) -> bytes:
    value = _unsigned_object(index, body)
    jws = header + b".." + _base64url(key.sign(_signing_input(header, body)))
    extensions = cast(Properties, value.setdefault("extensions", {}))
    extensions[EXTENSION] = {"extension_type": "property-extension", "jws": jws.decode()}
    return canonical(value)


def _unsigned_object(index: int, body: bytes) -> Properties:
    try:
        value: JSON = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SigningRefused(f"Object {index} of the batch is not JSON; sign objects.") from error
    # A signature over other bytes than a reader will compute is worth nothing.
    if not isinstance(value, dict) or canonical(value) != body:
        raise SigningRefused(
            f"Object {index} of the batch is not a canonical JSON object (RFC 8785); "
            "pass it through `canonical` first."
        )
    extensions = value.get("extensions")
    if extensions is not None and (not isinstance(extensions, dict) or not extensions):
        raise SigningRefused(
            f"Object {index} of the batch has extensions that are no filled object; leave them out."
        )
    if extensions and EXTENSION in extensions:
        raise SigningRefused(f"Object {index} of the batch is signed already; sign what it signs.")
    return value


def verify(body: bytes, public_key: bytes) -> bytes:
    """The canonical bytes that the owner of `public_key` signed, out of a signed object's bytes.

    1. The body is strict, canonical JSON.
    2. It carries an origin signature of exactly our form.
    3. The protected header is the one header of this key: no other algorithm, type or parameter.
    4. The signature is this key's over the object without the extension.

    Raises MalformedJSON, NotSigned, MalformedSignature, WrongSigner, BadSignature.
    """
    value = _canonical_object(body)
    jws = _take_signature(value)
    payload = canonical(value)
    verify_detached(jws, payload, public_key, _TYPE)
    return payload


@dataclass(frozen=True, slots=True)
class Claim:
    """What an object says of its signer, and what that key is to have signed (canonical bytes).

    Nothing is known before `verify_claim` has returned.
    """

    kid: str
    payload: bytes
    jws: str


def read_claim(value: Properties) -> Claim:
    """The claim of an object that came out of `parse`; the value stays as it is.

    For readers who know the signer only from the claim and look its key up in their own registry.
    Raises NotSigned, MalformedSignature.
    """
    rest = dict(value)
    if isinstance(extensions := rest.get("extensions"), dict):
        rest["extensions"] = dict(extensions)
    jws = _take_signature(rest)
    header = jws.partition(".")[0]
    if len(header) > _MOST_HEADER:
        raise MalformedSignature("The protected header of the jws holds more than alg, kid, typ.")
    return Claim(_claimed_kid(header), canonical(rest), jws)


def verify_claim(claim: Claim, public_key: bytes) -> bytes:
    """The bytes that the owner of `public_key` signed: steps 3 and 4 of `verify`."""
    verify_detached(claim.jws, claim.payload, public_key, _TYPE)
    return claim.payload


def sign_detached(payload: bytes, key: SigningKey, kind: str) -> str:
    """A detached JWS of media type `kind` over canonical bytes."""
    header = _header(key.public_key, kind)
    return (header + b".." + _base64url(key.sign(_signing_input(header, payload)))).decode()


def verify_detached(jws: str, payload: bytes, public_key: bytes, kind: str) -> None:
    """Steps 3 and 4 of `verify`, for what is signed beside the object and of another type."""
    header, signature = _split(jws)
    if header != _header(public_key, kind):
        _refuse_header(header, public_key, kind)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            signature, _signing_input(header, payload)
        )
    except InvalidSignature as error:
        raise BadSignature(
            f"The origin signature by {thumbprint(public_key)} does not verify: the object was "
            "altered, or another key signed it."
        ) from error


def _canonical_object(body: bytes) -> Properties:
    value = parse(body, max_bytes=len(body))
    if not isinstance(value, dict):
        raise NotSigned("The document is no JSON object, so nothing in it is signed.")
    if canonical(value) != body:
        raise MalformedJSON(
            "The object is not in canonical form (RFC 8785); a relay must pass on the origin's "
            "bytes untouched."
        )
    return value


def _take_signature(value: Properties) -> str:
    """Remove the extension entry, and `extensions` with it if nothing else is in there."""
    extensions = value.get("extensions")
    if not isinstance(extensions, dict) or EXTENSION not in extensions:
        raise NotSigned("The object carries no origin signature; its origin must sign it.")
    entry = extensions.pop(EXTENSION)
    if not extensions:
        del value["extensions"]
    if (
        not isinstance(entry, dict)
        or entry.keys() != {"extension_type", "jws"}
        or entry["extension_type"] != "property-extension"
        or not isinstance(entry["jws"], str)
    ):
        raise MalformedSignature(
            "An origin signature holds extension_type property-extension and a jws, nothing else."
        )
    return entry["jws"]


def _split(jws: str) -> tuple[bytes, bytes]:
    """The protected header as written, and the 64 bytes of the signature."""
    header, dots, encoded = jws.partition("..")
    if not dots or "." in encoded or not jws.isascii():
        raise MalformedSignature("The jws is not detached: it reads <header>..<signature>.")
    signature = _decode(encoded, "signature")
    if len(signature) != SIGNATURE_BYTES:
        raise MalformedSignature(
            f"The jws has a signature of {len(signature)} bytes; Ed25519 makes 64."
        )
    return header.encode(), signature


@lru_cache(maxsize=1024)
def _claimed_kid(header: str) -> str:
    """The key that a protected header names; that it is that key's own header is checked later."""
    source = _decode(header, "protected header")
    try:
        value = parse(source, max_bytes=len(source))
    except MalformedJSON as error:
        raise MalformedSignature(f"The protected header of the jws is no JSON: {error}") from error
    kid = value.get("kid") if isinstance(value, dict) else None
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise MalformedSignature("The protected header of the jws names no key by its thumbprint.")
    return kid


def _refuse_header(header: bytes, public_key: bytes, kind: str) -> None:
    """Say what is wrong with a header that is not this key's; it always raises."""
    source = _decode(header.decode(), "protected header")
    value = parse(source, max_bytes=len(source))
    if not isinstance(value, dict):
        raise MalformedSignature("The protected header of the jws is no JSON object.")
    if value.get("alg") != _ALGORITHM:
        raise MalformedSignature(f"The jws names another algorithm than {_ALGORITHM}.")
    if value.get("typ") != kind:
        raise MalformedSignature(f"The jws is of another type than {kind}.")
    if value.keys() != {"alg", "kid", "typ"}:
        raise MalformedSignature("The protected header of the jws is not exactly alg, kid and typ.")
    if value["kid"] != thumbprint(public_key):
        raise WrongSigner(
            f"The object names another key than {thumbprint(public_key)} as its signer; "
            "look up the origin's key in your own registry."
        )
    raise MalformedSignature("The protected header of the jws is not in canonical form.")


@lru_cache(maxsize=1024)
def _header(public_key: bytes, kind: str) -> bytes:
    """The one protected header of a key, in base64url."""
    return _base64url(canonical({"alg": _ALGORITHM, "kid": thumbprint(public_key), "typ": kind}))


def _signing_input(header: bytes, payload: bytes) -> bytes:
    return header + b"." + _base64url(payload)


def _base64url(source: bytes) -> bytes:
    return base64.urlsafe_b64encode(source).rstrip(b"=")


def _decode(text: str, what: str) -> bytes:
    """Base64url without padding, in its one canonical spelling (RFC 7515 §2)."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedSignature(f"The {what} of the jws is not base64url.") from error
    if _base64url(decoded).decode() != text:
        raise MalformedSignature(f"The {what} of the jws is not canonical base64url.")
    return decoded
