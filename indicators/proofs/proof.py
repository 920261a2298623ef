"""A portable proof: one JSON file that says all that is needed to check an object. Pure.

    {"format": "retort-proof/1",
     "object": {…},                       the signed object; what is hashed is its canonical form
     "sha256": "<64 hex digits>",
     "signer": {"identity": "identity--…", "name": "…",
                "keys": [{"x": "<base64url>", "since": {"<log origin>": entries},
                          "endorsement": "<base64url>"}]},      or null: nobody signed it
     "log": {"origin": "…", "vkey": "…", "index": n, "path": ["<base64>"], "checkpoint": "<note>"},
     "witnesses": ["<vkey>"]}

`keys` is the signer's line, the first key first; each but the first is endorsed by the one before
it (`federation.endorsement`). `path` is the inclusion proof of RFC 6962; the note is a C2SP
checkpoint with its cosignatures. Nothing in the file is to be believed before `steps` looked at it.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec

from federation.canonical import JSON, MAX_DEPTH, canonical, parse
from federation.errors import FederationError, MalformedKey
from federation.keys import KEY_BYTES, SIGNATURE_BYTES, decode_base64, thumbprint
from federation.transparency.merkle import HASH_BYTES
from indicators.proofs.errors import MalformedProof

FORMAT = "retort-proof/1"
MAX_BYTES = 8 << 20
MOST_KEYS, MOST_WITNESSES, MOST_PATH = 100, 64, 64


@dataclass(frozen=True, slots=True)
class LineKey:
    """A key in its owner's line, with the word of the key before it (64 bytes; the first: none).

    `since`: {log origin: entries}, where it begins; there the key before it ends.
    """

    public_key: bytes
    since: Mapping[str, int] = field(default_factory=dict)
    endorsement: bytes = b""

    @property
    def kid(self) -> str:
        """Its RFC 7638 thumbprint, as signatures name it."""
        return thumbprint(self.public_key)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who is to have signed, and the line of its object keys."""

    identity_id: str
    name: str
    keys: tuple[LineKey, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """`body`: the object's canonical bytes. `note`: the checkpoint with all its signature lines."""

    body: bytes = field(repr=False)
    sha256: bytes
    signer: Signer | None
    origin: str
    vkey: str
    index: int
    path: tuple[bytes, ...] = field(repr=False)
    note: bytes = field(repr=False)
    witnesses: tuple[str, ...]

    @property
    def value(self) -> dict[str, JSON]:
        """The object."""
        read = parse(self.body, max_bytes=len(self.body))
        if not isinstance(read, dict):
            raise MalformedProof("What is to be proven is no JSON object.")
        return read


def write(proof: Proof) -> bytes:
    """The file: canonical JSON, the same for the same proof."""
    document: dict[str, JSON] = {
        "format": FORMAT,
        "object": parse(proof.body, max_bytes=len(proof.body)),
        "sha256": proof.sha256.hex(),
        "signer": None if proof.signer is None else _written_signer(proof.signer),
        "log": {
            "origin": proof.origin,
            "vkey": proof.vkey,
            "index": proof.index,
            "path": [base64.b64encode(each).decode() for each in proof.path],
            "checkpoint": proof.note.decode(),
        },
        "witnesses": list(proof.witnesses),
    }
    return canonical(document)


def _written_signer(signer: Signer) -> JSON:
    return {
        "identity": signer.identity_id,
        "name": signer.name,
        "keys": [
            {
                "x": _base64url(key.public_key),
                "since": dict(key.since),
                "endorsement": _base64url(key.endorsement),
            }
            for key in signer.keys
        ],
    }


def read(source: bytes) -> Proof:
    """The proof in a file: its form, and nothing more, is known to be right.

    Raises MalformedProof with the place.
    """
    try:
        document = parse(source, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH + 1)
        shaped = msgspec.convert(document, _Document)
        body = canonical(shaped.object)
    except (FederationError, msgspec.ValidationError) as error:
        raise MalformedProof(f"This is no proof of format {FORMAT}: {error}") from error
    return Proof(
        body=body,
        sha256=bytes.fromhex(shaped.sha256),
        signer=None if shaped.signer is None else _read_signer(shaped.signer),
        origin=shaped.log.origin,
        vkey=shaped.log.vkey,
        index=shaped.log.index,
        path=tuple(_read_hash(number, each) for number, each in enumerate(shaped.log.path)),
        note=shaped.log.checkpoint.encode(),
        witnesses=tuple(shaped.witnesses),
    )


_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Key(msgspec.Struct, forbid_unknown_fields=True):
    x: _Text
    since: dict[_Text, _Count]
    endorsement: Annotated[str, msgspec.Meta(max_length=100)]


class _Signer(msgspec.Struct, forbid_unknown_fields=True):
    identity: Annotated[str, msgspec.Meta(pattern="^identity--[0-9a-f-]{36}$")]
    name: _Text
    keys: Annotated[list[_Key], msgspec.Meta(min_length=1, max_length=MOST_KEYS)]


class _Log(msgspec.Struct, forbid_unknown_fields=True):
    origin: _Text
    vkey: _Text
    index: _Count
    path: Annotated[list[_Text], msgspec.Meta(max_length=MOST_PATH)]
    checkpoint: Annotated[str, msgspec.Meta(min_length=1, max_length=1 << 19)]


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    format: Literal["retort-proof/1"]
    object: dict[str, Any]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    signer: _Signer | None
    log: _Log
    witnesses: Annotated[list[_Text], msgspec.Meta(max_length=MOST_WITNESSES)]


def _read_signer(signer: _Signer) -> Signer:
    keys = [
        LineKey(
            _read_base64url(f"/signer/keys/{number}/x", key.x, KEY_BYTES),
            key.since,
            _read_base64url(f"/signer/keys/{number}/endorsement", key.endorsement, SIGNATURE_BYTES)
            if number
            else b"",
        )
        for number, key in enumerate(signer.keys)
    ]
    if signer.keys[0].endorsement:
        raise MalformedProof("/signer/keys/0/endorsement: nobody endorses the first key of a line.")
    return Signer(signer.identity, signer.name, tuple(keys))


def _read_base64url(place: str, text: str, length: int) -> bytes:
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedProof(f"{place} is not base64url.") from error
    if _base64url(decoded) != text or len(decoded) != length:
        raise MalformedProof(f"{place} is not {length} bytes in base64url without padding.")
    return decoded


def _read_hash(number: int, text: str) -> bytes:
    try:
        decoded = decode_base64(text)
    except MalformedKey as error:
        raise MalformedProof(f"/log/path/{number}: {error}") from error
    if len(decoded) != HASH_BYTES:
        raise MalformedProof(f"/log/path/{number} has {len(decoded)} bytes; SHA-256 has 32.")
    return decoded


def _base64url(source: bytes) -> str:
    return base64.urlsafe_b64encode(source).rstrip(b"=").decode()
