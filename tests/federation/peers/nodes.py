"""Nodes that describe themselves, made of fixed seeds, so that their descriptors can be vectors."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from federation import endorsement, signing
from federation.canonical import canonical
from federation.keys import SigningKey, Verifier
from federation.peers import descriptor
from federation.peers.described import DescribedLog, Key, KeyHolder, TokenKey, Use
from federation.transparency.cosignature import Witness

ISSUED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def seeded(name: str) -> SigningKey:
    """The key of a name: anybody has it."""
    return SigningKey.from_seed(sha256(name.encode()).digest())


def uuid_of(name: str) -> UUID:
    return UUID(bytes=sha256(name.encode()).digest()[:16], version=4)


@dataclass
class Described:
    """A node as its descriptor shows it. `object_keys` and `request_keys`: the oldest first."""

    name: str
    keys: list[Key] = field(default_factory=list)
    logs: list[DescribedLog] = field(default_factory=list)
    issued: datetime = ISSUED
    keyholder: KeyHolder | None = None

    def __post_init__(self) -> None:
        self.host = f"{self.name.lower()}.example"
        self.identity_id = f"identity--{uuid_of(self.name)}"
        self.signer = seeded(f"{self.name} object 0")
        self.requester = seeded(f"{self.name} request 0")
        if not self.keys:
            self.keys = [
                Key("object", self.signer.public_key, ISSUED, {}),
                Key("request", self.requester.public_key, ISSUED, {}),
            ]
            self.open_log("shared")
        self.identity = self.signed_identity(self.signer)

    def open_log(self, title: str, *, signatures_required: bool = True) -> DescribedLog:
        number = uuid_of(f"{self.name} {title}")
        origin = f"{self.host}/{number}"
        vkey = Verifier(origin, seeded(f"{self.name} log").public_key).vkey
        self.logs.append(DescribedLog(number, origin, vkey, signatures_required, "members"))
        return self.logs[-1]

    def rotate(self, use: Use, since: Mapping[str, int] | None = None) -> Key:
        """As `node_keys.rotate` does it."""
        begins = dict(since or {})
        old = self.signer if use == "object" else self.requester
        new = seeded(f"{self.name} {use} {len(self.keys)}")
        self.keys = [
            replace(key, until=begins) if key.use == use and key.until is None else key
            for key in self.keys
        ]
        given = endorsement.endorse(
            old, new.public_key, identity_id=self.identity_id, use=use, since=begins
        )
        kid = Key(use, old.public_key, ISSUED, {}).kid
        self.keys.append(Key(use, new.public_key, self.issued, begins, None, kid, given))
        if use == "object":
            self.signer = new
        else:
            self.requester = new
        self.issued += timedelta(days=1)
        return self.keys[-1]

    def hold_keys(self) -> None:
        """Make it the group's key-holder."""
        origin = f"{self.host}/{uuid_of('tokens')}"
        vkey = Verifier(origin, seeded(f"{self.name} log").public_key).vkey
        tokens = (TokenKey("email", 1, sha256(b"token key").digest()),)
        self.keyholder = KeyHolder(f"https://{self.host}", "default", tokens, origin, vkey)

    def signed_identity(self, key: SigningKey, **changes: Any) -> bytes:
        value = {
            "type": "identity",
            "spec_version": "2.1",
            "id": self.identity_id,
            "created": "2026-01-01T00:00:00.000Z",
            "modified": "2026-01-01T00:00:00.000Z",
            "name": self.name,
            "identity_class": "organization",
            **changes,
        }
        return signing.sign_all([canonical(value)], key)[0]

    @property
    def witness(self) -> str:
        return Witness(self.host, seeded(f"{self.name} witness").public_key).vkey

    def facts(self) -> dict[str, Any]:
        """What `descriptor.write` takes."""
        return {
            "issued": self.issued,
            "identity": self.identity,
            "keys": self.keys,
            "logs": self.logs,
            "taxii": f"https://{self.host}/taxii2/",
            "federation": f"https://{self.host}/federation/v1/",
            "signer": self.signer,
            "witness": self.witness,
            "keyholder": self.keyholder,
        }

    def body(self) -> bytes:
        return descriptor.write(**self.facts())


def signed(document: Mapping[str, Any], signer: SigningKey) -> bytes:
    """Any document, signed as a descriptor is: what `descriptor.write` would not write."""
    rest = {name: value for name, value in document.items() if name != "jws"}
    jws = signing.sign_detached(canonical(rest), signer, descriptor.JWS_TYPE)
    return canonical({**rest, "jws": jws})
