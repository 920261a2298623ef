"""Secrets of second factors, encrypted with a key that is not in the database."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PURPOSE = b"retort second factors 1"
_NONCE = 12


class NotSealedHere(Exception):
    """A secret that another node's key sealed, or nobody's."""


def seal(text: str) -> str:
    """AES-256-GCM under a key derived from KEY_ENCRYPTION_KEY; base64."""
    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + _cipher().encrypt(nonce, text.encode(), _PURPOSE)).decode()


def open_sealed(sealed: str) -> str:
    """What `seal` was given; raises NotSealedHere."""
    try:
        packed = base64.b64decode(sealed, validate=True)
        return _cipher().decrypt(packed[:_NONCE], packed[_NONCE:], _PURPOSE).decode()
    except (ValueError, InvalidTag) as error:
        raise NotSealedHere(
            "A second factor's secret is not sealed with this node's KEY_ENCRYPTION_KEY; start"
            " with the key that belongs to this database, or renew the person's access."
        ) from error


def _cipher() -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
    return AESGCM(derived.derive(settings.KEY_ENCRYPTION_KEY))
