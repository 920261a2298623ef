"""Drafts that wait for people."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User

from indicators.models import Draft, DraftState

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def draft(author: User | None = None, **more: Any) -> Draft:
    told = {"state": DraftState.REVIEW, "state_since": NOW, "created_at": NOW} | more
    return Draft.objects.create(author=author, objects_zstd=b"", object_count=1, **told)
