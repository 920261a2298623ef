"""What a node says of itself, as words of this package; `descriptor` reads and writes it. Pure."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from federation.keys import Verifier, thumbprint

Use = Literal["object", "request"]
USES: tuple[Use, ...] = ("object", "request")


@dataclass(frozen=True, slots=True)
class Key:
    """A public key (32 bytes, Ed25519) of a node, current while `until` is None.

    `since` and `until`: {log origin: entries}, where it begins and ends. All but the first key of
    a use are endorsed by the one before (64 bytes; see `endorsement`), named by its kid.
    """

    use: Use
    public_key: bytes
    created: datetime
    since: Mapping[str, int]
    until: Mapping[str, int] | None = None
    endorsed_by: str = ""
    endorsement: bytes = b""

    @property
    def kid(self) -> str:
        """Its RFC 7638 thumbprint."""
        return thumbprint(self.public_key)

    @property
    def x(self) -> str:
        """The public key as a JWK has it (RFC 8037): base64url without padding."""
        return base64.urlsafe_b64encode(self.public_key).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class DescribedLog:
    """A collection's log: who may ask for the collection, and whether all in it is signed."""

    collection: UUID
    origin: str
    vkey: str
    signatures_required: bool
    audience: str

    @property
    def verifier(self) -> Verifier:
        """The log's key under its name, which is the origin."""
        return Verifier.parse(self.vkey)


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A public key by which tokens of one kind are made in one epoch."""

    kind: str
    epoch: int
    public_key: bytes


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Where the group's tokens are made, with the log that lists its keys."""

    url: str
    group: str
    keys: tuple[TokenKey, ...]
    origin: str
    vkey: str


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A node's description of itself: consistent and signed by `current("object")`, as read.

    Whether that is the key of who it says to be, only a pin or a person can tell. `identity`:
    canonical bytes of the signed STIX object. `witness`: the vkey of its cosignatures, or "".
    `taxii`, `federation`: absolute URLs that end in a slash.
    """

    issued: datetime
    identity_id: str
    name: str
    identity: bytes
    keys: tuple[Key, ...]
    logs: tuple[DescribedLog, ...]
    taxii: str
    federation: str
    witness: str
    keyholder: KeyHolder | None
    body: bytes

    def of_use(self, use: Use) -> Iterator[Key]:
        """Every key of a use, retired ones too."""
        return (key for key in self.keys if key.use == use)

    def current(self, use: Use) -> Key:
        """The one key of a use that has not ended."""
        [key] = (key for key in self.of_use(use) if key.until is None)
        return key
