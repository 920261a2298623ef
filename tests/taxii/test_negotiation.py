"""Media types, authentication and errors: before anything else is looked at."""

import base64

import orjson
import pytest
from django.test import Client

from tests.taxii.conftest import ROOT, TAXII, Door, content


def test_every_answer_is_taxii_2_1(birch: Door) -> None:
    for path in (
        "/taxii2/",
        ROOT,
        f"{ROOT}collections/",
        "objects/",
        "manifest/",
        "objects/?limit=0",
    ):
        assert birch.get(path).headers["Content-Type"] == TAXII


@pytest.mark.parametrize(
    "accept",
    [
        "application/taxii+json",
        "application/taxii+json;version=2.1",
        "application/taxii+json; version=2.1",
        'application/taxii+json;version="2.1"',
        "Application/TAXII+JSON ; Version=2.1",
        "application/taxii+json;version=2.1;q=0.5",
        "text/html, application/taxii+json;version=2.1;q=0.1",
        "application/*",
        "*/*",
        "text/html, */*;q=0.1",
        "application/taxii+json;version=2.0, application/taxii+json;version=2.1",
    ],
)
def test_a_range_that_covers_taxii_2_1_is_served(birch: Door, accept: str) -> None:
    assert birch.client.get("/taxii2/", headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "text/html",
        "application/taxii+json;version=2.0",
        "application/vnd.oasis.taxii+json; version=2.0",
        "application/taxii+json;version=2.1;q=0",
        "*/*, application/taxii+json;q=0",
        "application/stix+json;version=2.1",
        ";;;,,",
        '"',
    ],
)
def test_any_other_range_gets_406(birch: Door, accept: str) -> None:
    response = birch.client.get("/taxii2/", headers={"Accept": accept})
    assert response.status_code == 406
    assert content(response)["http_status"] == "406"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "application/taxii+json;version=2.0", "", "*/*", "garbage"],
)
def test_a_body_of_another_type_gets_415(birch: Door, content_type: str) -> None:
    assert birch.post([], content_type=content_type).status_code == 415


def test_a_compressed_body_gets_415_and_the_cure(birch: Door) -> None:
    response = birch.post([], **{"Content-Encoding": "gzip"})
    assert response.status_code == 415
    assert "uncompressed" in content(response)["description"]


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer wrong",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no-colon").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Digest username=birch",
        "Bearer \x00",
    ],
)
def test_without_a_usable_credential_the_answer_is_401(db: None, authorization: str) -> None:
    headers = {"Authorization": authorization, "Accept": "text/nonsense"}
    response = Client(SERVER_NAME="localhost").get("/taxii2/", headers=headers)
    assert response.status_code == 401
    assert "Basic" in response.headers["WWW-Authenticate"]
    assert content(response)["title"]


@pytest.mark.parametrize("path", ["", "nonsense/", "root/collections/x/objects/", "root/status/1/"])
def test_authentication_comes_before_everything_else(db: None, path: str) -> None:
    client = Client(SERVER_NAME="localhost")
    assert client.get(f"/taxii2/{path}?limit=x").status_code == 401
    assert client.post(f"/taxii2/{path}", b"{", content_type="x/y").status_code == 401


def test_basic_takes_the_credential_name_and_key(birch: Door) -> None:
    basic = base64.b64encode(f"birch-feed:{birch.key}".encode()).decode()
    client = Client(SERVER_NAME="localhost")
    assert client.get("/taxii2/", headers={"Authorization": f"Basic {basic}"}).status_code == 200


def test_an_error_message_has_the_members_that_taxii_defines(birch: Door) -> None:
    message = content(birch.get("/taxii2/nothing/"))
    assert message["http_status"] == "404"
    assert set(message) == {"title", "description", "error_id", "http_status", "details"}


@pytest.mark.parametrize("path", ["/taxii2", f"{ROOT}collections", f"{ROOT[:-1]}"])
def test_a_missing_slash_gets_404(birch: Door, path: str) -> None:
    response = birch.get(path)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == TAXII


def test_doubled_slashes_mean_one(birch: Door) -> None:
    assert birch.get(f"/taxii2//root///collections/{birch.collection.pk}//").status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_get_405_and_the_allowed_ones(birch: Door, method: str) -> None:
    response = birch.client.generic(method, f"{birch.path}objects/")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, POST, HEAD"


def test_an_unforeseen_failure_is_a_taxii_error_with_an_id(
    birch: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("indicators.access.permissions", fail)
    response = birch.get(f"{ROOT}collections/")
    assert response.status_code == 500
    assert content(response)["error_id"]
    assert b"secret detail" not in response.content


def test_an_unknown_host_gets_400(birch: Door) -> None:
    response = birch.client.get("/taxii2/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert orjson.loads(response.content)["http_status"] == "400"
