"""`next`: a position in the feed, bound to its collection and query, signed, kept nowhere.

Any web process can serve it and it never expires. `limit` is not bound: clients adapt it while they
page (taxii2-client does when a page is shorter than asked).
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from uuid import UUID

from django.conf import settings

_MAC_BYTES = 16
_SEQ_BYTES = 8


def sign(seq: int, collection: UUID, bound_to: str) -> str:
    """The cursor behind the entry `seq`, for the same collection and query (`bound_to`)."""
    position = seq.to_bytes(_SEQ_BYTES, "big")
    return base64.urlsafe_b64encode(position + _mac(position, collection, bound_to)).decode()


def read(cursor: str, collection: UUID, bound_to: str) -> int | None:
    """The position of a cursor that we signed for this collection and query, else None."""
    try:
        raw = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    position, mac = raw[:_SEQ_BYTES], raw[_SEQ_BYTES:]
    if not secrets.compare_digest(mac, _mac(position, collection, bound_to)):
        return None
    return int.from_bytes(position, "big")


def key_fingerprint() -> bytes:
    """Changes with the signing key: pages that hold cursors are remade then."""
    return _mac(b"", UUID(int=0), "fingerprint")


def _mac(position: bytes, collection: UUID, bound_to: str) -> bytes:
    message = b"taxii-next/1\0" + collection.bytes + position + bound_to.encode()
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()[:_MAC_BYTES]
