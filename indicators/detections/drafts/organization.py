"""This node's own organization as an object: who reads `created_by_ref` finds it in the feed."""

from datetime import UTC, datetime

import orjson

from federation import signing
from federation.canonical import canonical
from federation.errors import FederationError
from federation.keys import SigningKey, thumbprint
from indicators.detections.drafts.drafting import Content
from indicators.detections.drafts.objects import MARKINGS, stamp
from indicators.models import Member, Sector
from indicators.stix import Tlp
from indicators.store.sql import Cursor

_HELD = """
SELECT body FROM indicators_objectversion WHERE stix_id = %s ORDER BY version DESC LIMIT 1
"""
_LABELS = {Sector.LAB: "ai-lab", Sector.CLOUD: "cloud-provider", Sector.HUB: "hub"}


def organization(cursor: Cursor, own: Member, key: SigningKey) -> bytes:
    """The organization's identity, signed by `key`: as it was published, or as a new version.

    A new one is due when the name has changed, and when the key has: a retired key's signature is
    worth nothing where a log goes on.
    """
    published = _published(cursor, own)
    content = _content(own)
    if published is None:
        return _signed(content, key)
    if _says(published, content) and _signer(published) == thumbprint(key.public_key):
        return canonical(published)
    content["created"] = published["created"]
    content["modified"] = stamp(datetime.now(UTC))
    return _signed(content, key)


def described_organization(cursor: Cursor, own: Member, key: SigningKey) -> bytes:
    """The identity as it was published last, by whichever key; signed by `key` if it never was."""
    published = _published(cursor, own)
    return _signed(_content(own), key) if published is None else canonical(published)


def _published(cursor: Cursor, own: Member) -> Content | None:
    row = cursor.execute(_HELD, (own.identity_id,)).fetchone()
    if row is None or row[0] is None:
        return None
    held: Content = orjson.loads(bytes(row[0]))
    return held


def _says(published: Content, content: Content) -> bool:
    return all(published.get(name) == content[name] for name in ("name", "labels"))


def _signer(published: Content) -> str | None:
    try:
        return signing.read_claim(published).kid
    except FederationError:  # published unsigned, before the node signed what it makes
        return None


def _signed(content: Content, key: SigningKey) -> bytes:
    return signing.sign_all([canonical(content)], key)[0]


def _content(own: Member) -> Content:
    created = stamp(own.created_at)
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": own.identity_id,
        "created": created,
        "modified": created,
        "name": own.name,
        "identity_class": "organization",
        "labels": ["member", _LABELS.get(Sector(own.sector), "authority")],
        "object_marking_refs": [MARKINGS[Tlp.CLEAR]],
    }
