"""Detector services at the ingest door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from django.http import HttpResponse
from django.test import Client

if TYPE_CHECKING:
    from indicators.models import Credential, Detector

NDJSON = "application/x-ndjson"
ROOT = "/ingest/v1/"


@dataclass
class Service:
    """What one detector's program does at the door."""

    credential: Credential
    key: str
    client: Client

    @property
    def detector(self) -> Detector:
        assert self.credential.detector is not None
        return self.credential.detector

    def send(
        self, *findings: dict[str, Any] | bytes, query: str = "", **headers: str
    ) -> HttpResponse:
        """POST findings, or a body as it is, as NDJSON or `content_type`."""
        lines = [each if isinstance(each, bytes) else orjson.dumps(each) for each in findings]
        return self.post(
            f"detections{query}", b"\n".join(lines), headers.pop("content_type", NDJSON), **headers
        )

    def ask(self, path: str, question: Any, **headers: str) -> HttpResponse:
        return self.post(path, orjson.dumps(question), "application/json", **headers)

    def post(self, path: str, body: bytes, content_type: str, **headers: str) -> HttpResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(ROOT + path, body, content_type=content_type, headers=named)

    def get(self, path: str) -> HttpResponse:
        return self.client.get(ROOT + path)

    def sent(self, *findings: dict[str, Any]) -> dict[str, Any]:
        """Send what must be taken; the answer."""
        response = self.send(*findings)
        answer = content(response)
        assert response.status_code in (200, 202), answer
        assert answer["rejected"] == 0, answer
        return answer


def content(response: HttpResponse) -> dict[str, Any]:
    return dict(orjson.loads(response.content))


def finding(uid: str = "f-1", **facts: Any) -> dict[str, Any]:
    """A finding with one account."""
    account = {
        "ref": f"acct-{uid}",
        "identifiers": [{"kind": "email", "value": f"{uid}@example.org"}],
    }
    return {"uid": uid, "cluster": {"key": f"cluster-{uid}"}, "accounts": [account], **facts}


def at_door(lab: str, detector_name: str | None, *scopes: str, **facts: Any) -> Service:
    """A new lab's service, with these scopes."""
    from indicators import access
    from indicators.models import Detector, Member
    from tests.objects import id_of

    member = Member.objects.create(name=lab, identity_id=id_of("identity", lab))
    detector = None if detector_name is None else Detector.objects.create(name=detector_name)
    credential, key = access.make_credential(
        member, f"{lab.lower()}-service", scopes=scopes, detector=detector, **facts
    )
    client = Client(headers={"Authorization": f"Bearer {key}"}, SERVER_NAME="localhost")
    return Service(credential, key, client)


@pytest.fixture
def alder(db: None) -> Service:
    """May do everything that a detector service does."""
    return at_door("Alder", "hydra-finder", "ingest", "lookup", "feedback")


@pytest.fixture
def birch(db: None) -> Service:
    """Another lab's detector service."""
    return at_door("Birch", "ring-finder", "ingest", "lookup", "feedback")
