"""Signatures of messages to programs (Standard Webhooks 1.0, symmetric). Pure."""

import base64
import binascii
import hashlib
import hmac
import os

_PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """A secret in the form in which it is handed over."""
    return _PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`; timestamp: seconds since 1970, as in `webhook-timestamp`.

    Raises ValueError for a secret that is none.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("The secret is not base64.") from error
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
