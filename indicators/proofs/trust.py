"""What a reader knows before it opens a proof. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from federation.peers.ring import RingKey


@dataclass(frozen=True, slots=True)
class KnownKey:
    """An object key that the reader knows, and from where.

    `pinned` says whose it is and where it begins and ends; None: the reader says it is the
    signer's.
    """

    why: str
    pinned: RingKey | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """What a reader knows before it opens the file; each with the sentence that says from where.

    `keys` by thumbprint, `logs` and `witnesses` by vkey. Of whatever is named here the proof must
    show it: another key, log or witness than the known ones is a broken step, not an open one.
    """

    keys: Mapping[str, KnownKey] = field(default_factory=dict)
    logs: Mapping[str, str] = field(default_factory=dict)
    witnesses: Mapping[str, str] = field(default_factory=dict)
    #: Witnesses that must have signed; the others may.
    needed: frozenset[str] = frozenset()
