"""A node with one collection, and members at its TAXII door."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.http import HttpResponse
from django.test import Client

from indicators import access
from indicators.models import Collection, Member
from indicators.store import custody

TAXII = "application/taxii+json;version=2.1"
ROOT = "/taxii2/root/"


@dataclass
class Door:
    """What one member's program does at the door of one collection."""

    member: Member
    key: str
    collection: Collection
    client: Client

    @property
    def path(self) -> str:
        return f"{ROOT}collections/{self.collection.pk}/"

    def get(self, path: str = "objects/", /, **parameters: Any) -> HttpResponse:
        """GET below the collection, or an absolute path; parameter match_x means match[x]."""
        query = {
            f"match[{name[6:]}]" if name.startswith("match_") else name: value
            for name, value in parameters.items()
        }
        return self.client.get(path if path.startswith("/") else self.path + path, query)

    def post(self, objects: Any, **headers: str) -> HttpResponse:
        body = objects if isinstance(objects, bytes) else orjson.dumps({"objects": objects})
        return self.client.post(
            f"{self.path}objects/",
            body,
            content_type=headers.pop("content_type", TAXII),
            headers=headers,
        )

    def posted(self, *objects: dict[str, Any]) -> dict[str, Any]:
        """POST what must be taken; the status resource."""
        response = self.post(list(objects))
        status = orjson.loads(response.content)
        assert response.status_code == 202
        assert status["failure_count"] == 0, status
        return dict(status)

    def delete(self, stix_id: str, **parameters: str) -> HttpResponse:
        query = {f"match[{name}]": value for name, value in parameters.items()}
        return self.client.delete(f"{self.path}objects/{stix_id}/", query_params=query)


@pytest.fixture
def collection(db: None) -> Collection:
    return custody.open_collection(title="Shared", alias="shared", audience="members")


def at_door(
    collection: Collection, name: str, *, can_read: bool, can_write: bool, granted: bool = True
) -> Door:
    """A new member's program at the door, with these permissions."""
    member = Member.objects.create(name=name, identity_id=f"identity--{uuid4()}")
    if granted:
        custody.grant_access(collection, member, can_read=can_read, can_write=can_write)
    _, key = access.make_credential(member, f"{name.lower()}-feed")
    client = Client(headers={"Authorization": f"Bearer {key}"}, SERVER_NAME="localhost")
    return Door(member, key, collection, client)


@pytest.fixture
def birch(collection: Collection) -> Door:
    """Reads and writes."""
    return at_door(collection, "Birch", can_read=True, can_write=True)


@pytest.fixture
def cedar(collection: Collection) -> Door:
    """Only reads."""
    return at_door(collection, "Cedar", can_read=True, can_write=False)


@pytest.fixture
def alder(collection: Collection) -> Door:
    """Only writes."""
    return at_door(collection, "Alder", can_read=False, can_write=True)


@pytest.fixture
def forum(collection: Collection) -> Door:
    """May know that the collection exists, no more."""
    return at_door(collection, "Forum", can_read=False, can_write=False)


@pytest.fixture
def mallory(collection: Collection) -> Door:
    """Was granted nothing."""
    return at_door(collection, "Mallory", can_read=False, can_write=False, granted=False)


def content(response: HttpResponse) -> dict[str, Any]:
    return dict(orjson.loads(response.content))
