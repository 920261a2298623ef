"""This node's own organization as an object: who reads `created_by_ref` finds it in the feed."""

from datetime import UTC, datetime

import orjson

from federation import signing
from federation.canonical import canonical
from federation.keys import SigningKey
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
    """The organization's identity, signed: as it was published, or anew if its name changed."""
    row = cursor.execute(_HELD, (own.identity_id,)).fetchone()
    held = None if row is None or row[0] is None else bytes(row[0])
    content = _content(own)
    if held is not None:
        published: Content = orjson.loads(held)
        if all(published.get(name) == content[name] for name in ("name", "labels")):
            return held
        content["created"] = published["created"]
        content["modified"] = stamp(datetime.now(UTC))
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
