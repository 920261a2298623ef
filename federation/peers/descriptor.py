"""Node descriptors, `/.well-known/retort.json`: written, and read by whoever meets them. Pure.

What `read` returns is one node's own word, consistent in itself. Whether it is the node that was
pinned, `pinning.accept` says; nothing of a description counts before.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

import msgspec

from federation import endorsement, signing
from federation.canonical import JSON, canonical, parse
from federation.errors import FederationError, MalformedDescriptor, WrongSigner
from federation.keys import KEY_BYTES, SigningKey, Verifier, decode_base64, thumbprint
from federation.peers import shapes
from federation.peers.described import (
    USES,
    DescribedLog,
    Descriptor,
    Key,
    KeyHolder,
    TokenKey,
)
from federation.transparency.cosignature import Witness

FORMAT = "retort-node/1"
JWS_TYPE = "retort-node+jws"
MAX_BYTES = 1024 * 1024


def write(
    *,
    issued: datetime,
    identity: bytes,
    keys: Sequence[Key],
    logs: Sequence[DescribedLog],
    taxii: str,
    federation: str,
    signer: SigningKey,
    witness: str = "",
    keyholder: KeyHolder | None = None,
) -> bytes:
    """The descriptor's canonical bytes, signed by `signer`, the current object key.

    `identity`: canonical bytes of the STIX identity, signed by one of the object keys. What is
    written can be read: raises MalformedDescriptor otherwise.
    """
    document: dict[str, JSON] = {
        "format": FORMAT,
        "issued": shapes.stamp(issued),
        "identity": parse(identity, max_bytes=MAX_BYTES),
        "keys": [shapes.written_key(key) for key in keys],
        "logs": [shapes.written_log(each) for each in logs],
        "taxii": taxii,
        "federation": federation,
    }
    if witness:
        document["witness"] = witness
    if keyholder is not None:
        document["keyholder"] = shapes.written_keyholder(keyholder)
    document["jws"] = signing.sign_detached(canonical(document), signer, JWS_TYPE)
    return read(canonical(document)).body


def read(body: bytes) -> Descriptor:
    """A node's description, if it is consistent and its own word.

    1. The bytes are strict, canonical JSON of the format's shape.
    2. Each use has one line of keys, from its first to its current one, each key endorsed by the
       one before it and beginning where that one ends.
    3. The current object key signed the document.
    4. One of the object keys signed the identity.
    5. Logs are named by their vkeys, each once; URLs are http or https.

    Raises MalformedDescriptor with the place.
    """
    document, node = _shaped(body)
    identity_id, name = _identity_named(node.identity)
    keys = tuple(_key(index, each) for index, each in enumerate(node.keys))
    for use in USES:
        _check_line(identity_id, use, [key for key in keys if key.use == use])
    _check_signature(node.jws, document, keys)
    return Descriptor(
        issued=node.issued.astimezone(UTC),
        identity_id=identity_id,
        name=name,
        identity=_verified_identity(node.identity, keys),
        keys=keys,
        logs=_logs(node.logs),
        taxii=_folder("taxii", node.taxii),
        federation=_folder("federation", node.federation),
        witness=_checked_witness(node.witness),
        keyholder=None if node.keyholder is None else _keyholder(node.keyholder),
        body=body,
    )


def _shaped(body: bytes) -> tuple[dict[str, JSON], shapes.Node]:
    try:
        document = parse(body, max_bytes=MAX_BYTES)
        node = msgspec.convert(document, shapes.Node)
    except (FederationError, msgspec.ValidationError) as error:
        raise MalformedDescriptor(f"This is no descriptor of format {FORMAT}: {error}") from error
    if not isinstance(document, dict) or canonical(document) != body:
        _refuse("the document", "it is not in canonical form (RFC 8785).")
    return document, node


def _identity_named(identity: Mapping[str, Any]) -> tuple[str, str]:
    try:
        found = msgspec.convert(identity, shapes.Identity)
    except msgspec.ValidationError as error:
        raise MalformedDescriptor(f"identity: {error}.") from error
    # It is shown to people, in terminals too.
    if not found.name.isprintable():
        _refuse("identity.name", "it has characters that can't be shown.")
    return found.id, found.name


def _key(index: int, each: shapes.Key) -> Key:
    place = f"keys[{index}]"
    public_key = _decoded(f"{place}.x", each.x, KEY_BYTES)
    if thumbprint(public_key) != each.kid:
        _refuse(f"{place}.kid", "it is not the thumbprint (RFC 7638) of x.")
    if bool(each.endorsed_by) != bool(each.endorsement):
        _refuse(place, "endorsed_by and endorsement come together.")
    signature = _decoded(f"{place}.endorsement", each.endorsement, 64) if each.endorsement else b""
    created = each.created.astimezone(UTC)
    return Key(each.use, public_key, created, each.since, each.until, each.endorsed_by, signature)


def _check_line(identity_id: str, use: str, keys: Sequence[Key]) -> None:
    """Back from the current key to the first: every key of the use is met, and met once."""
    by_kid = {key.kid: key for key in keys}
    current = [key for key in keys if key.until is None]
    if len(by_kid) != len(keys) or len(current) != 1:
        _refuse("keys", f"there is one current key of use {use}, and each key is listed once.")
    [key] = current
    met = {key.kid}
    while key.endorsed_by:
        before = by_kid.get(key.endorsed_by)
        if before is None or before.kid in met:
            _refuse(f"key {key.kid}", "no other key of its use, before it, endorsed it.")
        _check_succession(identity_id, before, key)
        met.add(before.kid)
        key = before
    if len(met) != len(keys):
        _refuse("keys", f"the keys of use {use} are not one line, each endorsed by the last.")


def _check_succession(identity_id: str, before: Key, key: Key) -> None:
    if before.until != key.since:
        _refuse(f"key {key.kid}", "it does not begin where the key before it ends.")
    if any(size < before.since.get(origin, 0) for origin, size in key.since.items()):
        _refuse(f"key {before.kid}", "it ends before it begins.")
    try:
        endorsement.verify(
            key.endorsement,
            before.public_key,
            key.public_key,
            identity_id=identity_id,
            use=key.use,
            since=key.since,
        )
    except FederationError as error:
        raise MalformedDescriptor(f"key {key.kid}: {error}") from error


def _check_signature(jws: str, document: Mapping[str, JSON], keys: Sequence[Key]) -> None:
    payload = canonical({name: value for name, value in document.items() if name != "jws"})
    [signer] = [key for key in keys if key.use == "object" and key.until is None]
    try:
        signing.verify_detached(jws, payload, signer.public_key, JWS_TYPE)
    except FederationError as error:
        raise MalformedDescriptor(f"jws: {error}") from error


def _verified_identity(identity: dict[str, JSON], keys: Sequence[Key]) -> bytes:
    """Its bytes: published once, it keeps the signature of the key that was current then."""
    body = canonical(identity)
    if not any(_is_by(body, key) for key in keys if key.use == "object"):
        _refuse("identity", "none of the object keys signed it.")
    return body


def _is_by(body: bytes, key: Key) -> bool:
    """Whether it names this key as its signer; then the signature must hold."""
    try:
        signing.verify(body, key.public_key)
    except WrongSigner:
        return False
    except FederationError as error:
        raise MalformedDescriptor(f"identity: {error}") from error
    return True


def _logs(listed: Sequence[shapes.Log]) -> tuple[DescribedLog, ...]:
    for index, each in enumerate(listed):
        _check_vkey(f"logs[{index}]", each.origin, each.vkey)
    if len({each.origin for each in listed}) != len(listed):
        _refuse("logs", "an origin is listed twice.")
    if len({each.collection for each in listed}) != len(listed):
        _refuse("logs", "a collection is listed twice.")
    return tuple(
        DescribedLog(
            each.collection, each.origin, each.vkey, each.signatures == "required", each.audience
        )
        for each in listed
    )


def _check_vkey(place: str, origin: str, vkey: str) -> None:
    try:
        verifier = Verifier.parse(vkey)
    except FederationError as error:
        raise MalformedDescriptor(f"{place}.vkey: {error}") from error
    if verifier.name != origin:
        _refuse(f"{place}.vkey", f"its name {verifier.name!r} is not the origin {origin!r}.")


def _keyholder(holder: shapes.KeyHolder) -> KeyHolder:
    _check_vkey("keyholder.log", holder.log.origin, holder.log.vkey)
    url = _checked_url("keyholder.url", holder.url)
    keys = tuple(
        TokenKey(key.kind, key.epoch, _token_key(index, key.public_key))
        for index, key in enumerate(holder.keys)
    )
    if len({(key.kind, key.epoch) for key in keys}) != len(keys):
        _refuse("keyholder.keys", "a kind has one key in an epoch.")
    return KeyHolder(url, holder.group, keys, holder.log.origin, holder.log.vkey)


def _token_key(index: int, text: str) -> bytes:
    try:
        decoded = decode_base64(text)
    except FederationError as error:
        raise MalformedDescriptor(f"keyholder.keys[{index}].public_key: {error}") from error
    if len(decoded) != KEY_BYTES:
        _refuse(f"keyholder.keys[{index}].public_key", "it has 32 bytes.")
    return decoded


def _checked_witness(vkey: str) -> str:
    try:
        return vkey and Witness.parse(vkey).vkey
    except FederationError as error:
        raise MalformedDescriptor(f"witness: {error}") from error


def _folder(place: str, url: str) -> str:
    if not url.endswith("/"):
        _refuse(place, "it does not end in a slash.")
    return _checked_url(place, url)


def _checked_url(place: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if (
        not usable
        or parts.scheme not in ("http", "https")
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
        or not all("!" <= character <= "~" for character in url)
    ):
        _refuse(place, "it is no http or https URL without user name, query and fragment.")
    return url


def _decoded(place: str, text: str, length: int) -> bytes:
    """Base64url without padding, in its one spelling."""
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        decoded = b""
    if len(decoded) != length or shapes.base64url(decoded) != text:
        _refuse(place, f"it is not {length} bytes in base64url without padding.")
    return decoded


def _refuse(place: str, reason: str) -> NoReturn:
    raise MalformedDescriptor(f"{place}: {reason}")
