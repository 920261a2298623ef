"""Published vectors, read once."""

import base64
import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent.parent / "vectors"


def read_vectors(name: str) -> Any:
    """The JSON file `tests/vectors/<name>`."""
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def from_hex(hashes: list[str]) -> list[bytes]:
    return [bytes.fromhex(each) for each in hashes]


def from_base64(hashes: list[str]) -> list[bytes]:
    return [base64.b64decode(each, validate=True) for each in hashes]
