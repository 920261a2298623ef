"""The secrets that a node makes for itself at its first start, kept in its data directory."""

import base64
import binascii
import contextlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from indicators.local.errors import LocalError
from indicators.local.places import make_data_dir


@dataclass(frozen=True, slots=True)
class Secrets:
    """`secret_key` signs sessions; `key_encryption_key` (32 bytes) seals the private keys."""

    secret_key: str = field(repr=False)
    key_encryption_key: bytes = field(repr=False)


def read_or_create(data_dir: Path) -> Secrets:
    """The node's secrets, made once, in files that only their owner reads.

    Raises LocalError when a file is unreadable or damaged: a new key would lock the node out of
    its own database.
    """
    make_data_dir(data_dir)
    secret_key = _read_or_create(data_dir / "secret_key", secrets.token_urlsafe(48))
    file = data_dir / "key_encryption_key"
    encoded = _read_or_create(file, base64.b64encode(secrets.token_bytes(32)).decode())
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise LocalError(f"{file} does not hold 32 bytes in base64; restore it from a backup.")
    return Secrets(secret_key, key)


def _read_or_create(file: Path, fresh: str) -> str:
    """Several processes may come here at once: who links the file first wins, all read the same."""
    if not file.exists():
        _create(file, fresh)
    try:
        found = file.read_text().strip()
    except OSError as error:
        raise LocalError(
            f"{file} cannot be read ({error.strerror}); run this as the user who started the node."
        ) from error
    if not found:
        raise LocalError(f"{file} is empty; restore it from a backup.")
    return found


def _create(file: Path, content: str) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as writing:
        writing.write(f"{content}\n")
        writing.flush()
        os.fsync(writing.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
