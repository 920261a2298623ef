"""What goes over the wire between members and key-holder; byte strings are standard base64."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from federation.pseudonyms.voprf import ELEMENT_BYTES

Time = Annotated[datetime, Meta(tz=True)]
Epoch = Annotated[int, Meta(ge=1, le=2**31 - 1)]
PublicKey = Annotated[bytes, Meta(min_length=ELEMENT_BYTES, max_length=ELEMENT_BYTES)]


class ListedKey(msgspec.Struct, frozen=True):
    """A public token key. All but the two times at the end is in the log."""

    kind: str
    epoch: Epoch
    public_key: PublicKey
    not_before: Time
    not_after: Time
    dropped_at: Time


class KeyLog(msgspec.Struct, frozen=True):
    """The log whose entries are the keys listed: its newest checkpoint is a C2SP note."""

    origin: str
    vkey: str
    checkpoint: str


class KeyList(msgspec.Struct, frozen=True):
    """`GET keys`: every key there ever was, in the order of the log."""

    group: str
    log: KeyLog
    keys: list[ListedKey]


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST evaluate`: 1 to 1,000 blinded elements."""

    kind: str
    epoch: Epoch
    elements: list[bytes]


class Evaluated(msgspec.Struct, frozen=True):
    """Its answer: the evaluated elements in order, and one proof for all."""

    elements: list[bytes]
    proof: bytes
