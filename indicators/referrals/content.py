"""The frozen content of a referral: all that a pack is rendered from. Pure.

It is kept as canonical JSON, so that the same content is the same bytes, in every process and for
good. What an object says is in its proof, in the origin's own bytes.
"""

from typing import Literal

import msgspec
import orjson
import zstandard

from federation.canonical import JSON, canonical

FORMAT = "retort-referral/1"
_LEVEL = 9


class Recipient(msgspec.Struct, frozen=True):
    """Who it is for, as it was registered when the pack was made."""

    name: str
    kind: str
    address: str
    max_tlp: str


class Disclosed(msgspec.Struct, frozen=True):
    """An object that goes along: in full with its proof, or as a digest alone (evidence).

    `version` and times are STIX timestamps; `tokens` and `kinds` are an indicator's.
    """

    id: str
    type: str
    name: str
    version: str
    tlp: str
    originator: str
    originator_id: str
    sha256: str
    log: str
    index: int
    signed_by: str = ""
    tokens: int = 0
    kinds: tuple[str, ...] = ()
    proof: str = ""

    @property
    def is_full(self) -> bool:
        """Whether the recipient gets the object itself."""
        return bool(self.proof)

    @property
    def value(self) -> JSON:
        """The object that goes in full, out of its proof."""
        found: JSON = orjson.loads(self.proof)["object"]
        return found


class Excluded(msgspec.Struct, frozen=True):
    """An object that does not go along, and why. The recipient sees types and reasons alone."""

    id: str
    type: str
    tlp: str
    originator: str
    reason: str


class Claim(msgspec.Struct, frozen=True):
    """An attribution, always an allegation: who is alleged by whom, how sure, on what basis."""

    id: str
    subject: str
    alleged: str
    claimed_by: str
    told_by: str
    status: str
    confidence: int | None
    as_reported: str
    basis: tuple[str, ...]
    date: str
    grade: str
    sources: tuple[str, ...]


class Content(msgspec.Struct, frozen=True):
    """Everything; `facts` and `times` as (label, words)."""

    id: str
    made: str
    node: str
    node_id: str
    contact: str
    recipient: Recipient
    campaign: str
    title: str
    description: str
    summary: str
    request: str
    legal_basis: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    times: tuple[tuple[str, str], ...]
    claims: tuple[Claim, ...]
    sources: tuple[str, ...]
    holds: tuple[str, ...]
    objects: tuple[Disclosed, ...]
    excluded: tuple[Excluded, ...]
    format: Literal["retort-referral/1"] = "retort-referral/1"

    @property
    def full(self) -> tuple[Disclosed, ...]:
        """The objects that the recipient gets themselves."""
        return tuple(each for each in self.objects if each.is_full)

    @property
    def evidence(self) -> tuple[Disclosed, ...]:
        """The objects of which the recipient gets the digest."""
        return tuple(each for each in self.objects if not each.is_full)


def freeze(content: Content) -> bytes:
    """The bytes that are kept."""
    value: JSON = orjson.loads(msgspec.json.encode(content))
    return zstandard.compress(canonical(value), _LEVEL)


def thaw(frozen: bytes) -> Content:
    """The content that `freeze` kept."""
    return msgspec.json.decode(zstandard.decompress(frozen), type=Content)
