"""The few pages that anybody may see."""

import contextlib
import json

import pytest
from django.test import Client

from indicators import stix
from tests.web.reading import page


@pytest.fixture
def client() -> Client:
    return Client(SERVER_NAME="localhost")


def test_the_front_page_leads_to_the_feed_and_the_pages(client: Client) -> None:
    shown = page(client, "/")
    assert "/taxii2/" in shown
    assert "/overview/" in shown


def test_the_stylesheet_is_served(db: None, client: Client) -> None:
    with contextlib.closing(client.get("/static/web/retort.css")) as response:
        assert response.status_code == 200


def test_each_extension_schema_is_served_where_its_definition_says(client: Client) -> None:
    for definition in stix.extension_definitions():
        content = json.loads(definition.body)
        served = json.loads(client.get(content["schema"].rpartition(" ")[2]).content)
        assert served == stix.schema(content["name"])


def test_an_unknown_schema_is_404(client: Client) -> None:
    assert client.get("/schemas/nothing-1.0.json").status_code == 404
