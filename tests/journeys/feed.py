"""A member's way to a started node: a collection with access, and plain HTTP to use it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import requests

from tests.journeys.node import Node

TAXII = "application/taxii+json;version=2.1"


@dataclass
class Feed:
    """One collection of a node as a member sees it."""

    node: Node
    collection: str
    name: str
    key: str
    vkey: str

    @property
    def url(self) -> str:
        return f"{self.node.base_url}/taxii2/root/collections/{self.collection}/"

    def session(self) -> requests.Session:
        session = requests.Session()
        session.headers.update({"Accept": TAXII, "Authorization": f"Bearer {self.key}"})
        return session

    def post(self, session: requests.Session, objects: list[dict[str, Any]]) -> dict[str, Any]:
        """POST and return the status resource."""
        response = session.post(
            f"{self.url}objects/",
            data=json.dumps({"objects": objects}),
            headers={"Content-Type": TAXII},
            timeout=60,
        )
        assert response.status_code == 202, response.text
        return dict(response.json())

    def pages(
        self, session: requests.Session, **parameters: str
    ) -> Iterator[tuple[list[dict[str, Any]], requests.Response]]:
        """Pages by `next`, until there is no more."""
        while True:
            response = session.get(f"{self.url}objects/", params=parameters, timeout=60)
            assert response.status_code == 200, response.text
            page = response.json()
            yield page.get("objects", []), response
            if not page.get("more"):
                return
            parameters["next"] = page["next"]

    def everything(self, **parameters: str) -> list[dict[str, Any]]:
        return [obj for objects, _ in self.pages(self.session(), **parameters) for obj in objects]


def open_feed(node: Node, title: str, *, member: str, audience: str = "members") -> Feed:
    """A new collection that a new member may read and write."""
    collection = answer(node, "collection", "create", title, "--audience", audience)
    answer(node, "member", "add", member)
    answer(node, "collection", "grant", collection["id"], member, "--read", "--write")
    credential = answer(node, "credential", "create", member, f"{member}-feed")
    return Feed(node, collection["id"], credential["name"], credential["key"], collection["vkey"])


def answer(node: Node, *arguments: str) -> dict[str, Any]:
    """The one row that a command prints as JSON."""
    rows = json.loads(node.run(*arguments, "--json").stdout)
    assert len(rows) == 1
    return dict(rows[0])


def indicators(count: int) -> list[dict[str, Any]]:
    """Ordinary indicators with ids of their own."""
    return [
        {
            "type": "indicator",
            "spec_version": "2.1",
            "id": f"indicator--{uuid4()}",
            "created": "2026-11-01T00:00:00.000Z",
            "modified": "2026-11-01T00:00:00.000Z",
            "name": f"Reseller domain {number}",
            "indicator_types": ["malicious-activity"],
            "pattern": f"[domain-name:value = 'reseller-{number}.example']",
            "pattern_type": "stix",
            "valid_from": "2026-11-01T00:00:00Z",
        }
        for number in range(count)
    ]
