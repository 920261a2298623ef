"""The key ring: whose key a `kid` is, as this node pinned it. Pure.

The binding of an identity to its keys comes from here alone, never from a message.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from federation.errors import NotPinned


@dataclass(frozen=True, slots=True)
class RingKey:
    """An object key and its owner. `may_sign`: new objects are taken from the owner now.

    `since` and `until`: {log origin: entries}, where its owner says that the key begins and ends.
    """

    identity_id: str
    kid: str
    public_key: bytes
    since: Mapping[str, int] = field(default_factory=dict)
    until: Mapping[str, int] | None = None
    may_sign: bool = True

    def is_valid_at(self, origin: str, place: int) -> bool:
        """Whether it is the owner's key for entry `place` (from 0) of the owner's log `origin`.

        A log that `since` does not name is younger than the key; one that `until` does not name
        began after the key had ended.
        """
        if place < self.since.get(origin, 0):
            return False
        return self.until is None or place < self.until.get(origin, 0)


class KeyRing:
    """Every object key that this node knows, retired ones and those of former members too."""

    def __init__(self, keys: Iterable[RingKey]) -> None:
        self._by_kid: dict[str, RingKey] = {}
        self._by_owner: dict[str, list[RingKey]] = {}
        for key in keys:
            if key.kid in self._by_kid:
                raise NotPinned(
                    f"Key {key.kid} is pinned for {self._by_kid[key.kid].identity_id} and for"
                    f" {key.identity_id}; ask both which of them holds it."
                )
            self._by_kid[key.kid] = key
            self._by_owner.setdefault(key.identity_id, []).append(key)

    def find(self, kid: str) -> RingKey | None:
        """The key of that thumbprint, None if nobody's is known here."""
        return self._by_kid.get(kid)

    def owner_keys(self, identity_id: str) -> tuple[RingKey, ...]:
        """Every key of an organization, () if none is known."""
        return tuple(self._by_owner.get(identity_id, ()))

    def knows(self, identity_id: str) -> bool:
        """Whether this organization signs what it makes: its objects must carry a signature."""
        return identity_id in self._by_owner
