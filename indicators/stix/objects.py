"""What parsing yields: validated objects, precise problems, or a refusal of the whole."""

from dataclasses import dataclass
from datetime import datetime

from indicators.stix.markings import Tlp


@dataclass(frozen=True, slots=True)
class StixObject:
    """One valid STIX 2.1 object version; its content is `body`, the rest is read from it.

    index: position in the input, from 0.
    created, modified: aware UTC, microseconds; None where the type has none.
    version: modified, else created, else None (an SCO: whoever stores it dates it).
    tlp: the strictest TLP that the object's markings name, TLP 1 read as TLP 2.0.
    body: canonical bytes (RFC 8785). sha256: 32 bytes, of body.
    """

    index: int
    id: str
    type: str
    spec_version: str | None
    created: datetime | None
    modified: datetime | None
    version: datetime | None
    created_by_ref: str | None
    revoked: bool
    tlp: Tlp | None
    body: bytes
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the object at `index` is refused.

    id, version: as the object states them, if it does.
    pointer: RFC 6901, relative to the object. message: a sentence for its author.
    """

    index: int
    id: str | None
    version: str | None
    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """The valid objects in input order, and the problems of all others."""

    objects: list[StixObject]
    problems: list[Problem]


class UnreadableInput(Exception):
    """The input as a whole cannot be read; pointer says where (RFC 6901)."""

    def __init__(self, message: str, *, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer
