"""C2SP signed notes: a text, a blank line, and lines `— <name> <base64(key id, signature)>`."""

import base64
from dataclasses import dataclass

from federation.errors import MalformedKey, MalformedNote, NotSigned
from federation.keys import SigningKey, Verifier, check_name, decode_base64

MAX_BYTES = 512 * 1024
MAX_SIGNATURES = 64
"""The specification asks readers to take at least 16, each of up to about 5 kB."""

_DASH = "\N{EM DASH} "
_KEY_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who says to have signed, with which key (4 bytes), and the signature."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """The line as it stands in the note, newline included."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A well-formed note. Its text means nothing until `verify` returned it."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """The note's bytes."""
        return (self.text + "\n" + "".join(s.line() for s in self.signatures)).encode()


def parse(source: bytes) -> Note:
    """Read a note without trusting it; raises MalformedNote."""
    decoded = _decode(source)
    text, blank, lines = decoded.rpartition("\n\n")
    if not blank:
        raise MalformedNote("The note has no blank line between its text and its signatures.")
    if not lines.endswith("\n"):
        raise MalformedNote("The note does not end with a signature line and a newline.")
    signature_lines = lines[:-1].split("\n")
    if len(signature_lines) > MAX_SIGNATURES:
        raise MalformedNote(f"The note has more than {MAX_SIGNATURES} signatures.")
    return Note(text + "\n", tuple(_parse_signature(line) for line in signature_lines))


def _decode(source: bytes) -> str:
    if len(source) > MAX_BYTES:
        raise MalformedNote(f"The note has more than {MAX_BYTES} bytes.")
    try:
        decoded = source.decode()
    except UnicodeDecodeError as error:
        raise MalformedNote(f"The note is not UTF-8 at byte {error.start}.") from error
    if any(c < " " and c != "\n" for c in decoded):
        raise MalformedNote("The note has a control character other than newline.")
    return decoded


def _parse_signature(line: str) -> Signature:
    if not line.startswith(_DASH):
        raise MalformedNote(f"Signature line {line[:80]!r} does not begin with an em dash.")
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        check_name(name)
        decoded = decode_base64(encoded)
    except MalformedKey as error:
        raise MalformedNote(f"Signature line {line[:80]!r}: {error}") from error
    if not space or len(decoded) <= _KEY_ID_BYTES:
        raise MalformedNote(f"Signature line {line[:80]!r} has no signature.")
    return Signature(name, decoded[:_KEY_ID_BYTES], decoded[_KEY_ID_BYTES:])


def sign(text: str, name: str, key: SigningKey) -> bytes:
    """A note of `text` (which ends with a newline) with one Ed25519 signature under `name`."""
    if not text.endswith("\n"):
        raise MalformedNote("The text of a note ends with a newline.")
    if any(c < " " and c != "\n" for c in text):
        raise MalformedNote("The text of a note has no control character other than newline.")
    key_id = Verifier(name, key.public_key).key_id
    return Note(text, (Signature(name, key_id, key.sign(text.encode())),)).encode()


def verify(source: bytes, verifier: Verifier) -> Note:
    """Read a note and return it once the verifier's key is known to have signed it.

    1. The bytes are a well-formed note (else MalformedNote).
    2. Signatures by other keys are ignored; a key is known by name *and* key id.
    3. There is one by the verifier's key (else NotSigned), and all of them hold (BadSignature).
    """
    note = parse(source)
    known = [
        signature.signature
        for signature in note.signatures
        if (signature.name, signature.key_id) == (verifier.name, verifier.key_id)
    ]
    if not known:
        raise NotSigned(
            f"The note carries no signature by {verifier.name}+{verifier.key_id.hex()}."
        )
    for signature in known:
        verifier.verify(note.text.encode(), signature)
    return note
