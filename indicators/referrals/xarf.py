"""The report for an abuse desk's software: one XARF 4 report (https://xarf.org). Pure.

Its source is the campaign's STIX id: no address of anybody is in a pack.
"""

import base64
import hashlib
from typing import Any

from federation.canonical import canonical
from indicators.referrals.content import Content

VERSION = "4.0.0"
_MOST_DESCRIPTION = 1000
#: Larger, it goes beside the report alone.
_MOST_EVIDENCE = 5 << 20


def render(content: Content, objects: bytes) -> bytes:
    """Canonical JSON; `objects`: the bundle that goes along, as evidence."""
    sender = {
        "org": content.node[:200],
        "contact": content.contact,
        "domain": content.contact.rpartition("@")[2],
    }
    document: dict[str, Any] = {
        "xarf_version": VERSION,
        "report_id": content.id,
        "timestamp": content.made.replace(" UTC", ":00Z").replace(" ", "T"),
        "reporter": sender,
        "sender": sender,
        "source_identifier": content.campaign,
        "category": "reputation",
        "type": "threat_intelligence",
        "threat_type": "fraudulent_account_network",
        "evidence_source": "researcher_analysis",
        "description": _cut(f"{content.title}. {content.summary}"),
        "tags": ["campaign:model-distillation", f"tlp:{_tag(content.recipient.max_tlp)}"],
        "evidence": [_evidence(objects)] if len(objects) <= _MOST_EVIDENCE else [],
    }
    return canonical(document)


def _evidence(objects: bytes) -> dict[str, Any]:
    return {
        "content_type": "application/json",
        "description": "STIX 2.1 objects, as their originators signed them",
        "payload": base64.b64encode(objects).decode(),
        "hash": f"sha256:{hashlib.sha256(objects).hexdigest()}",
        "size": len(objects),
    }


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_DESCRIPTION else text[: _MOST_DESCRIPTION - 1] + "…"


def _tag(marking: str) -> str:
    return marking.removeprefix("TLP:").lower()
