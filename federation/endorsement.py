"""Key endorsements: a key's word for the one that comes after it, so that pins can follow. Pure."""

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from federation.canonical import canonical
from federation.errors import BadSignature
from federation.keys import SigningKey, thumbprint


def endorse(
    old: SigningKey, new: bytes, *, identity_id: str, use: str, since: Mapping[str, int]
) -> bytes:
    """The 64 bytes by which `old` hands on to the public key `new`, from `since` on.

    `since`: {log origin: entries that the log had when the new key was made}.
    """
    return old.sign(_message(thumbprint(old.public_key), new, identity_id, use, since))


def verify(
    endorsement: bytes,
    old: bytes,
    new: bytes,
    *,
    identity_id: str,
    use: str,
    since: Mapping[str, int],
) -> None:
    """Raise BadSignature unless the owner of the public key `old` endorsed `new`."""
    message = _message(thumbprint(old), new, identity_id, use, since)
    try:
        Ed25519PublicKey.from_public_bytes(old).verify(endorsement, message)
    except InvalidSignature as error:
        raise BadSignature(
            f"The endorsement of {thumbprint(new)} by {thumbprint(old)} does not verify: another"
            " key made it, or it is for another identity, use or beginning."
        ) from error


def _message(
    old_kid: str, new: bytes, identity_id: str, use: str, since: Mapping[str, int]
) -> bytes:
    lines = ["retort/key-endorsement/1", identity_id, use, old_kid, thumbprint(new)]
    return "".join(f"{line}\n" for line in lines).encode() + canonical(dict(since)) + b"\n"
