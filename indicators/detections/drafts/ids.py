"""Names that only this node can make: the same for the same cluster, telling nobody which.

All are HMAC-SHA256 under the node's own id key, so that a peer who knows a detector's cluster keys
can neither compute the ids nor check a guess against them.
"""

import hmac
from base64 import b32encode, urlsafe_b64encode


def object_id(type_name: str, id_key: bytes, token: str, incarnation: int, role: str) -> str:
    """The id of the object that plays `role` for one incarnation of the cluster named `token`.

    It has the form of a random UUID (RFC 9562 §5.4), which is what STIX asks of such objects.
    """
    mac = _mac(id_key, "object", type_name, token, str(incarnation), role)
    text, variant = mac.hex(), "89ab"[mac[8] & 3]
    groups = (text[:8], text[8:12], "4" + text[13:16], variant + text[17:20], text[20:32])
    return f"{type_name}--{'-'.join(groups)}"


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
    """Only the last part may hold anything: the others are without NUL, so no two lists are one."""
    return hmac.digest(id_key, "\0".join(parts).encode(), "sha256")
