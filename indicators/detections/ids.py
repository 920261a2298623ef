"""Names that only this node can make: the same for the same cluster, telling nobody which.

All are HMAC-SHA256 under the node's own id key, so that a peer who knows a detector's cluster keys
can neither compute the ids nor check a guess against them.
"""

import hmac
from base64 import b32encode, urlsafe_b64encode
from uuid import UUID

_SEPARATOR = b"\0"
_NOT_VERSION = ~(0xF000 << 64)
_NOT_VARIANT = ~(0xC000 << 48)
_VERSION_4 = 4 << 76
_VARIANT = 0x8000 << 48


def object_id(type_name: str, id_key: bytes, token: str, incarnation: int, role: str) -> str:
    """The id of the object that plays `role` for one incarnation of the cluster named `token`.

    It has the form of a random UUID (RFC 9562 §5.4), which is what STIX asks of such objects.
    """
    made = int.from_bytes(_mac(id_key, "object", type_name, token, str(incarnation), role)[:16])
    return f"{type_name}--{UUID(int=made & _NOT_VERSION & _NOT_VARIANT | _VERSION_4 | _VARIANT)}"


def cluster_token(id_key: bytes, detector_id: str, key: str) -> str:
    """The node's own name for a detector's cluster: 22 characters that don't show its key."""
    return _pseudonym(_mac(id_key, "cluster", detector_id, key))


def cluster_key(id_key: bytes, token: str, content: str = "") -> str:
    """What peers call a cluster: 22 characters. `content` tells apart what would be one observable.

    It stays the same when the cluster is opened again: the accounts are new, the cluster is not.
    """
    return _pseudonym(_mac(id_key, "aggregate", token, content))


def cluster_label(id_key: bytes, token: str) -> str:
    """Eight letters and digits by which people tell clusters apart in names of objects."""
    return b32encode(_mac(id_key, "label", token)[:5]).decode().lower()


def _pseudonym(mac: bytes) -> str:
    return urlsafe_b64encode(mac[:16]).decode().rstrip("=")


def _mac(id_key: bytes, *parts: str) -> bytes:
    """Every part has its length, so that no two lists of parts are one text."""
    text = _SEPARATOR.join(f"{len(part)}:{part}".encode() for part in parts)
    return hmac.digest(id_key, text, "sha256")
