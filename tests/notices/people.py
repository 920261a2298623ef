"""The people of a node, and drafts that wait for them."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User

from indicators.models import Draft, DraftState, Person, Role

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def person(name: str, *roles: Role, **more: Any) -> User:
    user = User.objects.create_user(name, **more)
    Person.objects.create(user=user, roles=list(roles))
    return user


def draft(author: User | None = None, **more: Any) -> Draft:
    told = {"state": DraftState.REVIEW, "state_since": NOW, "created_at": NOW} | more
    return Draft.objects.create(author=author, objects_zstd=b"", object_count=1, **told)
