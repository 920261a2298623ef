"""How the feed looks on the wire: TAXII 2.1 sections 3 to 5, and nothing else."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from indicators.access import Permission
from indicators.models import Status
from indicators.store.feed import Row
from indicators.taxii.media import STIX, TAXII

SPEC_VERSION = "2.1"


def timestamp(moment: datetime) -> str:
    """Microsecond precision, always: TAXII's own form."""
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:26]}Z"


def discovery(title: str, description: str, api_root: str) -> dict[str, Any]:
    return {
        "title": title,
        "description": description,
        "default": api_root,
        "api_roots": [api_root],
    }


def api_root(title: str, max_content_length: int) -> dict[str, Any]:
    return {"title": title, "versions": [TAXII], "max_content_length": max_content_length}


def collection(permission: Permission) -> dict[str, Any]:
    shown = permission.collection
    optional = {"description": shown.description, "alias": shown.alias}
    return {
        "id": str(shown.pk),
        "title": shown.title,
        **{name: value for name, value in optional.items() if value},
        "can_read": permission.can_read,
        "can_write": permission.can_write,
        "media_types": [STIX],
    }


def envelope(bodies: Sequence[bytes], next: str | None) -> bytes:
    """Canonical bytes as stored, joined; `{}` when empty. `more` goes with `next`, always.

    The megabyte is copied once: what surrounds the objects is joined to the first and the last.
    """
    head = b"{" if next is None else b'{"more":true,"next":"' + next.encode() + b'",'
    if not bodies:
        return head.rstrip(b",") + b"}"
    parts = [*bodies]
    parts[0] = head + b'"objects":[' + parts[0]
    parts[-1] += b"]}"
    return b",".join(parts)


def manifest(rows: Sequence[Row], next: str | None) -> bytes:
    records = [
        {
            "id": row.stix_id,
            "date_added": timestamp(row.date_added),
            "version": timestamp(row.version),
            "media_type": STIX,
        }
        for row in rows
    ]
    return _listing("objects", records, next)


def versions(rows: Sequence[Row], next: str | None) -> bytes:
    return _listing("versions", [timestamp(row.version) for row in rows], next)


def status(shown: Status) -> dict[str, Any]:
    """Counts and lists agree, or clients reject the whole; empty lists are left out."""
    lists = {
        name: orjson.loads(bytes(getattr(shown, name)))
        for name in ("successes", "failures", "pendings")
    }
    pending = shown.total_count - shown.success_count - shown.failure_count
    return {
        "id": str(shown.pk),
        "status": "pending" if pending else "complete",
        "request_timestamp": timestamp(shown.requested_at),
        "total_count": shown.total_count,
        "success_count": shown.success_count,
        "failure_count": shown.failure_count,
        "pending_count": pending,
        **{name: items for name, items in lists.items() if items},
    }


def date_headers(dates: Sequence[datetime]) -> dict[str, str]:
    """X-TAXII-Date-Added-First/Last; none on an empty page."""
    return date_range(dates[0], dates[-1]) if dates else {}


def date_range(first: datetime, last: datetime) -> dict[str, str]:
    return {
        "X-TAXII-Date-Added-First": timestamp(first),
        "X-TAXII-Date-Added-Last": timestamp(last),
    }


def _listing(name: str, items: list[Any], next: str | None) -> bytes:
    content: dict[str, Any] = {} if next is None else {"more": True, "next": next}
    if items:
        content[name] = items
    return orjson.dumps(content)
