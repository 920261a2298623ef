"""What a witness is sent: the body of `add-checkpoint` (C2SP tlog-witness). Pure."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from federation.errors import MalformedCheckpoint, MalformedKey, MalformedRequest
from federation.keys import decode_base64
from federation.transparency.checkpoint import parse_size
from federation.transparency.merkle import HASH_BYTES

MAX_PROOF = 63
"""Hashes of a consistency proof, as the specification allows them."""

_OLD = re.compile(r"old ([0-9]{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint's note, and the proof (RFC 6962 §2.1.2) that it extends the one of `old`."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes


def write(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """The old size, the proof a hash a line, an empty line, the checkpoint."""
    lines = [f"old {old}", *(base64.b64encode(each).decode() for each in proof)]
    return "".join(f"{line}\n" for line in lines).encode() + b"\n" + note


def parse(body: bytes) -> Submission:
    """Read what `write` wrote; of the note nothing is known yet. Raises MalformedRequest."""
    head, blank, note = body.partition(b"\n\n")
    if not blank or not head.isascii():
        raise MalformedRequest("The body has no empty line between its proof and its checkpoint.")
    first, *proof = head.decode().split("\n")
    if len(proof) > MAX_PROOF:
        raise MalformedRequest(f"A consistency proof has at most {MAX_PROOF} hashes.")
    return Submission(_parse_old(first), tuple(_parse_hash(line) for line in proof), note)


def _parse_old(line: str) -> int:
    found = _OLD.fullmatch(line)
    try:
        return parse_size(found[1] if found else "")
    except MalformedCheckpoint as error:
        raise MalformedRequest(
            f"The first line is {line[:40]!r}; it reads: old <size of the last checkpoint>."
        ) from error


def _parse_hash(line: str) -> bytes:
    try:
        decoded = decode_base64(line)
    except MalformedKey as error:
        raise MalformedRequest(f"A line of the proof: {error}") from error
    if len(decoded) != HASH_BYTES:
        raise MalformedRequest(f"A hash of the proof has {len(decoded)} bytes; SHA-256 has 32.")
    return decoded
