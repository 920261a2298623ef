"""What a reader of a collection sees, and who reviews."""

from typing import Any

import orjson
from django.contrib.auth.models import User

from indicators.models import (
    Collection,
    Entry,
    Role,
)
from tests.people.persons import somebody


def latest(collection: Collection, of_type: str | None = None) -> list[dict[str, Any]]:
    """What a reader of the collection sees: the latest version of each object."""
    entries = Entry.objects.filter(collection=collection, is_latest=True).order_by("seq")
    found = [orjson.loads(bytes(entry.object_version.body or b"")) for entry in entries]
    return [each for each in found if of_type in (None, each["type"])]


def versions(collection: Collection, stix_id: str) -> list[dict[str, Any]]:
    entries = Entry.objects.filter(collection=collection, stix_id=stix_id).order_by("seq")
    return [orjson.loads(bytes(entry.object_version.body or b"")) for entry in entries]


def tokens(objects: list[dict[str, Any]]) -> int:
    return sum(each["pattern"].count("psi1.") for each in objects if not each.get("revoked"))


def reviewer(name: str) -> User:
    return somebody(name, Role.REVIEWER)
