"""Ed25519 keys: signing, named verifiers, sealing at rest and thumbprints (RFC 8032, RFC 7638)."""

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from federation.errors import BadSignature, KeyNotOpened, MalformedKey

KEY_BYTES = 32
SIGNATURE_BYTES = 64
ED25519 = b"\x01"
"""Signature type of plain Ed25519 notes (C2SP signed-note, "Signature types")."""

_NONCE_BYTES = 12


def check_name(name: str) -> str:
    """Return `name` if it may name a key: not empty; no space, plus or control character."""
    if not name:
        raise MalformedKey("A key name is empty; C2SP signed notes need one.")
    if any(c == "+" or c.isspace() or ord(c) < 0x20 for c in name):
        raise MalformedKey(f"Key name {name!r} has a space, a plus or a control character.")
    return name


def decode_base64(text: str) -> bytes:
    """Decode standard base64 in its one canonical spelling (RFC 4648 §4, §3.5).

    Raises MalformedKey for other characters, missing padding or stray trailing bits.
    """
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedKey(f"{text[:80]!r} is not base64.") from error
    if base64.b64encode(decoded).decode() != text:
        raise MalformedKey(f"{text[:80]!r} is not canonical base64.")
    return decoded


def thumbprint(public_key: bytes) -> str:
    """RFC 7638 thumbprint of an Ed25519 key (RFC 8037 §2): the `kid` of object signatures."""
    x = base64.urlsafe_b64encode(public_key).rstrip(b"=").decode()
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    digest = hashlib.sha256(jwk.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def key_id(name: str, kind: bytes, public_key: bytes) -> bytes:
    """SHA-256(name, newline, type, public key)[:4] (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public_key).digest()[:4]


def write_vkey(name: str, kind: bytes, public_key: bytes) -> str:
    """`<name>+<8 hex digits>+<base64(type, public key)>`: a key as one string."""
    encoded = base64.b64encode(kind + public_key).decode()
    return f"{name}+{key_id(name, kind, public_key).hex()}+{encoded}"


def read_vkey(vkey: str, kind: bytes) -> tuple[str, bytes]:
    """Name and public key of a vkey of signature type `kind`; the key id must fit.

    Raises MalformedKey.
    """
    name, plus, rest = vkey.partition("+")
    shown, second, encoded = rest.partition("+")
    if not (plus and second):
        raise MalformedKey("A verifier key reads <name>+<key id>+<base64>.")
    decoded = decode_base64(encoded)
    if decoded[:1] != kind:
        said = "Ed25519" if kind == ED25519 else "a witness's"
        raise MalformedKey(f"The verifier key of {name!r} is not {said} (type 0x{kind.hex()}).")
    check_name(name)
    check_length(name, decoded[1:])
    if key_id(name, kind, decoded[1:]).hex() != shown:
        raise MalformedKey(f"The key id {shown!r} of {name} does not belong to its key.")
    return name, decoded[1:]


def check_length(name: str, public_key: bytes) -> None:
    """Raise MalformedKey unless a public key has the 32 bytes of Ed25519."""
    if len(public_key) != KEY_BYTES:
        raise MalformedKey(f"The public key of {name} has {len(public_key)} bytes; Ed25519 has 32.")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and the name it signs notes under (C2SP signed-note)."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        check_length(self.name, self.public_key)

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read `<name>+<8 hex digits>+<base64(type, public key)>`; the hash must fit the key."""
        return cls(*read_vkey(vkey, ED25519))

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return key_id(self.name, ED25519, self.public_key)

    @property
    def vkey(self) -> str:
        """The verifier as one string, to be compared and pinned by readers."""
        return write_vkey(self.name, ED25519, self.public_key)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Raise BadSignature unless `signature` (64 bytes) is this key's over `message`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature as error:
            raise BadSignature(
                f"The signature by {self.name}+{self.key_id.hex()} does not verify: the text was "
                "altered, or another key signed it."
            ) from error


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 private key in memory; it leaves memory only sealed."""

    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A fresh key from the system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """The key of a 32-byte RFC 8032 seed; raises MalformedKey for another length."""
        if len(seed) != KEY_BYTES:
            raise MalformedKey(f"An Ed25519 seed has 32 bytes, not {len(seed)}.")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def open(cls, sealed: bytes, kek: bytes, *, purpose: str, public_key: bytes) -> Self:
        """Decrypt what `seal` returned; raises KeyNotOpened for any other key, purpose or bytes."""
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            seed = _cipher(kek).decrypt(nonce, ciphertext, _bound_to(purpose, public_key))
        except (InvalidTag, ValueError) as error:
            raise KeyNotOpened(
                f"The node's {purpose} key {thumbprint(public_key)} cannot be opened: the "
                "key-encryption key is not the one it was sealed with. Restore that key file."
            ) from error
        return cls.from_seed(seed)

    @property
    def public_key(self) -> bytes:
        """The 32-byte public key."""
        return self.private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte deterministic signature of RFC 8032."""
        return self.private.sign(message)

    def seal(self, kek: bytes, *, purpose: str) -> bytes:
        """Encrypt the seed for storage: nonce (12 bytes), then AES-256-GCM ciphertext and tag.

        Purpose and public key are authenticated, so a sealed key can't be moved to another row.
        """
        nonce = os.urandom(_NONCE_BYTES)
        bound = _bound_to(purpose, self.public_key)
        return nonce + _cipher(kek).encrypt(nonce, self.private.private_bytes_raw(), bound)


def _cipher(kek: bytes) -> AESGCM:
    if len(kek) != KEY_BYTES:
        raise MalformedKey(f"The key-encryption key has {len(kek)} bytes; AES-256 needs 32.")
    return AESGCM(kek)


def _bound_to(purpose: str, public_key: bytes) -> bytes:
    return b"retort/node-key/1\0" + purpose.encode() + b"\0" + public_key
