"""C2SP tlog-cosignature, the Ed25519 form: a witness's word on another's checkpoint. Pure.

As of its time, the checkpoint is the largest that the witness has seen of the log, and extends all
that it saw before.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from federation.errors import BadSignature, MalformedSignature, NotSigned
from federation.keys import (
    SIGNATURE_BYTES,
    SigningKey,
    check_length,
    check_name,
    key_id,
    read_vkey,
    write_vkey,
)
from federation.transparency import note
from federation.transparency.note import Signature

COSIGNATURE = b"\x04"
"""Signature type of timestamped Ed25519 cosignatures (C2SP signed-note, "Signature types")."""

_TIME_BYTES = 8
_LATEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: the name it cosigns under, and its public key."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        check_length(self.name, self.public_key)

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read `<name>+<8 hex digits>+<base64(0x04, public key)>`; the hash must fit the key."""
        return cls(*read_vkey(vkey, COSIGNATURE))

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return key_id(self.name, COSIGNATURE, self.public_key)

    @property
    def vkey(self) -> str:
        """The witness as one string, as its node's descriptor shows it."""
        return write_vkey(self.name, COSIGNATURE, self.public_key)


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A cosignature that holds: its line, newline included, and when it was made."""

    line: str
    at: datetime


def sign(text: str, name: str, key: SigningKey, now: datetime) -> str:
    """The cosignature line of a checkpoint's note text, newline included."""
    seconds = int(now.timestamp())
    signature = seconds.to_bytes(_TIME_BYTES, "big") + key.sign(_message(text, seconds))
    return Signature(name, Witness(name, key.public_key).key_id, signature).line()


def verify(text: str, lines: bytes, witness: Witness) -> Cosigned:
    """The witness's cosignature of a checkpoint's note text, among the lines that it answered.

    1. The lines are signature lines of a note (else MalformedNote).
    2. Those of other keys are ignored; a key is known by name *and* key id.
    3. There is one by the witness's key (else NotSigned), and the first of them holds:
       its form (MalformedSignature), and its signature (BadSignature).
    """
    read = note.parse(text.encode() + b"\n" + lines)
    known = (witness.name, witness.key_id)
    found = next((each for each in read.signatures if (each.name, each.key_id) == known), None)
    if read.text != text or found is None:
        raise NotSigned(f"There is no cosignature by {witness.name}+{witness.key_id.hex()}.")
    return Cosigned(found.line(), _verify_one(text, found.signature, witness))


def _verify_one(text: str, signature: bytes, witness: Witness) -> datetime:
    if len(signature) != _TIME_BYTES + SIGNATURE_BYTES:
        raise MalformedSignature(
            f"The cosignature by {witness.name} has {len(signature)} bytes; time and Ed25519 have "
            f"{_TIME_BYTES + SIGNATURE_BYTES}."
        )
    seconds = int.from_bytes(signature[:_TIME_BYTES], "big")
    if seconds > _LATEST:
        raise MalformedSignature(f"The cosignature by {witness.name} is of no time below 2**63.")
    try:
        key = Ed25519PublicKey.from_public_bytes(witness.public_key)
        key.verify(signature[_TIME_BYTES:], _message(text, seconds))
    except InvalidSignature as error:
        raise BadSignature(
            f"The cosignature by {witness.name}+{witness.key_id.hex()} does not verify: it is of "
            "another checkpoint or time, or another key made it."
        ) from error
    return _time(seconds, witness)


def _time(seconds: int, witness: Witness) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise MalformedSignature(
            f"The cosignature by {witness.name} is dated beyond the year 9999."
        ) from error


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
