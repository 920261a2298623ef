"""Who may pass the ingest door, and what a signature must cover."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from django.http import HttpResponse

from federation.keys import SigningKey
from federation.requests import sign_request
from indicators.ingest.openapi import DOORS
from indicators.models import Credential, Detection
from tests.ingest.conftest import NDJSON, ROOT, Service, at_door, content, finding

DOOR_PATHS = [
    ROOT + str(each.pattern).replace("<uuid:job_id>", "00000000-0000-4000-8000-000000000000")
    for each in DOORS
]
SCOPE_OF = {"detections": "ingest", "jobs": "ingest", "lookup": "lookup", "feedback": "feedback"}


@pytest.fixture
def mallory(db: None) -> Service:
    """Has no key that is known here."""
    service = at_door("Mallory", "mallory-finder", "ingest", "lookup", "feedback")
    Credential.objects.filter(pk=service.credential.pk).delete()
    return service


def knock(service: Service, path: str) -> HttpResponse:
    if "/jobs/" in path:
        return service.client.get(path)
    return service.client.post(path, b"{}", content_type="application/json")


@pytest.mark.parametrize("path", DOOR_PATHS)
def test_no_door_opens_without_a_credential(mallory: Service, path: str) -> None:
    response = knock(mallory, path)
    assert response.status_code == 401
    assert "Bearer" in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", DOOR_PATHS)
def test_a_door_opens_for_its_own_scope_only(db: None, path: str) -> None:
    needed = SCOPE_OF[path.removeprefix(ROOT).split("/")[0]]
    others = {"feed", "tokens", "ingest", "lookup", "feedback"} - {needed}
    assert knock(at_door("Alder", "hydra-finder", *sorted(others)), path).status_code == 403


@pytest.mark.parametrize("path", DOOR_PATHS)
def test_another_method_gets_405_and_is_told_which(alder: Service, path: str) -> None:
    response = alder.client.delete(path)
    assert response.status_code == 405
    assert response.headers["Allow"] in ("GET, HEAD", "POST")


def test_a_credential_without_detector_sends_nothing(db: None) -> None:
    nobody = at_door("Alder", None, "ingest", "feedback")
    assert nobody.send(finding()).status_code == 403
    assert nobody.ask("feedback", {"uid": "f", "verdict": "inconclusive"}).status_code == 403


def test_a_detector_revises_only_its_own_findings(alder: Service, birch: Service) -> None:
    alder.sent(finding("f-1"))
    birch.sent(finding("f-1", status="closed", revision=2))
    assert Detection.objects.get(detector=alder.detector).is_open


@pytest.fixture
def signer() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def cedar(db: None, signer: SigningKey) -> Service:
    """Must sign."""
    return at_door("Cedar", "cloud-finder", "ingest", public_key=signer.public_key, must_sign=True)


def signed(service: Service, key: SigningKey, body: bytes, sent: bytes | None = None) -> Any:
    url = f"http://localhost{ROOT}detections"
    headers = sign_request("POST", url, body, key, datetime.now(UTC))
    return lambda: service.client.post(
        urlsplit(url).path, body if sent is None else sent, content_type=NDJSON, headers=headers
    )


def test_who_must_sign_gets_nothing_in_unsigned(cedar: Service) -> None:
    assert cedar.send(finding()).status_code == 401
    assert not Detection.objects.exists()


def test_a_signed_request_is_taken(cedar: Service, signer: SigningKey) -> None:
    response = signed(cedar, signer, orjson.dumps(finding()))()
    assert content(response)["accepted"] == 1


def test_an_altered_body_is_refused(cedar: Service, signer: SigningKey) -> None:
    body = orjson.dumps(finding("f-1"))
    altered = orjson.dumps(finding("f-2"))
    assert signed(cedar, signer, body, altered)().status_code == 401
    assert not Detection.objects.exists()


def test_a_signature_is_used_once(cedar: Service, signer: SigningKey) -> None:
    send = signed(cedar, signer, orjson.dumps(finding()))
    assert send().status_code == 200
    assert send().status_code == 401


def test_anothers_signature_is_refused(cedar: Service) -> None:
    assert signed(cedar, SigningKey.generate(), b"{}")().status_code == 401


def test_a_wrong_signature_is_refused_where_none_is_needed(alder: Service) -> None:
    assert signed(alder, SigningKey.generate(), b"{}")().status_code == 401
