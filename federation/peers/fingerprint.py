"""Fingerprints of keys for people: short enough to read out, long enough to rely on. Pure.

160 bits of SHA-256: who wants another node's fingerprint must try 2^160 keys. What is compared are
the keys in use when the peer is added; every later key is vouched for by the one before it.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable

from federation.peers.described import Key

BITS = 160
_GROUP = 4


def fingerprint(keys: Iterable[Key]) -> str:
    """Eight groups of four characters (base32, RFC 4648), over the keys that have not ended."""
    lines = sorted(f"{key.use} {key.kid}\n" for key in keys if key.until is None)
    digest = hashlib.sha256(b"retort/fingerprint/1\n" + "".join(lines).encode()).digest()
    text = base64.b32encode(digest[: BITS // 8]).decode()
    return " ".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def same(one: str, other: str) -> bool:
    """Whether two people hold the same one, however they write case, spaces and dashes."""
    return hmac.compare_digest(_bare(one), _bare(other))


def _bare(text: str) -> bytes:
    kept = "".join(text.split()).replace("-", "").replace("\N{EN DASH}", "")
    return kept.upper().encode()
