"""What peers will see of a cluster, what became tokens, and what stays here and why."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Change = Literal["new", "changed", "revoked"]


class Going(msgspec.Struct, frozen=True):
    """An object that leaves the node; `role` says which of the cluster's objects it is."""

    role: str
    object_id: str
    type: str
    change: Change


class Withheld(msgspec.Struct, frozen=True):
    """A field that stays, by the name it has in the native schema, and the reason."""

    field: str
    reason: str


class Preview(msgspec.Struct, frozen=True):
    """`tokenized` counts tokens by kind, in the objects that go; never an identifier."""

    goes: tuple[Going, ...]
    tokenized: Mapping[str, int]
    withheld: tuple[Withheld, ...]
