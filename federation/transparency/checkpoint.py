"""C2SP checkpoints: a log's origin, size and root, as the text of a signed note."""

import base64
import re
from dataclasses import dataclass

from federation.errors import MalformedCheckpoint, MalformedKey, WrongOrigin
from federation.keys import SigningKey, Verifier, decode_base64
from federation.transparency import note
from federation.transparency.merkle import HASH_BYTES

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
MAX_SIZE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits to: `size` entries under `root` (32 bytes).

    Extension lines are kept because they are signed; we write none (C2SP advises against them).
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The note text that is signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode())
        return "".join(f"{line}\n" for line in (*lines, *self.extensions))


def parse(text: str) -> Checkpoint:
    """Read a note text; each size and root has one spelling. Raises MalformedCheckpoint."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "":
        raise MalformedCheckpoint("A checkpoint has three lines: origin, size and root.")
    if not all(lines):
        raise MalformedCheckpoint("A checkpoint has no empty lines.")
    origin, size, root, *extensions = lines
    return Checkpoint(origin, parse_size(size), _parse_root(root), tuple(extensions))


def parse_size(text: str) -> int:
    """A tree size: ASCII decimal without sign or leading zero, below 2**63."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise MalformedCheckpoint(f"Tree size {text[:40]!r} is not a plain decimal below 2**63.")
    return int(text)


def _parse_root(text: str) -> bytes:
    try:
        root = decode_base64(text)
    except MalformedKey as error:
        raise MalformedCheckpoint(f"The root hash: {error}") from error
    if len(root) != HASH_BYTES:
        raise MalformedCheckpoint(f"The root hash has {len(root)} bytes; SHA-256 has 32.")
    return root


def sign(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """The checkpoint as a note signed under the log's origin."""
    return note.sign(checkpoint.text(), checkpoint.origin, key)


def verify(source: bytes, origin: str, verifier: Verifier) -> Checkpoint:
    """Return the checkpoint of log `origin` that `verifier` signed.

    1. The note is well-formed and signed by the verifier's key (`note.verify`).
    2. Its text is a checkpoint (else MalformedCheckpoint).
    3. It is of this log (else WrongOrigin): one node key may sign for several logs.
    """
    checkpoint = parse(note.verify(source, verifier).text)
    if checkpoint.origin != origin:
        raise WrongOrigin(
            f"The checkpoint is of log {checkpoint.origin!r}; {origin!r} was asked for."
        )
    return checkpoint
