"""The descriptor's JSON, member by member; what the members must be among themselves, `descriptor`
says. Pure.
"""

import base64
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from federation.canonical import JSON
from federation.peers import described

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
Url = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Time = Annotated[datetime, msgspec.Meta(tz=True)]
Sizes = dict[Text, Annotated[int, msgspec.Meta(ge=0)]]
Base64Url = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]*$", max_length=86)]
IdentityId = Annotated[str, msgspec.Meta(pattern="^identity--[0-9a-f-]{36}$", max_length=46)]


class Key(msgspec.Struct):
    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: Base64Url
    kid: Base64Url
    use: described.Use
    created: Time
    since: Sizes
    until: Sizes | None = None
    endorsed_by: Base64Url = ""
    endorsement: Base64Url = ""


class Log(msgspec.Struct):
    collection: UUID
    origin: Text
    vkey: Text
    signatures: Literal["required", "optional"]
    audience: Word


class TokenKey(msgspec.Struct):
    kind: Text
    epoch: Annotated[int, msgspec.Meta(ge=0)]
    public_key: str


class KeyLog(msgspec.Struct):
    origin: Text
    vkey: Text


class KeyHolder(msgspec.Struct):
    url: Url
    group: Text
    keys: list[TokenKey]
    log: KeyLog


class Identity(msgspec.Struct):
    type: Literal["identity"]
    id: IdentityId
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Node(msgspec.Struct):
    """The members that count; a reader passes over others, which the signature covers too."""

    format: Literal["retort-node/1"]
    issued: Time
    identity: dict[str, Any]
    keys: Annotated[list[Key], msgspec.Meta(min_length=2, max_length=1000)]
    taxii: Url
    federation: Url
    logs: Annotated[list[Log], msgspec.Meta(max_length=10_000)]
    jws: str
    witness: str = ""
    keyholder: KeyHolder | None = None


def written_key(key: described.Key) -> JSON:
    written: dict[str, JSON] = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": key.x,
        "kid": key.kid,
        "use": key.use,
        "created": stamp(key.created),
        "since": dict(key.since),
    }
    if key.until is not None:
        written["until"] = dict(key.until)
    if key.endorsed_by:
        written["endorsed_by"] = key.endorsed_by
        written["endorsement"] = base64url(key.endorsement)
    return written


def written_log(each: described.DescribedLog) -> JSON:
    return {
        "collection": str(each.collection),
        "origin": each.origin,
        "vkey": each.vkey,
        "signatures": "required" if each.signatures_required else "optional",
        "audience": each.audience,
    }


def written_keyholder(holder: described.KeyHolder) -> JSON:
    keys: list[JSON] = [
        {
            "kind": key.kind,
            "epoch": key.epoch,
            "public_key": base64.b64encode(key.public_key).decode(),
        }
        for key in holder.keys
    ]
    log: JSON = {"origin": holder.origin, "vkey": holder.vkey}
    return {"url": holder.url, "group": holder.group, "keys": keys, "log": log}


def stamp(time: datetime) -> str:
    """RFC 3339, in UTC, to the microsecond."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def base64url(source: bytes) -> str:
    """RFC 4648 §5, without padding."""
    return base64.urlsafe_b64encode(source).rstrip(b"=").decode()
