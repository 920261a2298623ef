"""Organizations that sign, for tests of what others make of it; keys come from names."""

import hashlib
from collections.abc import Mapping
from typing import Any

from federation.canonical import canonical
from federation.keys import SigningKey, thumbprint
from federation.peers.ring import KeyRing, RingKey
from federation.signing import sign_all

FORUM_LOG = "forum.example/5f9a0c3e-6a6b-4c6e-9b7e-0d7e6f3b1c22"


class Signer:
    """An organization with one key, or with the key of another number."""

    def __init__(self, name: str, number: int = 1) -> None:
        self.name = name
        serial = hashlib.sha256(name.encode()).hexdigest()[:12]
        self.identity_id = f"identity--00000000-0000-4000-8000-{serial}"
        self.key = SigningKey.from_seed(hashlib.sha256(f"{name} {number}".encode()).digest())
        self.kid = thumbprint(self.key.public_key)
        self.origin = f"{name.lower()}.example/00000000-0000-4000-8000-{serial}"

    def ring_key(self, **facts: Any) -> RingKey:
        return RingKey(self.identity_id, self.kid, self.key.public_key, **facts)

    def sign(self, value: Mapping[str, Any]) -> bytes:
        return sign_all([canonical(dict(value))], self.key)[0]

    def indicator(self, number: int = 0, **changes: Any) -> dict[str, Any]:
        """One of its objects, not signed yet; a change to None takes a property away."""
        value = {
            "type": "indicator",
            "spec_version": "2.1",
            "id": f"indicator--00000000-0000-4000-8000-{number:012d}",
            "created_by_ref": self.identity_id,
            "created": "2026-03-01T12:00:00.000Z",
            "modified": "2026-03-01T12:00:00.000Z",
            "pattern": "[domain-name:value = 'relay.example']",
            "pattern_type": "stix",
            "valid_from": "2026-03-01T12:00:00.000Z",
            **changes,
        }
        return {name: each for name, each in value.items() if each is not None}


ALDER, BIRCH, CEDAR, MALLORY = (Signer(n) for n in ("Alder", "Birch", "Cedar", "Mallory"))


def ring(*keys: RingKey) -> KeyRing:
    """These keys, or Alder's, Birch's and Mallory's."""
    return KeyRing(keys or [each.ring_key() for each in (ALDER, BIRCH, MALLORY)])
