"""The description of the ingest API is true: its examples work, and nothing breaks the doors."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.contrib.staticfiles import finders
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.utils import OpenApiExample
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from schemathesis import GenerationMode, openapi
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import negative_data_rejection

from indicators.config.wsgi import application
from indicators.detections.formats import READERS
from indicators.ingest import examples
from indicators.ingest.openapi import document
from tests.ingest.conftest import ROOT, Service, content

DOCUMENT = orjson.loads(orjson.dumps(document()))
OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


def test_the_description_is_public(db: None) -> None:
    response = Client(SERVER_NAME="localhost").get(f"{ROOT}openapi.json")
    assert content(response) == DOCUMENT


def test_every_format_is_described() -> None:
    body = DOCUMENT["paths"]["/ingest/v1/detections"]["post"]["requestBody"]
    described = {name.split(";")[0] for name in body["content"]}
    assert described == set(READERS)


def test_no_schema_is_missing() -> None:
    text = orjson.dumps(DOCUMENT).decode()
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in DOCUMENT["components"]["schemas"]


@pytest.mark.parametrize("example", examples.DETECTIONS, ids=lambda each: each.name)
def test_each_example_of_a_detection_is_taken(alder: Service, example: OpenApiExample) -> None:
    shown = (
        example.value if isinstance(example.value, str) else orjson.dumps(example.value).decode()
    )
    response = alder.send(shown.encode(), content_type=str(example.media_type))
    assert response.status_code == 200
    assert (content(response)["accepted"], content(response)["rejected"]) == (1, 0)


def test_the_example_of_a_lookup_is_answered(alder: Service) -> None:
    assert content(alder.ask("lookup", examples.LOOKUP)) == {"results": [[], []]}


def test_the_example_of_feedback_is_taken(alder: Service) -> None:
    alder.send(str(examples.DETECTIONS[0].value).encode())
    assert alder.ask("feedback", examples.FEEDBACK).status_code == 200


def answered(service: Service, name: str, given_: Any) -> dict[str, Any]:
    match name:
        case "Posted":
            return content(service.send(given_, b"{"))
        case "Rehearsal":
            return content(service.send(given_, b"{", query="?dry_run=true"))
        case "JobReport":
            return content(service.get("jobs/" + content(service.send(given_))["job"]))
        case "PostedLarge":
            return content(service.send(*[b"{"] * 101))
        case "Problem":
            return content(service.ask("lookup", {"identifiers": [{"kind": 1}]}))
    raise AssertionError(name)


@pytest.mark.parametrize("name", ["Posted", "PostedLarge", "JobReport", "Rehearsal", "Problem"])
def test_answers_are_as_described(alder: Service, name: str) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    line = str(examples.DETECTIONS[0].value).encode().rstrip()
    Draft202012Validator(schema).validate(answered(alder, name, line))


def test_the_pages_need_nothing_from_elsewhere(db: None) -> None:
    client = Client(SERVER_NAME="localhost")
    page = client.get(f"{ROOT}docs/").content.decode()
    script = client.get(f"{ROOT}docs/?script=").content.decode()
    assert "http://" not in page + script
    assert "https://" not in page + script
    assert "openapi.json" in script
    for asset in ("swagger-ui.css", "swagger-ui-bundle.js"):
        assert f"swagger-ui-dist/{asset}" in page
        assert finders.find(f"drf_spectacular_sidecar/swagger-ui-dist/{asset}")


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Requests through the real application keep the test's own transaction, as Client's do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def described(one_connection: None) -> BaseSchema:
    return openapi.from_wsgi(f"{ROOT}openapi.json", application)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(drawn=st.data())
def test_whatever_is_sent_gets_a_described_answer(
    alder: Service, described: BaseSchema, path: str, method: str, drawn: st.DataObject
) -> None:
    mode = drawn.draw(st.sampled_from(GenerationMode))
    case = drawn.draw(described[path][method].as_strategy(generation_mode=mode))
    headers = {"Authorization": f"Bearer {alder.key}"}
    # A line that is no finding is answered by line, whatever the body's description says of it.
    by_line = [negative_data_rejection] if path.endswith("/detections") else []
    case.call_and_validate(headers=headers, excluded_checks=by_line)
