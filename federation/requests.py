"""Signed requests: HTTP message signatures (RFC 9421) in the one form that we make and accept.

Exactly three components are covered, in any order: the method, the target URI and a digest of the
body (RFC 9530); and exactly four parameters: created, nonce, keyid, alg. Whoever sends less, more,
or a second signature is refused: the verifier decides what is covered, not the sender. Pure.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from federation.errors import (
    BadSignature,
    MalformedSignature,
    NotSigned,
    SignatureExpired,
    SigningRefused,
    WrongSigner,
)
from federation.keys import SIGNATURE_BYTES, SigningKey, thumbprint

MAX_AGE = timedelta(seconds=300)
MAX_SKEW = timedelta(seconds=30)
"""How far ahead of the verifier's clock a sender's may be."""
LIFETIME = MAX_AGE + MAX_SKEW
"""From now on, how long a request that passes now can pass again: so long a nonce is remembered."""

_COMPONENTS = ("@method", "@target-uri", "content-digest")
_PARAMETERS = {"created", "nonce", "keyid", "alg"}
_DIGESTS: dict[str, Callable[[bytes], Any]] = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
_PORTS = {"http": 80, "https": 443}

# Only the canonical serialization of RFC 8941 is read, so that what is read is what was signed.
_INPUT = re.compile(
    r"([a-z*][a-z0-9_.*-]{0,63})="
    r'(\(((?:"[!#-\[\]-~]{1,64}" ?)*+)\)'
    r'((?:;[a-z*][a-z0-9_.*-]*+=(?:"[ !#-\[\]-~]*+"|[0-9]{1,15}))*+))',
    re.ASCII,
)
_PARAMETER = re.compile(r";([a-z*][a-z0-9_.*-]*+)=(\"[ !#-\[\]-~]*+\"|[0-9]{1,15})", re.ASCII)
_BYTES = re.compile(r"([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/]*+={0,2}):", re.ASCII)
_NONCE = re.compile(r"[A-Za-z0-9+/=_.~-]{16,64}", re.ASCII)


class Signer(NamedTuple):
    """What a verified request says of itself: the thumbprint of its key, and its nonce."""

    key_id: str
    nonce: str


def sign_request(
    method: str, url: str, body: bytes, key: SigningKey, now: datetime
) -> dict[str, str]:
    """The headers to add to a request: Content-Digest, Signature-Input, Signature.

    `url` is the one the receiver will see. Raises SigningRefused if it has no such form.
    """
    digest = f"sha-256=:{_base64(hashlib.sha256(body).digest())}:"
    covered = " ".join(f'"{name}"' for name in _COMPONENTS)
    parameters = (
        f'({covered});created={int(now.timestamp())};nonce="{secrets.token_urlsafe(16)}"'
        f';keyid="{thumbprint(key.public_key)}";alg="ed25519"'
    )
    values = _values(method, url, digest)
    base = signature_base([(name, values[name]) for name in _COMPONENTS], parameters)
    return {
        "Content-Digest": digest,
        "Signature-Input": f"sig1={parameters}",
        "Signature": f"sig1=:{_base64(key.sign(base))}:",
    }


def named_key(headers: Mapping[str, str]) -> str:
    """The thumbprint of the key that a request says to be signed by, for whoever knows several.

    Nothing is verified yet. Raises NotSigned, MalformedSignature.
    """
    fields = {name.lower(): value.strip(" \t") for name, value in headers.items()}
    return _read(fields)[2]["keyid"]


def verify_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    public_key: bytes,
    now: datetime,
) -> Signer:
    """Who signed this request, if it is the owner of `public_key`; names of headers in any case.

    1. There is one signature, of exactly our form.
    2. It names this key and is at most 300 s old.
    3. The body has the digest that is covered.
    4. The signature is this key's over method, URL, digest and its own parameters.

    That its nonce is new is for `nonces.remember` to say. Raises NotSigned, MalformedSignature,
    WrongSigner, SignatureExpired, BadSignature.
    """
    fields = {name.lower(): value.strip(" \t") for name, value in headers.items()}
    signed, covered, parameters, signature = _read(fields)
    _check_signer(parameters["keyid"], public_key)
    _check_age(int(parameters["created"]), now)
    digest = _field(fields, "content-digest")
    _check_digest(digest, body)
    values = _values(method, url, digest)
    base = signature_base([(name, values[name]) for name in covered], signed)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, base)
    except InvalidSignature as error:
        raise BadSignature(
            f"The request's signature by {parameters['keyid']} does not verify: method, URL, body "
            "or signature parameters differ from what was signed."
        ) from error
    return Signer(parameters["keyid"], parameters["nonce"])


def signature_base(components: Iterable[tuple[str, str]], parameters: str) -> bytes:
    """What a signature is over (RFC 9421 §2.5): a line a component, its own parameters last."""
    lines = [f'"{name}": {value}' for name, value in components]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode("ascii")


def _read(fields: Mapping[str, str]) -> tuple[str, list[str], dict[str, str], bytes]:
    """The signature's parameters as written, its components, its parameters read, its bytes."""
    found = _INPUT.fullmatch(_field(fields, "signature-input"))
    if found is None:
        raise MalformedSignature(
            "Signature-Input is not one signature in the canonical form of RFC 8941: "
            'label=("@method" "@target-uri" "content-digest");created=…;nonce="…";keyid="…"'
            ';alg="ed25519".'
        )
    label, signed, names, written = found.groups()
    covered = names.replace('"', "").split(" ")
    if sorted(covered) != sorted(_COMPONENTS):
        raise MalformedSignature(
            f"The signature covers other components than {', '.join(_COMPONENTS)}, each once."
        )
    return signed, covered, _parameters(written), _signature(fields, label)


def _parameters(written: str) -> dict[str, str]:
    pairs = _PARAMETER.findall(written)
    read = {name: value.strip('"') for name, value in pairs}
    if read.keys() != _PARAMETERS or len(pairs) != len(_PARAMETERS):
        raise MalformedSignature(
            "The signature's parameters are created, nonce, keyid and alg, each once, no others."
        )
    is_text = {name: value.startswith('"') for name, value in pairs}
    if is_text != {"created": False, "nonce": True, "keyid": True, "alg": True}:
        raise MalformedSignature("created is a whole number, nonce, keyid and alg are strings.")
    if read["alg"] != "ed25519":
        raise MalformedSignature("The signature names another algorithm than ed25519.")
    if not _NONCE.fullmatch(read["nonce"]):
        raise MalformedSignature("The nonce is not 16 to 64 characters as base64 or hex has them.")
    return read


def _signature(fields: Mapping[str, str], label: str) -> bytes:
    found = _BYTES.fullmatch(_field(fields, "signature"))
    if found is None or found[1] != label:
        raise MalformedSignature(
            "Signature is not one byte sequence under the label of Signature-Input: label=:base64:."
        )
    signature = _decode(found[2], "Signature")
    if len(signature) != SIGNATURE_BYTES:
        raise MalformedSignature(f"The signature has {len(signature)} bytes; Ed25519 makes 64.")
    return signature


def _check_signer(key_id: str, public_key: bytes) -> None:
    if key_id != thumbprint(public_key):
        raise WrongSigner(
            f"The request is not signed by the registered key {thumbprint(public_key)} "
            "(RFC 7638 thumbprint in keyid)."
        )


def _check_age(created: int, now: datetime) -> None:
    age = now.timestamp() - created
    if age > MAX_AGE.total_seconds():
        raise SignatureExpired(
            f"The signature is {int(age)} s old where {int(MAX_AGE.total_seconds())} s are "
            "allowed; sign each request when you send it."
        )
    if age < -MAX_SKEW.total_seconds():
        raise SignatureExpired(
            f"The signature is dated {int(-age)} s in the future; set the sender's clock."
        )


def _check_digest(written: str, body: bytes) -> None:
    """Every digest that is named must be the body's; one is enough, an unknown one too many."""
    named = [_BYTES.fullmatch(member) for member in re.split(r", ?", written)]
    for member in named:
        if member is None or member[1] not in _DIGESTS:
            raise MalformedSignature(
                "Content-Digest is not sha-256=:base64: or sha-512 (RFC 9530)."
            )
        if _decode(member[2], "Content-Digest") != _DIGESTS[member[1]](body).digest():
            raise BadSignature("The body is not the one that Content-Digest was made of.")


def _values(method: str, url: str, digest: str) -> dict[str, str]:
    return {"@method": method, "@target-uri": _target(url), "content-digest": digest}


def _target(url: str) -> str:
    """The URL as both ends write it: host in lower case, no default port, a path."""
    if not url.isascii() or any(not "!" <= character <= "~" for character in url):
        raise SigningRefused("The request's URL has characters that must be percent-encoded.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SigningRefused("The request's URL is none.") from error
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or "#" in url:
        raise SigningRefused(
            "The request's URL must be absolute, http or https, without user name and fragment."
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"
    query = f"?{parts.query}" if "?" in url else ""
    return f"{parts.scheme}://{place}{parts.path or '/'}{query}"


def _field(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name)
    if value is None:
        raise NotSigned(
            f"The request has no {name} header; sign it (RFC 9421) with your registered key."
        )
    return value


def _decode(text: str, what: str) -> bytes:
    """Base64 in its one canonical spelling."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedSignature(f"{what} is not base64.") from error
    if _base64(decoded) != text:
        raise MalformedSignature(f"{what} is not canonical base64.")
    return decoded


def _base64(source: bytes) -> str:
    return base64.b64encode(source).decode()
